// The table of runs: in the first row the run in Fit, below it the kept runs.
import { element, query, setText } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import * as fitData from "../../fit/data";
import type { NetState, Run } from "./runs";

const HEADS = [
  "name",
  "again",
  "epochs",
  "final",
  "left",
  "right",
  "optimizer",
  "lr",
  "units",
  "bias",
  "activation",
  "kind",
  "seed",
  "data",
];

const slopesOf = ({ net, p }: NetState) =>
  p && net.activation === "relu" ? nets.slopes(p, net) : { left: NaN, right: NaN };

// The texts of a run's cells, without its name. `shownData` is the key of the data in Fit.
const cellsOf = (run: NetState, shownData: string) => {
  const { t } = i18n;
  const { whole, fixed } = numbers;
  const { optimizer, net } = run;
  const { left, right } = slopesOf(run);
  const data = fitData.nameOf(run.spec);
  const method = t(`optimizer.${optimizer.kind}`);
  return [
    whole(run.epoch),
    fixed(run.loss, 6),
    fixed(left),
    fixed(right),
    optimizer.momentum ? `${method}, ${t("compare.momentum", optimizer)}` : method,
    String(optimizer.lr),
    whole(net.h),
    t(net.bias1 ? "compare.yes" : "compare.no"),
    t(`activation.${net.activation}`),
    t(`summary.${net.loss}`),
    whole(run.seed),
    run.data === shownData ? data : t("compare.other_data", { name: data }),
  ];
};

const swatch = (colour: number | null) =>
  element("i", { className: `swatch ${colour === null ? "yhat" : `run${colour + 1}`}`, ariaHidden: "true" });

// Give a control of a run its action, which card.ts performs, and its accessible name.
const control = (node: HTMLElement, { id }: Run, name: string, action: string, key: string) => {
  Object.assign(node.dataset, { action, id });
  return i18n.label(node, key, { name });
};
const button = (className: string, textContent: string) =>
  element("button", { type: "button", className, textContent });

// The cell with a run's name, in which it is shown or hidden, renamed and removed.
const nameCell = (run: Run, name: string) => {
  const shown = element("input", { type: "checkbox", checked: run.shown, className: `run-shown run${run.colour + 1}` });
  const typed = element("input", {
    type: "text",
    value: name,
    maxLength: 60,
    className: "run-name",
    autocomplete: "off",
    spellcheck: false,
  });
  const controls = element(
    "span",
    { className: "run-cell" },
    control(shown, run, name, "show", "compare.show"),
    swatch(run.colour),
    control(typed, run, name, "rename", "compare.rename"),
    control(button("link run-remove", "×"), run, name, "remove", "compare.remove_label"),
  );
  const cell = element("th", { scope: "row" }, controls);
  const notes = [run.edited ? "compare.edited" : "", run.mixed ? "compare.mixed" : ""].filter(Boolean);
  notes.forEach((key) => cell.append(element("small", { textContent: i18n.t(key) })));
  return cell;
};

const cells = (texts: string[]) => texts.map((textContent) => element("td", { textContent }));

const keptRow = (run: Run, name: string, shownData: string) => {
  const isOther = run.data !== shownData;
  const again = control(button("link", i18n.t("compare.open")), run, name, "open", "compare.open_label");
  const row = element(
    "tr",
    { className: `run${isOther ? " other-data" : ""}${run.shown ? "" : " unseen"}` },
    nameCell(run, name),
    element("td", {}, again),
    ...cells(cellsOf(run, shownData)),
  );
  row.dataset.id = run.id;
  return row;
};

const liveRow = () => {
  const name = element("span", { textContent: i18n.t("compare.live") });
  return element(
    "tr",
    { className: "current" },
    element("th", { scope: "row" }, element("span", { className: "run-cell" }, swatch(null), name)),
    element("td"),
    ...cells(HEADS.slice(2).map(() => "–")),
  );
};

// Build the table again, and keep the focus.
export const render = (host: HTMLElement, runs: Run[], names: string[], shownData: string) => {
  const focused = document.activeElement;
  const { action, id = "" } = focused instanceof HTMLElement && host.contains(focused) ? focused.dataset : {};
  const heads = HEADS.map((head) => element("th", { scope: "col", textContent: i18n.t(`compare.head_${head}`) }));
  const head = element("tr", {}, ...heads);
  const rows = runs.map((run, i) => keptRow(run, names[i], shownData));
  host.replaceChildren(
    element(
      "table",
      { className: "checkpoints runs" },
      element("thead", {}, head),
      element("tbody", {}, liveRow(), ...rows),
    ),
  );
  if (action)
    host
      .querySelector<HTMLElement>(`[data-action="${action}"][data-id="${CSS.escape(id)}"]`)
      ?.focus({ preventScroll: true });
};

// Update the row of the run in Fit.
export const showLive = (host: HTMLElement, run: NetState, shownData: string) => {
  const row = query("tr.current", host);
  cellsOf(run, shownData).forEach((words, i) => {
    setText(row.children[i + 2], words);
  });
};
