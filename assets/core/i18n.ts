// Language and theme, switched in place: no request for the page, nothing lost.
const catalogues = {};
const listeners = [];
let lang = document.documentElement.lang;
let words = null;

const load = () => {
  words = catalogues[lang] = JSON.parse(document.getElementById("catalogue").textContent);
};

// The message for `key`, with {name} replaced from `args`.
export const t = (key, args = {}) => {
  if (!words) load();
  const message = words[key] ?? key;
  return message.replace(/\{(\w+)\}/g, (whole, name) => args[name] ?? whole);
};

// The first of `keys` that has a message; else the one for trouble that has no name.
export const first = (...keys) => {
  if (!words) load();
  return keys.find((key) => key in words) ?? "error.server";
};

const say = (node) => {
  const args = JSON.parse(node.dataset.tArgs ?? "{}");
  if (node.dataset.t) node.textContent = t(node.dataset.t, args);
  if (node.dataset.tLabel) node.setAttribute("aria-label", t(node.dataset.tLabel, args));
};
export const translate = (root = document) => root.querySelectorAll("[data-t], [data-t-label]").forEach(say);

// Give an element an accessible name that follows the language.
export const label = (node, key, args = {}) => {
  Object.assign(node.dataset, { tLabel: key, tArgs: JSON.stringify(args) });
  say(node);
};

// Say what has words of its own for a loss, "bce" or "mse", or for data whose y are numbers.
export const speakOf = (loss, isBinary = true) => {
  const chosen = (words, name) =>
    (isBinary ? null : words[`${name}Numbers`]) ?? (loss === "mse" ? words[`${name}Mse`] : null) ?? words[`${name}Bce`];
  for (const node of document.querySelectorAll<HTMLElement>("[data-t-bce], [data-t-label-bce]")) {
    if (node.dataset.tBce) node.dataset.t = chosen(node.dataset, "t");
    if (node.dataset.tLabelBce) node.dataset.tLabel = chosen(node.dataset, "tLabel");
    say(node);
  }
};

export const onLanguage = (listener) => listeners.push(listener);

const setLanguage = async (next) => {
  if (!catalogues[next]) catalogues[next] = await (await fetch(`locale/${next}.json`)).json();
  lang = next;
  words = catalogues[next];
  document.documentElement.lang = next;
  document.title = t("app.title");
  document.cookie = `pwl_lang=${next}; path=/; max-age=31536000; samesite=lax`;
  translate();
  listeners.forEach((listener) => listener());
};

const setTheme = (theme) => {
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
  load();
  for (const node of document.querySelectorAll(WRITTEN)) node.setAttribute("translate", "no");
  document.getElementById("language-switch").addEventListener("click", () => {
    setLanguage(lang === "ko" ? "en" : "ko");
  });
  document.getElementById("theme-switch").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
};

// Speak to screen readers, politely: the latest sentence only, at most one every 1.5 seconds.
let waiting = null;
export const announce = (sentence) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    document.getElementById("announcer").textContent = sentence;
  }, 1500);
};

export const language = () => lang;
