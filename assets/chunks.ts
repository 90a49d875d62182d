// Parts of the page that are loaded when they are needed: near the screen, or asked for by a click
// or by the address.
const LOADERS = {
  explore: () => import("./explore/main"),
  share: () => import("./share/main"),
  lessons: () => import("./lessons/main"),
};
const loading = new Map(); // name -> promise of the started module
const started = new Set();

// Load a part and start it, once.
export const load = (name) => {
  if (!loading.has(name)) {
    loading.set(
      name,
      LOADERS[name]().then(async (part) => {
        await part.start();
        started.add(name);
        return part;
      }),
    );
  }
  return loading.get(name);
};

export const loadWhenNear = (name, node) => {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      load(name);
    },
    { rootMargin: "100% 0px" },
  );
  observer.observe(node);
};

// A click on an element whose part is not there yet waits for the part, and is then repeated.
export const loadOnClick = (name, selector) => {
  document.addEventListener(
    "click",
    (event) => {
      const button = (event.target as Element).closest?.<HTMLElement>(selector);
      if (!button || started.has(name)) return;
      event.stopPropagation();
      event.preventDefault();
      load(name).then(() => button.click());
    },
    { capture: true },
  );
};
