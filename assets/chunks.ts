// Parts of the page that are loaded when they are needed: near the screen, or asked for by a click
// or by the address.
const LOADERS = {
  explore: () => import("./explore/main"),
  share: () => import("./share/main"),
  lessons: () => import("./lessons/main"),
};
const loading = new Map(); // name -> promise of the started module
const started = new Set();

// Load a part and start it, once. After a failure, such as a lost connection, the next call tries again.
export const load = (name) => {
  if (!loading.has(name)) {
    const part = LOADERS[name]().then(async (module) => {
      await module.start();
      started.add(name);
      return module;
    });
    loading.set(name, part);
    part.catch(() => loading.delete(name));
  }
  return loading.get(name);
};

export const loadWhenNear = (name, node) => {
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) load(name).then(() => observer.disconnect());
    },
    { rootMargin: "100% 0px" },
  );
  observer.observe(node);
};

// A click on an element whose part is not there yet waits for the part, and is then repeated: once,
// however often it was clicked meanwhile.
export const loadOnClick = (name, selector) => {
  let isWaiting = false;
  document.addEventListener(
    "click",
    (event) => {
      const button = (event.target as Element).closest?.<HTMLElement>(selector);
      if (!button || started.has(name)) return;
      event.stopPropagation();
      event.preventDefault();
      if (isWaiting) return;
      isWaiting = true;
      load(name)
        .then(() => button.click())
        .finally(() => {
          isWaiting = false;
        });
    },
    { capture: true },
  );
};
