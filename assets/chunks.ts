// Parts of the page (JavaScript and styles) that are loaded when they are first needed.

import { byId, element, targetWithin } from "./core/dom";
import * as i18n from "./core/text/i18n";
import { assetUrl } from "./core/urls";

const LOADERS = {
  explore: () => import("./explore/main"),
  surface: () => import("./explore/surface/card"),
  share: () => import("./share/main"),
  board: () => import("./board/main"),
  lessons: async () => {
    await load("share"); // a lesson step loads a whole net, as a link does
    return import("./lessons/panel");
  },
  class: async () => {
    const { start } = await import("./class/main");
    return { start: () => start(() => load("lessons")) };
  },
};
type Loaders = typeof LOADERS;
export type Name = keyof Loaders;
type Part<N extends Name> = Awaited<ReturnType<Loaders[N]>>;

const loading: { [N in Name]?: Promise<Part<N>> } = {};
const started = new Set<Name>();

const loadStyle = (name: Exclude<Name, "surface">) =>
  new Promise((done, failed) => {
    const link = element("link", { rel: "stylesheet", href: assetUrl(`${name}-style`) });
    link.addEventListener("load", done);
    link.addEventListener("error", () => {
      link.remove();
      failed(new Error(`${link.href} could not be fetched`));
    });
    document.head.append(link);
  });

const RETRY_MS = 5000;

// The element that a part fills. It gets the class "loaded" when the part is loaded, and shows a failure to load it.
// A failure of a part without such an element is shown in the open view.
const PLACES: { [N in Name]?: string } = {
  explore: "explore",
  surface: "explore-surface",
  share: "share",
  board: "board",
  class: "class",
};
const notices: { [N in Name]?: HTMLElement } = {};
const timers: { [N in Name]?: number } = {};
const showFailure = (name: Name) => {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(() => start(name), RETRY_MS);
  if (notices[name]) return;
  const host = byId(PLACES[name] ?? document.documentElement.dataset.view ?? "fit");
  const box = element(
    "div",
    { className: "notice error load-problem", role: "alert" },
    i18n.translated("p", "load.failed"),
    i18n.button("load.again", () => start(name)),
  );
  notices[name] = box;
  const title = host.querySelector(":scope > h2");
  if (title) title.after(box);
  else host.prepend(box);
};

const begin = async <N extends Name>(name: N): Promise<Part<N>> => {
  const style = name === "surface" ? null : loadStyle(name); // the surface's rules are in Explore's styles
  const [part] = await Promise.all([LOADERS[name]() as Promise<Part<N>>, style, i18n.loadCatalogue()]);
  const place = PLACES[name];
  if (place) byId(place).classList.add("loaded");
  await part.start();
  started.add(name);
  notices[name]?.remove();
  return part;
};

// Load a part and start it, once. A failure, such as a lost connection, is shown on the page. The part is loaded
// again after RETRY_MS, or at the next call if that is sooner.
export const load = <N extends Name>(name: N): Promise<Part<N>> => {
  const known: { [K in N]?: Promise<Part<N>> } = loading;
  const part = known[name] ?? begin(name);
  if (known[name] !== part) {
    known[name] = part;
    part.catch(() => {
      delete known[name];
      showFailure(name);
    });
  }
  return part;
};

// Like `load`, for callers that do not wait for the part.
export const start = (name: Name) => {
  load(name).catch(() => {});
};

// If an element that matches `selector` is clicked before its part is loaded: load the part, then click the element
// again. Clicks while the part loads are ignored.
export const loadOnClick = (name: Name, selector: string) => {
  let isWaiting = false;
  document.addEventListener(
    "click",
    (event) => {
      const button = targetWithin(event, selector);
      if (!button || started.has(name)) return;
      event.stopPropagation();
      event.preventDefault();
      if (isWaiting) return;
      isWaiting = true;
      load(name)
        .then(() => button.click())
        .catch(() => {})
        .finally(() => {
          isWaiting = false;
        });
    },
    { capture: true },
  );
};
