// The runs in numbers: the one in Fit, which moves, and below it those that were kept.
import { element } from "../../core/dom";
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as numbers from "../../core/numbers";
import * as fitData from "../../fit/data";

const HEADS = [
  "name",
  "again",
  "epochs",
  "final",
  "left",
  "right", // what came of it
  "optimizer",
  "lr",
  "units",
  "bias",
  "activation",
  "kind",
  "seed",
  "data",
];

const slopesOf = ({ net, p }) => (p && net.activation === "relu" ? nets.slopes(p, net) : { left: NaN, right: NaN });

// The numbers and words of a run, name aside, as they are written; `shownData` is the key of the
// data on the screen.
const cellsOf = (run, shownData) => {
  const { t } = i18n;
  const { whole, fixed } = numbers;
  const { optimizer, net } = run;
  const { left, right } = slopesOf(run);
  const data = fitData.nameOf(run.spec);
  const method = t(`optimizer.${optimizer.kind}`);
  return [
    whole(run.epoch),
    fixed(run.loss ?? NaN, 6),
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

const swatch = (colour) =>
  element("i", { className: `swatch ${colour === null ? "yhat" : `run${colour + 1}`}`, ariaHidden: "true" });

const labelled = (node, key, args) => {
  i18n.label(node, key, args);
  return node;
};

const control = (tag, props, action, run) => {
  const node = element(tag, props);
  Object.assign(node.dataset, { action, id: run.id });
  return node;
};

const press = (run, textContent, className, action, key, name) =>
  labelled(control("button", { type: "button", className, textContent }, action, run), key, { name });

// A run is shown or hidden, renamed and removed where its name stands.
const nameCell = (run, name) => {
  const shown = labelled(
    control(
      "input",
      { type: "checkbox", checked: run.shown, className: `run-shown run${run.colour + 1}` },
      "show",
      run,
    ),
    "compare.show",
    { name },
  );
  const typed = labelled(
    control(
      "input",
      { type: "text", value: name, maxLength: 60, className: "run-name", autocomplete: "off", spellcheck: false },
      "rename",
      run,
    ),
    "compare.rename",
    { name },
  );
  const remove = press(run, "×", "link run-remove", "remove", "compare.remove_label", name);
  const cell = element(
    "th",
    { scope: "row" },
    element("span", { className: "run-cell" }, shown, swatch(run.colour), typed, remove),
  );
  const notes = [run.edited && "compare.edited", run.mixed && "compare.mixed"].filter(Boolean);
  notes.forEach((key) => cell.append(element("small", { textContent: i18n.t(key) })));
  return cell;
};

const againCell = (run, name) =>
  element("td", {}, press(run, i18n.t("compare.open"), "link", "open", "compare.open_label", name));

const cells = (texts) => texts.map((textContent) => element("td", { textContent }));

const keptRow = (run, name, shownData) => {
  const isOther = run.data !== shownData;
  const row = element(
    "tr",
    { className: `run${isOther ? " other-data" : ""}${run.shown ? "" : " unseen"}` },
    nameCell(run, name),
    againCell(run, name),
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

// Build the table; the keyboard stays where it was.
export const render = (host, runs, names, shownData) => {
  const { action, id } = host.contains(document.activeElement)
    ? (document.activeElement as HTMLElement).dataset
    : ({} as DOMStringMap);
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
    host.querySelector(`[data-action="${action}"][data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
};

// The numbers of the run in Fit, in the row that is there for it.
export const showLive = (host, run, shownData) => {
  const row = host.querySelector("tr.current");
  cellsOf(run, shownData).forEach((words, i) => {
    const cell = row.children[i + 2];
    if (cell.textContent !== words) cell.textContent = words;
  });
};
