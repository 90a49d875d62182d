// The tiles of the data card: one for each set, with a sketch of its law.
import { element } from "../../core/dom";
import * as i18n from "../../core/i18n";

// What is no law has a drawing of its own: some points and a pencil, a sheet.
const PICTURES = {
  own: { dots: "M12 36h0M24 30h0M38 33h0M52 18h0M66 12h0M80 16h0", line: "M84 40l3 -9l7 -7l6 6l-7 7z" },
  csv: { dots: "", line: "M34 5h22l12 12v26h-34zM56 5v12h12M41 25h20M41 31h20M41 37h12" },
};

const sketch = ({ line, dots }) =>
  `<svg viewBox="0 0 100 48" aria-hidden="true"><path class="dots" d="${dots}"/><path class="law" d="${line}"/></svg>`;

const tile = (name, picture) => {
  const radio = element("input", { type: "radio", name: "data-law", value: name });
  const words = element("span", { className: "data-name", textContent: i18n.t(`dataset.${name}`) });
  words.dataset.t = `dataset.${name}`;
  const picked = element("span", { className: "data-sketch", innerHTML: sketch(picture) });
  return element("label", { className: "data-tile" }, radio, picked, words);
};

// The lecture's set, the laws, own points, a file. Returns {node, get, set}.
export const create = (laws, onChange) => {
  const pictures = {
    lecture: laws.find((law) => law.name === "irony"),
    ...Object.fromEntries(laws.map((law) => [law.name, law])),
    ...PICTURES,
  };
  const node = element("div", { className: "data-tiles" });
  node.setAttribute("role", "radiogroup");
  i18n.label(node, "dataset.title");
  node.append(...Object.entries(pictures).map(([name, picture]) => tile(name, picture)));
  node.addEventListener("change", ({ target }) => onChange((target as HTMLInputElement).value));
  return {
    node,
    get: () => node.querySelector<HTMLInputElement>("input:checked")?.value,
    set: (name) => (node.querySelector<HTMLInputElement>(`input[value="${name}"]`).checked = true),
  };
};
