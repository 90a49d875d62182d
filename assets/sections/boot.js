// Start the page once Dash has mounted the layout. A file with a part of its own does
// (pwl.parts ??= []).push({ start }).
(() => {
  const pwl = (window.pwl ??= {});
  let started = false;

  pwl.boot = () => {
    if (started) return;
    started = true;
    pwl.i18n.start();
    pwl.build.start();
    pwl.fit.start();
    for (const part of pwl.parts ?? []) part.start();
  };
})();
