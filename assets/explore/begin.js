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

  const send = async (verb, body) => {
    const answer = await pwl.fit.send(verb, body);
    if (answer.snapshot) pwl.fitFields.fill(answer.snapshot);
    return answer; // of an error Fit has told
  };

  // `what` is {seed, net, optimizer, epochs}. The net that stood in Fit comes back with undo.
  const begin = async (what) => {
    const { saved } = await pwl.fit.send("saved");
    const answer = await send("begin", what);
    if (answer.error) return;
    if (saved) pwl.history.record(() => send("restore", { saved }), () => send("begin", what));
    goToFit();
  };

  pwl.begin = begin;
})();
