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

  // `what` is {seed, net, optimizer, epochs}; `spec` is that of the data, where they are other ones.
  // The net that stood in Fit comes back with undo. Gives whether it began.
  const begin = async (what, spec = null) => {
    const { saved } = await pwl.fit.send("saved");
    const again = async () => {
      const { seed, net } = what;
      const had = spec ? await pwl.fit.send("use_data", { spec, seed, net }) : {};
      return had.error ? had : send("begin", what);
    };
    if ((await again()).error) return false;
    if (saved) pwl.history.record(() => send("restore", { saved }), again);
    goToFit();
    return true;
  };

  pwl.begin = begin;
})();
