// Whether a card is near the screen: what nobody sees is not painted.

// Gives a function that tells whether `node` is within a screen's height of the window; `onArrive` is
// called whenever it comes there.
export const watch = (node: Element, onArrive: () => void) => {
  let near = false;
  new IntersectionObserver(
    (entries) => {
      const now = entries[entries.length - 1].isIntersecting;
      if (now === near) return;
      near = now;
      if (near) onArrive();
    },
    { rootMargin: "100% 0px" },
  ).observe(node);
  return () => near;
};
