// The parameters of a lecturer's link: hidden controls, a lesson, language, theme, projector mode. A table documents
// them and has controls to choose them.
import { byId, element } from "../core/dom";
import { limits } from "../core/limits";
import * as i18n from "../core/text/i18n";
import * as sharing from "./sharing";

// What the script in the page's head has found in the URL.
type Opening = { hideable: Record<string, string>; hidden: string[]; unknown: string[] };
const OPENING: Opening = JSON.parse(document.documentElement.dataset.opening ?? "{}");
const NAMES = Object.keys(OPENING.hideable);

const LANGUAGES: Record<string, string> = { ko: "한국어", en: "English" };
const THEMES: Record<string, string> = { dark: "lecturer.dark", light: "lecturer.light" };

const parameters = new URLSearchParams(location.search);
const [lesson = "", step = "1"] = (parameters.get("lesson") ?? "").split(".");
const oneOf = (all: Record<string, string>, name: string | null) =>
  name !== null && Object.hasOwn(all, name) ? name : "";
// Initially the parameters with which the page was opened, so that a link copied from it keeps them.
const chosen = {
  hide: new Set(OPENING.hidden),
  lesson: /^[a-z]+$/.test(lesson) ? lesson : "",
  step: /^\d{1,2}$/.test(step) ? step : "1",
  lang: oneOf(LANGUAGES, parameters.get("lang")),
  theme: oneOf(THEMES, parameters.get("theme")),
  projector: parameters.get("projector") === "1" ? "1" : "",
};
const listeners: (() => void)[] = [];
const changed = () => listeners.forEach((listener) => listener());

// "?hide=build,explore&lang=ko", or ""
export const query = () => {
  const parts = [
    chosen.hide.size && `hide=${NAMES.filter((name) => chosen.hide.has(name)).join(",")}`,
    chosen.lesson && `lesson=${chosen.lesson}.${chosen.step}`,
    chosen.lang && `lang=${chosen.lang}`,
    chosen.theme && `theme=${chosen.theme}`,
    chosen.projector && "projector=1",
  ].filter(Boolean);
  return parts.length ? `?${parts.join("&")}` : "";
};

// --- the table ---------------------------------------------------------------------------------
const words = (key: string) => i18n.translated("span", key);

const boxes = () => {
  const host = element("div", { className: "lecturer-boxes" });
  for (const name of NAMES) {
    const box = element("input", { type: "checkbox", value: name, checked: chosen.hide.has(name) });
    box.addEventListener("change", () => {
      chosen.hide[box.checked ? "add" : "delete"](name);
      changed();
    });
    host.append(element("label", {}, box, element("code", {}, name), words(`hide.${name}`)));
  }
  return host;
};

const option = (value: string, key: string) => i18n.translated("option", key, { value });
const select = (name: "lesson" | "lang" | "theme" | "projector", options: HTMLOptionElement[]) => {
  const node = element("select", { id: `lecturer-${name}` }, ...options);
  node.value = chosen[name];
  i18n.label(node, `lecturer.${name}`);
  node.addEventListener("change", () => {
    chosen[name] = node.value;
    changed();
  });
  return node;
};

const lessonControls = () => {
  const number = element("input", {
    type: "number",
    id: "lecturer-step",
    min: 1,
    max: 20,
    value: chosen.step,
    className: "weight-field",
  });
  i18n.label(number, "lecturer.step");
  number.addEventListener("change", () => {
    chosen.step = /^[1-9]\d?$/.test(number.value) ? number.value : "1";
    number.value = chosen.step;
    changed();
  });
  const lessons = limits.lessons.map((id) => option(id, `lecturer.lesson_${id}`));
  return element(
    "div",
    { className: "buttons" },
    select("lesson", [option("", "lecturer.no_lesson"), ...lessons]),
    number,
  );
};

const row = (parameter: string, key: string, control: HTMLElement) => {
  const head = element("th", { scope: "row" }, element("code", {}, parameter));
  return element("tr", {}, head, element("td", {}, words(key)), element("td", {}, control));
};

const build = () => {
  const languages = Object.entries(LANGUAGES).map(([value, textContent]) => element("option", { value, textContent }));
  const themes = Object.entries(THEMES).map(([value, key]) => option(value, key));
  const body = element(
    "tbody",
    {},
    row("hide=…", "lecturer.about_hide", boxes()),
    row("lesson=…", "lecturer.about_lesson", lessonControls()),
    row("lang=…", "lecturer.about_lang", select("lang", [option("", "lecturer.as_it_is"), ...languages])),
    row("theme=…", "lecturer.about_theme", select("theme", [option("", "lecturer.as_it_is"), ...themes])),
    row(
      "projector=1",
      "lecturer.about_projector",
      select("projector", [option("", "lecturer.as_it_is"), option("1", "app.projector")]),
    ),
  );
  const lead = element("p", { className: "hint" }, words("lecturer.lead"));
  byId("share-lecturer").append(lead, element("table", { className: "lecturer-table" }, body));
};

export const start = () => {
  build();
  const { unknown } = OPENING;
  if (!unknown.length) return;
  const names = unknown.join(", ").slice(0, 100);
  sharing.ready().then(() => sharing.showNotice("error", "hide_unknown", { names }));
};

export const onChange = (listener: () => void) => listeners.push(listener);
