// Keyboard shortcuts. Each row of the help dialog has the keys (data-keys), and the selector of the button that they
// press (data-press). A key that the focused element itself handles is no shortcut.
import { byId, targetWithin } from "../core/dom";
import * as undo from "../core/history";
import * as views from "../core/views";

const USES_LETTERS = `${undo.TEXT_FIELDS}, select`;
const USES_SPACE = "button, summary, a, input, [role='button'], [role='tab'], [tabindex='0']";

// The Latin letter on the key, even if the keyboard's language has another alphabet (ㅅ is on T).
const keyOf = ({ key, code }: KeyboardEvent) => {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const isLatin = key.length === 1 && key.charCodeAt(0) < 128;
  return (isLatin || !letter ? key : letter).toLowerCase();
};

const isNoShortcut = (event: KeyboardEvent, key: string) =>
  event.defaultPrevented ||
  event.repeat ||
  event.ctrlKey ||
  event.metaKey ||
  event.altKey ||
  (event.shiftKey && key !== "?") ||
  document.querySelector("dialog[open]") !== null ||
  targetWithin(event, USES_LETTERS) !== null ||
  (key === " " && targetWithin(event, USES_SPACE) !== null);

// The buttons that the key of a row may press; the first that is enabled is pressed.
const buttonsOf = ({ dataset }: HTMLElement, key: string) => [
  ...document.querySelectorAll<HTMLButtonElement>((dataset.press ?? "").replace("{key}", key)),
];
const rows = () => [...document.querySelectorAll<HTMLElement>("#help [data-keys]")];
const canPress = (node: HTMLButtonElement) => views.isReachable(node) && !node.disabled;

const onKey = (event: KeyboardEvent) => {
  const key = keyOf(event);
  if (isNoShortcut(event, key)) return;
  const row = rows().find(({ dataset }) => dataset.keys?.includes(key) && key.length === 1);
  if (!row) return;
  const node = buttonsOf(row, key).find(canPress);
  event.preventDefault(); // for Space: no scrolling
  if (!node) return;
  views.reveal(node);
  node.click();
  if (node.getAttribute("role") === "tab") node.scrollIntoView({ block: "nearest" });
};

// Hide the rows whose buttons do not exist or are hidden by a lecturer's link.
const showRows = () => {
  for (const row of rows()) {
    const nodes = buttonsOf(row, "1");
    row.hidden = !nodes.some((node) => node.hidden || views.isReachable(node));
  }
};

// While a syllable is being composed, keys belong to the input method: Enter must not commit a field, Escape must
// not close a dialog. (Safari shows this only by the key code.)
const COMPOSING = 229;
const ignoreComposing = (event: KeyboardEvent) => {
  if (event.isComposing || event.keyCode === COMPOSING) event.stopImmediatePropagation();
};

export const start = () => {
  document.addEventListener("keydown", ignoreComposing, { capture: true });
  const dialog = byId("help", HTMLDialogElement);
  dialog.tabIndex = -1;
  byId("help-open").addEventListener("click", () => {
    dialog.showModal();
    showRows();
    dialog.focus(); // otherwise the browser focuses the button at the dialog's end
    dialog.scrollTop = 0;
  });
  byId("help-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close(); // a click on the backdrop
  });
  document.addEventListener("keydown", onKey);
};
