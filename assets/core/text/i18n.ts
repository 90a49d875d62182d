// The page's language and theme. Switching them does not reload the page.

import { byId, element, type Props } from "../dom";
import * as api from "../session/api";
import * as storage from "../storage";
import type { Args, Loss, Message } from "../types";
import { whole } from "./numbers";

type Catalogue = Record<string, string>;

const catalogues: Record<string, Catalogue> = {}; // complete catalogues, by language
let ofPage: Catalogue | undefined; // the catalogue in the HTML: all messages but the steps of lessons
const listeners: (() => void)[] = [];
let lang = document.documentElement.lang;

const words = () => {
  ofPage ??= JSON.parse(byId("catalogue").textContent) as Catalogue;
  return catalogues[lang] ?? ofPage;
};

const load = async (wanted: string) => {
  catalogues[wanted] ??= await api.get<Catalogue>(`locale/${wanted}.json`);
};

// Load the complete catalogue of the page's language, and write the texts that have waited for it.
export const loadCatalogue = async () => {
  await load(lang);
  waiting.forEach(translateNode);
  waiting.clear();
};

// {name} is replaced by the argument, {name|one|other} by the singular or the plural that fits it.
const PLACEHOLDER = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;

// The message for `key`, with its placeholders replaced from `args`; pwlapp/core/messages.py does the same.
export const t = (key: string, args: Args = {}) => {
  const message = words()[key] ?? key;
  return message.replace(PLACEHOLDER, (placeholder, name, one, other) => {
    const value = String(args[name] ?? placeholder);
    if (one === undefined) return value;
    return value === "1" ? one : other;
  });
};

// `args` with whole numbers written like 5,000.
export const formatArgs = (args: Args = {}): Args =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, Number.isInteger(value) ? whole(Number(value)) : value]),
  );

const isKnown = (key: string) => key in words();

// The first of `keys` that has a message, or else the key of the general error message.
export const firstKey = (...keys: string[]) => keys.find(isKnown) ?? "error.server";

// The text of a message of the server.
export type MessageKind = "notice" | "error";
export const sentence = (kind: MessageKind, { code, args }: Message) =>
  t(firstKey(`${kind}.${code}`, `error.${code}`), formatArgs(args));

// Write an element's text and accessible name, whose keys are in its data-t and data-t-label. If the page's catalogue
// lacks them, the server's text stays until the complete catalogue is loaded.
const waiting = new Set<HTMLElement>();
const translateNode = (node: HTMLElement) => {
  const { t: key, tLabel: labelKey } = node.dataset;
  if ([key, labelKey].some((each) => each && !isKnown(each))) {
    waiting.add(node);
    return;
  }
  const args = JSON.parse(node.dataset.tArgs ?? "{}");
  if (key) node.textContent = t(key, args);
  if (labelKey) node.setAttribute("aria-label", t(labelKey, args));
};
export const translate = () =>
  document.querySelectorAll<HTMLElement>("[data-t], [data-t-label]").forEach(translateNode);

// Give an element an accessible name, which changes with the language. Returns the element.
export const label = <E extends HTMLElement>(node: E, key: string, args: Args = {}): E => {
  Object.assign(node.dataset, { tLabel: key, tArgs: JSON.stringify(args) });
  translateNode(node);
  return node;
};

// Make an element whose text changes with the language.
export const translated = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  key: string,
  props: Props<HTMLElementTagNameMap[T]> = {},
  args: Args = {},
) => {
  const node = element(tag, props);
  Object.assign(node.dataset, { t: key, tArgs: JSON.stringify(args) });
  translateNode(node);
  return node;
};

// Make a button whose text changes with the language.
export const button = (key: string, onClick: () => unknown, props: Props<HTMLButtonElement> = {}) => {
  const node = translated("button", key, { type: "button", className: "button", ...props });
  node.addEventListener("click", onClick);
  return node;
};

// Some elements have a text for each loss (data-t-bce, data-t-mse), and one for data with any numbers as y
// (data-t-numbers). Show the texts for this loss and this kind of data.
export const setLossWords = (loss: Loss, isBinary = true) => {
  const chosen = (keys: DOMStringMap, name: string) =>
    (isBinary ? null : keys[`${name}Numbers`]) ?? (loss === "mse" ? keys[`${name}Mse`] : null) ?? keys[`${name}Bce`];
  for (const node of document.querySelectorAll<HTMLElement>("[data-t-bce], [data-t-label-bce]")) {
    if (node.dataset.tBce) node.dataset.t = chosen(node.dataset, "t");
    if (node.dataset.tLabelBce) node.dataset.tLabel = chosen(node.dataset, "tLabel");
    translateNode(node);
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
  storage.writeLocal("pwl.theme", theme);
};

// The browser's own translation is switched off where scripts write text, because it would move that text into
// new elements.
const NOT_TRANSLATED = ".graph, .weights, .stage-foot, .status-line, #fit-engine, output, math, pre, code";

export const start = () => {
  for (const node of document.querySelectorAll(NOT_TRANSLATED)) node.setAttribute("translate", "no");
  byId("language-switch").addEventListener("click", () => {
    setLanguage(lang === "ko" ? "en" : "ko");
  });
  byId("theme-switch").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
};

// Announce a sentence to screen readers after 1.5 s, unless a newer sentence replaces it before.
let announcing: number | undefined;
export const announce = (sentence: string) => {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    byId("announcer").textContent = sentence;
  }, 1500);
};

export const language = () => lang;
