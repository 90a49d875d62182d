// Larger builds of Plotly, fetched when a view first needs them and never before. The page's own
// `window.Plotly` stays what it is.
import { assetUrl } from "../../core/urls";

const found = new Map<string, Promise<PlotlyLibrary>>(); // by address

const fetchScript = (source: string) =>
  new Promise<PlotlyLibrary>((resolve, reject) => {
    const own = window.Plotly;
    const node = document.createElement("script");
    node.src = source;
    // called right after the script, which has put itself in the place of the page's own
    node.onload = () => {
      const build = window.Plotly;
      window.Plotly = own ?? build;
      resolve(build);
    };
    node.onerror = () => {
      found.delete(source);
      node.remove();
      reject(new Error(`${source} could not be fetched`));
    };
    document.head.append(node);
  });

// "cartesian" draws contours, "gl3d" surfaces.
export const load = (name: "cartesian" | "gl3d") => {
  const source = assetUrl(name);
  const build = found.get(source) ?? fetchScript(source);
  found.set(source, build);
  return build;
};
