// Where files are that the page loads when a view needs them: Plotly's larger builds ("cartesian",
// "gl3d") and the web worker ("worker").
import { byId } from "./dom";

type Name = "cartesian" | "gl3d" | "worker";

export const address = (name: Name): string => JSON.parse(byId("addresses").textContent)[name];
