// Makes the board's input elements. The layout has placeholders for them, because Dash has no native HTML inputs.
import { byId, element, query } from "../core/dom";
import * as i18n from "../core/text/i18n";

export const input = (id: string) => query<HTMLInputElement>("input", byId(id));
export const isChecked = (id: string) => input(id).checked;

// The value of the checked radio button of a group.
export const choice = (group: string) => query<HTMLInputElement>("input:checked", byId(group)).value;

const put = (place: HTMLElement) => {
  const { input: type = "text", value = "", tLabel } = place.dataset;
  const node = element("input", { type, value, autocomplete: "off" });
  if (type === "text") Object.assign(node, { inputMode: "numeric", size: 7 });
  if (type === "radio") node.name = place.closest("[role='radiogroup']")?.id ?? "";
  if (tLabel) {
    i18n.label(node, tLabel);
    place.removeAttribute("aria-label");
    delete place.dataset.tLabel;
  }
  place.replaceChildren(node);
};

export const start = () => {
  for (const place of byId("board").querySelectorAll<HTMLElement>("[data-input]")) put(place);
  for (const group of byId("board").querySelectorAll("[role='radiogroup']")) {
    query<HTMLInputElement>("input", group).checked = true;
  }
};
