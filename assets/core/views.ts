// The views of the page. One is shown at a time. The URL's fragment names it: #build, #fit, #explore, #share, or the id
// of an element in a view, such as a card of Explore. Hidden views keep their contents.
import { byId, query } from "./dom";
import * as plotBoxes from "./plots/plot-boxes";

type Listener = () => void;

const root = document.documentElement;
const listeners = new Map<string, Listener[]>(); // by the id of a view or a card of Explore

export const isOpen = (view: string) => root.dataset.view === view;

const notify = (view: string) => {
  for (const listener of listeners.get(view) ?? []) listener();
};

// Call `listener` whenever this view, or this card of Explore, is shown.
export const onShow = (view: string, listener: Listener) => {
  listeners.set(view, [...(listeners.get(view) ?? []), listener]);
};

const markCurrent = (links: Iterable<Element>, href: string) => {
  for (const link of links) {
    if (link.getAttribute("href") === href) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};

// Explore shows one card: `card`, or the one that was shown last.
const showCard = (card: Element | null) => {
  const cards = [...document.querySelectorAll(".explore-card")];
  const chosen = card ?? cards.find((each) => each.classList.contains("open")) ?? cards[0];
  for (const each of cards) each.classList.toggle("open", each === chosen);
  if (!chosen) return;
  markCurrent(byId("explore-pick").children, `#${chosen.id}`);
  notify(chosen.id);
};

const show = (view: Element) => {
  root.dataset.view = view.id;
  markCurrent(document.querySelectorAll(".page-header nav a"), `#${view.id}`);
  plotBoxes.resize(view);
  notify(view.id);
};

const elementInUrl = () => (/^#[\w-]+$/.test(location.hash) ? document.querySelector(location.hash) : null);

// Show the view that the URL names; returns whether it names one that can be shown.
const follow = () => {
  const target = elementInUrl();
  const view = target?.closest(".view");
  if (!target || !view || !isReachable(view)) return false; // the fragment is unknown, a link's net, or a hidden view
  if (view.id === "explore") showCard(target.closest(".explore-card"));
  show(view);
  scrollTo(0, 0);
  return true;
};

// Elements that are hidden until a link, a tab or the phone's menu button opens them.
const OPENABLE = ".view, .explore-card, [role='tabpanel'], #switches";
const canBeOpened = (node: Element) => {
  const opener = document.querySelector(`nav [href="#${node.id}"], [aria-controls="${node.id}"]`);
  return opener !== null && node.matches(OPENABLE) && getComputedStyle(opener).display !== "none";
};

// Whether an element itself is hidden, by a lecturer's link for example, and not only one around it.
export const isHidden = (node: Element) => getComputedStyle(node).display === "none";

// Whether the user can get to `node`, perhaps by opening a view or a tab first. False if a lecturer's link
// hides it, or if it is hidden because it does not apply now.
export const isReachable = (node: Element): boolean =>
  (!isHidden(node) || canBeOpened(node)) && (!node.parentElement || isReachable(node.parentElement));

// Open the view, card of Explore, tab and drawer that contain `node`.
export const reveal = (node: Element) => {
  const view = node.closest(".view");
  if (!view || !isReachable(node)) return;
  const address = `#${(node.closest(".explore-card") ?? view).id}`;
  if (!isOpen(view.id) || (view.id === "explore" && location.hash !== address)) {
    history.pushState(null, "", address);
    follow();
  }
  const panel = node.closest<HTMLElement>("[role='tabpanel']");
  if (panel?.hidden) query(`[role='tab'][aria-controls='${panel.id}']`).click();
  const drawer = node.closest("details");
  if (drawer) drawer.open = true;
};

// Show a view and move the focus to its heading.
export const go = (view: string) => {
  reveal(byId(view));
  const title = query("h2", byId(view));
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
};

// On a phone a menu button opens the header's switches.
const startMenu = () => {
  const [menu, switches] = [byId("menu"), byId("switches")];
  const show = (on: boolean) => {
    switches.classList.toggle("open", on);
    menu.setAttribute("aria-expanded", String(on));
  };
  menu.addEventListener("click", () => show(!switches.classList.contains("open")));
  switches.addEventListener("click", () => show(false));
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !menu.contains(target) && !switches.contains(target)) show(false);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
};

// "Skip to content" moves the focus to the heading of the open view.
const startSkipLink = () =>
  query(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    go(root.dataset.view ?? "build");
  });

export const start = () => {
  startMenu();
  startSkipLink();
  addEventListener("popstate", follow); // links within the page, Back and Forward
  showCard(null);
  if (!follow()) show(byId(root.dataset.view ?? "build"));
};
