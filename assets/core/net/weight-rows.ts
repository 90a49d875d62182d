// A slider and a text field for each weight of a net. They are native inputs, not Dash components, so that a
// drag does not pass through Dash's renderer.
import { element, markInvalid } from "../dom";
import { limits } from "../limits";
import * as i18n from "../text/i18n";
import { parse, short } from "../text/numbers";
import type { NetDescription, Weights } from "../types";
import * as nets from "./net";

type Row = { name: string; sub: string; role: string; span: number; label: string };

// The rows of a net's parameters, in the order of the vector. `span`: the slider goes from -span to span.
export const rowsOf = ({ h, bias1 }: NetDescription): Row[] => {
  const layer = (name: string, span: number, label: string) =>
    Array.from({ length: h }, (_, i) => ({
      name,
      span,
      label,
      sub: String(i + 1),
      role: i < 2 ? `unit${i + 1}` : "others",
    }));
  return [
    ...layer("W1", 6, "weight.w1"),
    ...(bias1 ? layer("b1", 6, "weight.b1") : []),
    ...layer("W2", 12, "weight.w2"),
    { name: "b2", sub: "", role: "yhat", span: 12, label: "weight.b2" },
  ];
};

const rowElements = (row: Row, id: string, step: number) => {
  const name = element("span", { className: `weight-name ${row.role}` }, row.name);
  if (row.sub) name.append(element("sub", {}, row.sub));
  const slider = element("input", {
    type: "range",
    id: `${id}-slider`,
    className: `slider ${row.role}`,
    min: -row.span,
    max: row.span,
    step,
  });
  const field = element("input", {
    type: "text",
    id: `${id}-field`,
    className: "weight-field",
    inputMode: "text",
    autocomplete: "off",
    maxLength: 40,
    spellcheck: false,
  });
  for (const input of [slider, field]) {
    i18n.label(input, row.label, { k: row.sub });
  }
  return { name, slider, field };
};

export type Handlers = {
  onInput: (p: Weights) => void; // at each change, also during a drag
  onCommit: (p: Weights) => void; // at the end of a drag, and after typing
};
type Options = Handlers & {
  net?: NetDescription;
  step?: number; // of the sliders
  format?: (value: number) => string;
};
export type WeightRows = { set: (p: Weights) => void; get: () => Weights };

// Replace the contents of `host` with rows for the weights of `net`.
export const create = (
  host: HTMLElement,
  { onInput, onCommit, net = nets.LECTURE, step = 0.1, format = short }: Options,
): WeightRows => {
  let vector: Weights = net === nets.LECTURE ? [...nets.START] : Array(nets.size(net)).fill(0);
  host.replaceChildren();
  const complaint = element("p", { className: "complaint", role: "alert" });
  const rows = rowsOf(net).map((row, k) => {
    const parts = rowElements(row, `${host.id}-${k}`, step);
    host.append(element("div", { className: "weight-row" }, parts.name, parts.slider, parts.field));
    return parts;
  });
  host.append(complaint);

  const show = (k: number, keepField = false) => {
    const { slider, field } = rows[k];
    slider.value = String(vector[k]);
    slider.setAttribute("aria-valuetext", format(vector[k]));
    if (!keepField) field.value = format(vector[k]);
  };
  const complain = (field: HTMLInputElement, message: string) => {
    markInvalid(field, message !== "");
    field.dataset.complaint = message;
    const all = rows.map((row) => row.field.dataset.complaint).filter(Boolean);
    complaint.textContent = message || all[0] || "";
  };

  rows.forEach(({ slider, field }, k) => {
    slider.addEventListener("input", () => {
      vector[k] = Number(slider.value);
      if (field.dataset.complaint) complain(field, "");
      field.value = format(vector[k]);
      slider.setAttribute("aria-valuetext", field.value);
      onInput([...vector]);
    });
    slider.addEventListener("change", () => onCommit([...vector]));
    // On a touch screen, a swipe that starts on a slider first changes its value. When the browser decides that the
    // swipe scrolls the page, it sends pointercancel, and the old value is restored.
    let atPointerDown: number | null = null;
    slider.addEventListener("pointerdown", () => (atPointerDown = vector[k]));
    slider.addEventListener("pointercancel", () => {
      if (atPointerDown === null || atPointerDown === vector[k]) return;
      vector[k] = atPointerDown;
      show(k);
      onInput([...vector]);
      onCommit([...vector]);
    });
    field.addEventListener("input", () => (field.dataset.typing = "yes"));
    field.addEventListener("blur", () => {
      if (!field.dataset.typing) return;
      delete field.dataset.typing; // there was no change event, because the text is the same as before typing
      show(k);
    });
    field.addEventListener("change", () => {
      delete field.dataset.typing;
      const value = parse(field.value);
      if (Number.isNaN(value) || Math.abs(value) > limits.max_param) {
        complain(field, i18n.t("error.bad_weight", { typed: field.value.slice(0, 20) }));
        return;
      }
      complain(field, "");
      vector[k] = value;
      show(k, true); // the text stays as it was typed, such as 1/3
      onInput([...vector]);
      onCommit([...vector]);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        delete field.dataset.typing;
        complain(field, "");
        show(k);
      }
    });
  });

  // Show other weights. A field keeps its text while the user types in it, and if its weight has not changed (so that
  // 1/3 stays 1/3).
  const set = (next: Weights) => {
    rows.forEach(({ field }, k) => {
      if (next[k] === vector[k] || field.dataset.typing) return;
      vector[k] = next[k];
      show(k);
      if (field.dataset.complaint) complain(field, "");
    });
    vector = [...next];
  };
  rows.forEach((_, k) => show(k));
  return { set, get: () => [...vector] };
};
