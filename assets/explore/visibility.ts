// Whether a card is near the screen, because cards that cannot be seen are not painted.

// Returns a function that tells whether `node` is within one screen height of the viewport. `onArrive` is called
// whenever it comes that near.
export const watch = (node: Element, onArrive: () => void) => {
  let isNear = false;
  new IntersectionObserver(
    (entries) => {
      const wasNear = isNear;
      isNear = entries[entries.length - 1].isIntersecting;
      if (isNear && !wasNear) onArrive();
    },
    { rootMargin: "100% 0px" },
  ).observe(node);
  return () => isNear;
};
