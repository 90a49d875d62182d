import { byId } from "./dom";

// Where files are that the page loads when it needs them: Plotly's larger builds ("cartesian", "gl3d"),
// the web worker ("worker") and the styles of a chunk.
type Name = "cartesian" | "gl3d" | "worker" | "explore-style" | "share-style" | "lessons-style";

export const address = (name: Name): string => JSON.parse(byId("addresses").textContent)[name];

// How the fragment of an address begins that holds a net.
export const LINK_PREFIX = "#s=";
