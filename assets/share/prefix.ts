// How the fragment of an address begins that holds a net.
export const LINK_PREFIX = "#s=";
