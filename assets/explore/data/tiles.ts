// The tiles of the data drawer: radio buttons with a sketch of each dataset.
import { element, query } from "../../core/dom";
import * as i18n from "../../core/text/i18n";
import type { Law } from "../../core/types";

type Picture = { line: string; dots: string };

// Sketches for own points (points and a pencil) and for a file.
const PICTURES: Record<string, Picture> = {
  own: { dots: "M12 36h0M24 30h0M38 33h0M52 18h0M66 12h0M80 16h0", line: "M84 40l3 -9l7 -7l6 6l-7 7z" },
  csv: { dots: "", line: "M34 5h22l12 12v26h-34zM56 5v12h12M41 25h20M41 31h20M41 37h12" },
};

const sketch = ({ line, dots }: Picture) =>
  `<svg viewBox="0 0 100 48" aria-hidden="true"><path class="dots" d="${dots}"/><path class="law" d="${line}"/></svg>`;

const tile = (name: string, picture: Picture) => {
  const radio = element("input", { type: "radio", name: "data-law", value: name, checked: name === "lecture" });
  const words = i18n.translated("span", `dataset.${name}`, { className: "data-name" });
  const picked = element("span", { className: "data-sketch", innerHTML: sketch(picture) });
  return element("label", { className: "data-tile" }, radio, picked, words);
};

// Tiles for the lecture's data, each law, own points, and a file.
export const create = (laws: Record<string, Law>, onChange: (name: string) => void) => {
  const pictures = { lecture: laws.irony, ...laws, ...PICTURES };
  const node = i18n.label(element("div", { className: "data-tiles", role: "radiogroup" }), "dataset.title");
  node.append(...Object.entries(pictures).map(([name, picture]) => tile(name, picture)));
  const get = () => query<HTMLInputElement>("input:checked", node).value;
  const set = (name: string) => {
    query<HTMLInputElement>(`input[value="${name}"]`, node).checked = true;
  };
  node.addEventListener("change", () => onChange(get()));
  return { node, get, set };
};
