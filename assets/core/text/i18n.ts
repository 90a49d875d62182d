// Language and theme, switched in place: no request for the page, nothing lost.

import { byId, element, type Props } from "../dom";
import * as api from "../session/api";
import type { Args, Loss } from "../types";
import { whole } from "./numbers";

type Catalogue = Record<string, string>;

const catalogues: Record<string, Catalogue> = {}; // whole ones
let ofPage: Catalogue | undefined; // what came with the page: all but the steps of lessons
const listeners: (() => void)[] = [];
let lang = document.documentElement.lang;

const words = () => {
  ofPage ??= JSON.parse(byId("catalogue").textContent) as Catalogue;
  return catalogues[lang] ?? ofPage;
};

const load = async (wanted: string) => {
  catalogues[wanted] ??= await api.get<Catalogue>(`locale/${wanted}.json`);
};

// Fetch what is missing of the page's language.
export const complete = () => load(lang);

// The message for `key`, with {name} replaced from `args`.
export const t = (key: string, args: Args = {}) => {
  const message = words()[key] ?? key;
  return message.replace(/\{(\w+)\}/g, (whole, name) => String(args[name] ?? whole));
};

// `args` with whole numbers as one reads them: 5,000.
export const readable = (args: Args = {}): Args =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, Number.isInteger(value) ? whole(Number(value)) : value]),
  );

// The first of `keys` that has a message; else the one for trouble that has no name.
export const first = (...keys: string[]) => keys.find((key) => key in words()) ?? "error.server";

const say = (node: HTMLElement) => {
  const args = JSON.parse(node.dataset.tArgs ?? "{}");
  if (node.dataset.t) node.textContent = t(node.dataset.t, args);
  if (node.dataset.tLabel) node.setAttribute("aria-label", t(node.dataset.tLabel, args));
};
export const translate = () => document.querySelectorAll<HTMLElement>("[data-t], [data-t-label]").forEach(say);

// Give an element an accessible name that follows the language.
export const label = (node: HTMLElement, key: string, args: Args = {}) => {
  Object.assign(node.dataset, { tLabel: key, tArgs: JSON.stringify(args) });
  say(node);
};

// An element whose words follow the language.
export const spoken = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  key: string,
  props: Props<HTMLElementTagNameMap[T]> = {},
  args: Args = {},
) => {
  const node = element(tag, props);
  Object.assign(node.dataset, { t: key, tArgs: JSON.stringify(args) });
  say(node);
  return node;
};

// Say what has words of its own for a loss, "bce" or "mse", or for data whose y are numbers.
export const speakOf = (loss: Loss, isBinary = true) => {
  const chosen = (keys: DOMStringMap, name: string) =>
    (isBinary ? null : keys[`${name}Numbers`]) ?? (loss === "mse" ? keys[`${name}Mse`] : null) ?? keys[`${name}Bce`];
  for (const node of document.querySelectorAll<HTMLElement>("[data-t-bce], [data-t-label-bce]")) {
    if (node.dataset.tBce) node.dataset.t = chosen(node.dataset, "t");
    if (node.dataset.tLabelBce) node.dataset.tLabel = chosen(node.dataset, "tLabel");
    say(node);
  }
};

export const onLanguage = (listener: () => void) => listeners.push(listener);

const setLanguage = async (next: string) => {
  await load(next);
  lang = next;
  document.documentElement.lang = next;
  document.title = t("app.title");
  document.cookie = `pwl_lang=${next}; max-age=31536000; samesite=lax`;
  translate();
  listeners.forEach((listener) => listener());
};

const setTheme = (theme: string) => {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("pwl.theme", theme);
  } catch {
    // private windows may refuse storage; the theme then lasts until the page closes
  }
};

// Where scripts write numbers and words, a browser's own translator keeps out: it would move their text
// into elements of its own.
const WRITTEN = ".graph, .weights, .stage-foot, .status-line, #fit-engine, output, math, pre, code";

export const start = () => {
  for (const node of document.querySelectorAll(WRITTEN)) node.setAttribute("translate", "no");
  byId("language-switch").addEventListener("click", () => {
    setLanguage(lang === "ko" ? "en" : "ko");
  });
  byId("theme-switch").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
};

// Speak to screen readers, politely: the latest sentence only, at most one every 1.5 seconds.
let waiting: number | undefined;
export const announce = (sentence: string) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    byId("announcer").textContent = sentence;
  }, 1500);
};

export const language = () => lang;
