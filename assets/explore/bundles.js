// Larger builds of Plotly, fetched when a view first needs them and never before. The page's own
// `window.Plotly` stays what it is.
(() => {
  const pwl = (window.pwl ??= {});
  const found = new Map(); // by address

  const fetchScript = (address) => new Promise((resolve, reject) => {
    const own = window.Plotly;
    const node = document.createElement("script");
    node.src = address;
    // called right after the script, which has put itself in the place of the page's own
    node.onload = () => {
      const build = window.Plotly;
      window.Plotly = own ?? build;
      resolve(build);
    };
    node.onerror = () => {
      found.delete(address);
      node.remove();
      reject(new Error(`${address} could not be fetched`));
    };
    document.head.append(node);
  });

  // "cartesian" draws contours, "gl3d" surfaces. Where npm has not brought a build, Dash's own,
  // which draws everything, serves instead.
  const load = (name) => {
    const told = JSON.parse(document.getElementById("bundles").textContent);
    const address = told[name] ?? window._dashPlotlyJSURL;
    if (!found.has(address)) found.set(address, fetchScript(address));
    return found.get(address);
  };

  pwl.bundles = { load };
})();
