// Whether an element is near the screen, which is within a screen's height of the window: what is far is
// neither built nor painted.
const NEAR = { rootMargin: "100% 0px" };

// Gives a function that tells whether `node` is near; `onArrive` is called whenever it comes there.
export const watch = (node: Element, onArrive: () => void) => {
  let near = false;
  new IntersectionObserver((entries) => {
    const now = entries[entries.length - 1].isIntersecting;
    if (now === near) return;
    near = now;
    if (near) onArrive();
  }, NEAR).observe(node);
  return () => near;
};

// Call `build()` once, when `node` is first near.
export const whenNear = (node: Element, build: () => void) => {
  let isBuilt = false;
  watch(node, () => {
    if (!isBuilt) build();
    isBuilt = true;
  });
};
