// Where files are that the page loads when it needs them: Plotly's larger builds ("cartesian", "gl3d"),
// the web worker ("worker") and the styles of a chunk.
import { byId } from "./dom";

type Name =
  | "cartesian"
  | "gl3d"
  | "worker"
  | "explore-style"
  | "share-style"
  | "lessons-style"
  | "class-style"
  | "board-style";

export const address = (name: Name): string => JSON.parse(byId("addresses").textContent)[name];
