// Starting over in Fit with another seed, net or optimizer, and training at once.
(() => {
  const pwl = (window.pwl ??= {});

  // Show Fit, and put the keyboard there.
  const goToFit = () => {
    const title = document.querySelector("#fit h2");
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    document.getElementById("fit").scrollIntoView();
  };

  // `what` is {seed, net, optimizer, epochs}. Gives the answer: {snapshot} or {error}.
  const begin = async (what) => {
    const answer = await pwl.fit.send("begin", what);
    if (answer.error) return answer; // Fit has said so
    pwl.fitFields.fill(answer.snapshot);
    goToFit();
    return answer;
  };

  pwl.begin = begin;
})();
