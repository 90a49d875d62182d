// The ring around the element that a step is about.

import { findById } from "../core/dom";
import * as views from "../core/views";

let highlighted: HTMLElement | null = null;

// Show the element `id`, or none, with a ring around it.
export const highlight = (id: string | null) => {
  highlighted?.classList.remove("lesson-ring");
  highlighted = id ? findById(id) : null;
  if (highlighted) views.reveal(highlighted);
  if (!highlighted || highlighted.offsetParent === null) return; // hidden by a lecturer's link
  highlighted.classList.add("lesson-ring");
  const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(document.documentElement);
  const room = innerHeight - (Number.parseFloat(scrollPaddingTop) || 0) - (Number.parseFloat(scrollPaddingBottom) || 0);
  const isTall = highlighted.offsetHeight > Math.min(room, innerHeight / 2);
  highlighted.scrollIntoView({ block: isTall ? "start" : "center" });
};
