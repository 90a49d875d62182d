// Shortcuts: a key presses what its row in the help sheet names. Keys that mean something to what has
// the focus are left to it.
import { byId, targetWithin } from "../core/dom";
import * as undo from "../core/history";
import * as views from "../core/views";

const OF_TEXT = `${undo.TEXT_FIELDS}, select`;
// what Space presses or scrolls by itself
const OF_SPACE = "button, summary, a, input, [role='button'], [role='tab'], [tabindex='0']";

// The Latin letter on the key, whatever alphabet the keyboard writes just now (ㅅ is on T).
const keyOf = ({ key, code }: KeyboardEvent) => {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const isLatin = key.length === 1 && key.charCodeAt(0) < 128;
  return (isLatin || !letter ? key : letter).toLowerCase();
};

const isQuiet = (event: KeyboardEvent, key: string) =>
  event.defaultPrevented ||
  event.repeat ||
  event.ctrlKey ||
  event.metaKey ||
  event.altKey ||
  (event.shiftKey && key !== "?") ||
  document.querySelector("dialog[open]") !== null ||
  targetWithin(event, OF_TEXT) !== null ||
  (key === " " && targetWithin(event, OF_SPACE) !== null);

// What the key of a row presses.
const pressedBy = ({ dataset }: HTMLElement, key: string) => [
  ...document.querySelectorAll<HTMLButtonElement>((dataset.press ?? "").replace("{key}", key)),
];
const rows = () => [...document.querySelectorAll<HTMLElement>("#help [data-keys]")];
const isThere = (node: HTMLButtonElement) => views.isReachable(node) && !node.disabled;

const onKey = (event: KeyboardEvent) => {
  const key = keyOf(event);
  if (isQuiet(event, key)) return;
  const row = rows().find(({ dataset }) => dataset.keys?.includes(key) && key.length === 1);
  if (!row) return;
  const node = pressedBy(row, key).find(isThere);
  event.preventDefault(); // Space does not scroll either
  if (!node) return;
  views.reveal(node);
  node.click();
  if (node.getAttribute("role") === "tab") node.scrollIntoView({ block: "nearest" });
};

// A page where something is hidden, or does not exist, says nothing of its key.
const showRows = () => {
  for (const row of rows()) {
    const nodes = pressedBy(row, "1");
    row.hidden = !nodes.some((node) => node.hidden || views.isReachable(node));
  }
};

// The keys of a syllable that is being composed are the input method's: its Enter commits nothing of
// ours, its Escape closes nothing. (Safari tells by the key code alone.)
const COMPOSING = 229;
const leaveToInputMethod = (event: KeyboardEvent) => {
  if (event.isComposing || event.keyCode === COMPOSING) event.stopImmediatePropagation();
};

export const start = () => {
  document.addEventListener("keydown", leaveToInputMethod, { capture: true });
  const sheet = byId("help", HTMLDialogElement);
  sheet.tabIndex = -1;
  byId("help-open").addEventListener("click", () => {
    sheet.showModal();
    showRows();
    sheet.focus(); // the browser would go to the button at its end
    sheet.scrollTop = 0;
  });
  byId("help-close").addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", ({ target }) => {
    if (target === sheet) sheet.close(); // beside the sheet
  });
  document.addEventListener("keydown", onKey);
};
