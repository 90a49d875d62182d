// Parts of the page that are loaded when they are needed: by the view that is shown, by a click or by
// the address.
import { address } from "./core/addresses";
import { byId, element, findById, targetWithin } from "./core/dom";
import * as i18n from "./core/text/i18n";

const LOADERS = {
  explore: () => import("./explore/main"),
  surface: () => import("./explore/surface/card"),
  share: () => import("./share/main"),
  board: () => import("./board/main"),
  lessons: async () => {
    await load("share"); // a step puts a whole net in place, as a link does
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

const loading: { [N in Name]?: Promise<Part<N>> } = {}; // the started modules
const started = new Set<Name>();

const loadStyle = (name: Exclude<Name, "surface">) =>
  new Promise((done, failed) => {
    const link = element("link", { rel: "stylesheet", href: address(`${name}-style`) });
    link.addEventListener("load", done);
    link.addEventListener("error", () => {
      link.remove();
      failed(new Error(`${link.href} could not be fetched`));
    });
    document.head.append(link);
  });

const AGAIN_MS = 5000; // it is tried again by itself

// Where it is said that a part could not be loaded: in its place, else in the view that is shown.
const PLACES: { [N in Name]?: string } = {
  explore: "explore",
  surface: "explore-surface",
  share: "share",
  board: "board",
  class: "class",
};
const told: { [N in Name]?: HTMLElement } = {};
const timers: { [N in Name]?: number } = {};
const tellFailure = (name: Name) => {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(() => start(name), AGAIN_MS);
  if (told[name]) return;
  const host = byId(PLACES[name] ?? document.documentElement.dataset.view ?? "fit");
  const again = i18n.spoken("button", "load.again", { type: "button", className: "button" });
  const box = element("div", { className: "notice error load-problem" }, i18n.spoken("p", "load.failed"), again);
  box.setAttribute("role", "alert");
  again.addEventListener("click", () => start(name));
  told[name] = box;
  const title = host.querySelector(":scope > h2");
  if (title) title.after(box);
  else host.prepend(box);
};

const begin = async <N extends Name>(name: N): Promise<Part<N>> => {
  const style = name === "surface" ? null : loadStyle(name); // it has Explore's
  const [part] = await Promise.all([LOADERS[name]() as Promise<Part<N>>, style, i18n.complete()]);
  findById(name)?.classList.add("loaded");
  await part.start();
  started.add(name);
  told[name]?.remove();
  return part;
};

// Load a part and start it, once. A failure, such as a lost connection, is said on the page; the next call
// tries again.
export const load = <N extends Name>(name: N): Promise<Part<N>> => {
  const known: { [K in N]?: Promise<Part<N>> } = loading;
  const part = known[name] ?? begin(name);
  if (known[name] !== part) {
    known[name] = part;
    part.catch(() => {
      delete known[name];
      tellFailure(name);
    });
  }
  return part;
};

// The same for who does not wait for it.
export const start = (name: Name) => {
  load(name).catch(() => {});
};

// A click on an element whose part is not there yet waits for the part, and is then repeated: once,
// however often it was clicked meanwhile.
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
