import { byId } from "./dom";

// Where files are that the page loads when it needs them: Plotly's larger builds ("cartesian", "gl3d"),
// the web worker ("worker") and the styles of a chunk.
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

// How the fragment of an address begins that holds a net.
export const LINK_PREFIX = "#s=";

// The text of the link in a fragment, null if it holds none. Of "#s", a link was cut off.
export const linkIn = (fragment: string) =>
  fragment.startsWith(LINK_PREFIX) || fragment === "#s" ? fragment.slice(LINK_PREFIX.length) : null;

// Whether an address leads back to the very device on which it is opened.
export const isLocal = (url: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
