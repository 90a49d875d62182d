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

  // `what` is {seed, net, optimizer, epochs}; `spec` is that of the data, where they are other ones.
  // The net that stood in Fit comes back with undo. Gives whether it began; if not, Fit says why.
  const begin = async (what, spec = null) => {
    const { seed, net } = what;
    const { snapshot } = await pwl.fitSteps.whole(async () => {
      const had = spec ? await pwl.fit.send("use_data", { spec, seed, net }) : {};
      return had.error ? had : pwl.fit.send("begin", what);
    });
    if (!snapshot) return false;
    pwl.fitFields.fill(snapshot);
    goToFit();
    return true;
  };

  pwl.begin = begin;
})();
