// Loads larger builds of Plotly when they are first needed. The page's own `window.Plotly` is not changed.
import { assetUrl } from "../../core/urls";

const builds = new Map<string, Promise<PlotlyLibrary>>(); // by URL

const fetchScript = (source: string) =>
  new Promise<PlotlyLibrary>((resolve, reject) => {
    const own = window.Plotly;
    const node = document.createElement("script");
    node.src = source;
    // The script has replaced window.Plotly; take its build and restore the page's.
    node.onload = () => {
      const build = window.Plotly;
      window.Plotly = own ?? build;
      resolve(build);
    };
    node.onerror = () => {
      builds.delete(source);
      node.remove();
      reject(new Error(`${source} could not be fetched`));
    };
    document.head.append(node);
  });

// "cartesian" draws contours, "gl3d" surfaces.
export const load = (name: "cartesian" | "gl3d") => {
  const source = assetUrl(name);
  const build = builds.get(source) ?? fetchScript(source);
  builds.set(source, build);
  return build;
};
