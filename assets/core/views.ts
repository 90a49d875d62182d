// The views of the page. One is shown at a time, named by the address: #build, #fit, #explore, #share,
// or the id of something in one, such as a card of Explore. What is hidden keeps what it holds.
import { byId, query } from "./dom";
import * as plotBoxes from "./plots/plot-boxes";

type Listener = () => void;

const root = document.documentElement;
const listeners = new Map<string, Listener[]>(); // view -> what is called when it is shown

export const isOpen = (view: string) => root.dataset.view === view;

const tellShown = (view: string) => {
  for (const listener of listeners.get(view) ?? []) listener();
};

// Call `listener` whenever `view`, or a card of Explore, is shown.
export const onShow = (view: string, listener: Listener) => {
  listeners.set(view, [...(listeners.get(view) ?? []), listener]);
};

const markLinks = (links: Iterable<Element>, address: string) => {
  for (const link of links) {
    if (link.getAttribute("href") === address) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};

// Explore shows one card: the one asked for, or the one that was shown last.
const showCard = (card: Element | null) => {
  const cards = [...document.querySelectorAll(".explore-card")];
  const chosen = card ?? cards.find((each) => each.classList.contains("open")) ?? cards[0];
  for (const each of cards) each.classList.toggle("open", each === chosen);
  if (!chosen) return;
  markLinks(byId("explore-pick").children, `#${chosen.id}`);
  tellShown(chosen.id);
};

const show = (view: Element) => {
  root.dataset.view = view.id;
  markLinks(document.querySelectorAll(".page-header nav a"), `#${view.id}`);
  plotBoxes.resize(view);
  tellShown(view.id);
};

const named = () => (/^#[\w-]+$/.test(location.hash) ? document.querySelector(location.hash) : null);

// Show what the address names; gives whether it names anything that can be shown.
const follow = () => {
  const target = named();
  const view = target?.closest(".view");
  if (!target || !view || !isOffered(view)) return false; // a shared net's, nobody's, or a hidden one's
  if (view.id === "explore") showCard(target.closest(".explore-card"));
  show(view);
  scrollTo(0, 0);
  return true;
};

// What hides its content only until something is pressed: another view or tab, a phone's menu.
const OPENERS = ".view, .explore-card, [role='tabpanel'], #switches";
const isElsewhere = (node: Element) => {
  const opener = document.querySelector(`nav [href="#${node.id}"], [aria-controls="${node.id}"]`);
  return opener !== null && node.matches(OPENERS) && getComputedStyle(opener).display !== "none";
};

// Whether `node` can be reached, be it in a view that is not shown just now: not what is hidden by a
// lecturer's link, or of no use now.
export const isOffered = (node: Element): boolean => {
  const isHidden = getComputedStyle(node).display === "none" && !isElsewhere(node);
  return !isHidden && (!node.parentElement || isOffered(node.parentElement));
};

// Open whatever hides `node`: its view, its card of Explore, its tab, its drawer.
export const reveal = (node: Element) => {
  const view = node.closest(".view");
  if (!view || !isOffered(node)) return;
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

// Show a view and put the keyboard at its head.
export const go = (view: string) => {
  reveal(byId(view));
  const title = query("h2", byId(view));
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
};

// On a phone the switches are behind a button.
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

// To the content of the view that is open, past the header.
const startSkip = () =>
  query(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    go(root.dataset.view ?? "build");
  });

export const start = () => {
  startMenu();
  startSkip();
  addEventListener("popstate", follow); // a link that was followed, Back and Forward
  showCard(null);
  if (!follow()) show(byId(root.dataset.view ?? "build"));
};
