// Start the page once Dash has mounted the layout.
(() => {
  const pwl = (window.pwl ??= {});
  let started = false;

  pwl.boot = () => {
    if (started) return;
    started = true;
    pwl.i18n.start();
    pwl.build.start();
    pwl.fit.start();
  };
})();
