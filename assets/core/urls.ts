// Functions for URLs: of built files, of links that contain a net, of the local device.
import { byId } from "./dom";

type Asset =
  | "cartesian" // larger builds of Plotly
  | "gl3d"
  | "worker"
  | "explore-style"
  | "share-style"
  | "lessons-style"
  | "class-style"
  | "board-style";

// The URL of a built file, whose name contains a hash. The server writes all of them into the page.
export const assetUrl = (name: Asset): string => JSON.parse(byId("addresses").textContent)[name];

// A link that contains a net has a fragment which begins like this.
export const LINK_PREFIX = "#s=";

// The encoded net in a fragment, or null if it has none; "" for "#s", a link that was truncated.
export const linkIn = (fragment: string) =>
  fragment.startsWith(LINK_PREFIX) || fragment === "#s" ? fragment.slice(LINK_PREFIX.length) : null;

// Whether a URL leads back to the device on which it is opened.
export const isLocal = (url: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
