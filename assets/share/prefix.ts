// How the fragment of an address begins that holds a net.
export const LINK_PREFIX = "#s=";

// The text of the link in a fragment, null if it holds none. Of "#s", a link was cut off.
export const linkIn = (fragment: string) =>
  fragment.startsWith(LINK_PREFIX) || fragment === "#s" ? fragment.slice(LINK_PREFIX.length) : null;
