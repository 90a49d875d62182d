// Parts of the page that are loaded when they are needed: by the view that is shown, by a click or by
// the address.
import { address } from "./core/addresses";
import { element, findById, targetWithin } from "./core/dom";

const LOADERS = {
  explore: () => import("./explore/main"),
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

const loadStyle = (name: Name) =>
  new Promise((done, failed) => {
    const link = element("link", { rel: "stylesheet", href: address(`${name}-style`) });
    link.addEventListener("load", done);
    link.addEventListener("error", failed);
    document.head.append(link);
  });

const begin = async <N extends Name>(name: N): Promise<Part<N>> => {
  const [part] = await Promise.all([LOADERS[name]() as Promise<Part<N>>, loadStyle(name)]);
  findById(name)?.classList.add("loaded");
  await part.start();
  started.add(name);
  return part;
};

// Load a part and start it, once. After a failure, such as a lost connection, the next call tries again.
export const load = <N extends Name>(name: N): Promise<Part<N>> => {
  const known: { [K in N]?: Promise<Part<N>> } = loading;
  const part = known[name] ?? begin(name);
  known[name] = part;
  part.catch(() => delete known[name]);
  return part;
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
        .finally(() => {
          isWaiting = false;
        });
    },
    { capture: true },
  );
};
