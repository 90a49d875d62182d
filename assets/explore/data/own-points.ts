// Own points: what has been drawn, in which axes, remembered by the tab; each change can be undone.

import { element } from "../../core/dom";
import * as undo from "../../core/history";
import * as plotting from "../../core/plots/plotting";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import { announce, t } from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Points, Range } from "../../core/types";
import type { FitData } from "../../fit/data";
import * as fitData from "../../fit/data";
import * as fitSection from "../../fit/fit";
import * as dataGestures from "./gestures";
import type { Place, Plot } from "./plot";
import * as dataPlot from "./plot";

type Kind = "binary" | "numbers"; // y is 0 or 1, or any number
export type Own = { kind: Kind; points: Place[]; x: Range; y: Range }; // in these axes

const KEY = "pwl.own";
const MOST = 500; // more nobody draws
const THINNED = 30;
const FRESH: Own = { kind: "binary", points: [], x: [-1, 1], y: [-1.2, 1.2] };
const BINARY: Range = [-0.25, 1.25];

const recall = (): Own => ({ ...FRESH, ...(storage.recallJson(KEY) as Partial<Own> | null) });

const padded = ([low, high]: Range): Range => {
  const pad = (high - low) * 0.06 || 1;
  return [low - pad, high + pad];
};

// Evenly chosen over a sorted set
export const thinned = ({ x, y }: Points, most: number) => {
  const n = Math.min(most, x.length);
  const rows = Array.from({ length: n }, (_, i) => Math.round((i * (x.length - 1)) / Math.max(n - 1, 1)));
  return rows.map((i): Place => [x[i], y[i]]);
};

// A place as a point of `own`: within its axes, and rounded to a 500th of them at least.
export const fitted = ({ kind, x: xAxis, y: yAxis }: Omit<Own, "points">, [x, y]: Place): Place => {
  const within = (value: number, [low, high]: Range) => Math.min(Math.max(value, low), high);
  const tidy = (value: number, range: Range) => Number(within(value, range).toPrecision(12)) || 0;
  const round = (value: number, range: Range) => {
    const step = 10 ** Math.floor(Math.log10((range[1] - range[0]) / 500));
    return tidy(Math.round(value / step) * step, range);
  };
  return [round(x, xAxis), kind === "binary" ? Number(y >= 0.5) : round(y, yAxis)];
};

type Taken = Pick<FitData, "x" | "y" | "test" | "isBinary" | "span">;
// A set of data to begin with: its axes, and some of its points
export const take = (data: Taken, most = THINNED): Own => {
  const all = [...data.x, ...(data.test?.x ?? [])];
  const kind = data.isBinary && data.y.every((y) => y === 0 || y === 1) ? "binary" : "numbers";
  const points = thinned(data, most);
  return { kind, points, x: padded(fitData.extremes(all)), y: kind === "binary" ? FRESH.y : data.span };
};

// Make the editor in `host`. `onCommit` comes after each change that stays.
export const create = (host: HTMLElement, onCommit: () => unknown) => {
  let own = recall();
  let plot: Plot | null = null;
  let before = own; // what a gesture began with
  let held = -1;
  let crossShown = false;
  let crossAt: Place = [0, 0];

  const yRange = () => (own.kind === "binary" ? BINARY : own.y);

  const show = () => {
    count.textContent = own.points.length === 1 ? t("own.count_one") : t("own.count", { n: own.points.length });
    plot?.show(own.points, own.points[held], crossShown ? crossAt : null);
  };
  const put = (next: Own) => {
    own = next;
    storage.keep(KEY, JSON.stringify(own));
    kinds.forEach((radio) => (radio.checked = radio.value === own.kind));
    plot?.setAxes({ x: own.x, y: yRange() });
    show();
  };
  // A change that stays, and can be taken back
  const commit = (next: Own, from = own) => {
    put(next);
    if (JSON.stringify(from) === JSON.stringify(next)) return;
    const again = (state: Own) => () => {
      put(state);
      return onCommit();
    };
    undo.record(again(from), again(next));
    onCommit();
  };
  const withPoints = (points: Place[]) => ({ ...own, points });

  const board: dataGestures.Board = {
    get: () => own.points,
    begin: (i) => {
      before = own;
      held = i;
      show();
    },
    add: (place) => {
      if (own.points.length < MOST) own = withPoints([...own.points, fitted(own, place)]);
    },
    move: (i, place) => {
      own = withPoints(own.points.map((point, k) => (k === i ? fitted(own, place) : point)));
      show();
    },
    remove: (i) => (own = withPoints(own.points.filter((_, k) => k !== i))),
    end: () => {
      held = -1;
      commit(own, before);
      announce(count.textContent);
    },
    cancel: () => {
      held = -1;
      own = before;
      show();
    },
    cross: {
      place: () => crossAt,
      show: (on) => {
        crossShown = on;
        show();
      },
      move: (dx, dy, steps) => {
        const along = ([low, high]: Range, k: number) => (k * (high - low)) / steps;
        const up = own.kind === "binary" ? Math.sign(dy) : along(own.y, dy);
        crossAt = fitted(own, [crossAt[0] + along(own.x, dx), crossAt[1] + up]);
        crossShown = true;
        show();
        announce(t("own.at", { x: numbers.short(crossAt[0], 3), y: numbers.short(crossAt[1], 3) }));
      },
    },
  };

  const setKind = (kind: Kind) => {
    const snapped = own.points.map(([x, y]): Place => [x, Number(y >= 0.5)]);
    commit({ ...own, kind, points: kind === "binary" ? snapped : own.points });
  };

  const radio = (value: Kind) => {
    const input = element("input", { type: "radio", name: "own-kind", value, checked: own.kind === value });
    input.addEventListener("change", () => setKind(value));
    const words = i18n.spoken("span", `own.${value}`);
    return { input, label: element("label", { className: "own-kind" }, input, words) };
  };
  const push = (id: string, key: string, action: () => void) => {
    const node = i18n.spoken("button", key, { type: "button", id, className: "button" });
    node.addEventListener("click", action);
    return node;
  };

  const count = element("output", { className: "own-count" });
  const radios = [radio("binary"), radio("numbers")];
  const kinds = radios.map(({ input }) => input);
  const group = element("div", { className: "own-kinds" }, ...radios.map(({ label }) => label));
  group.setAttribute("role", "radiogroup");
  i18n.label(group, "own.kind");
  const bar = element(
    "div",
    { className: "own-bar" },
    group,
    element(
      "div",
      { className: "buttons" },
      push("own-take", "own.take", () => commit(take(fitSection.open().data))),
      push("own-clear", "own.clear", () => commit(withPoints([]))),
    ),
    count,
  );
  const stage = element("div", { className: "own-stage" });
  host.append(bar, stage, i18n.spoken("p", "own.hint", { className: "hint" }));
  i18n.onLanguage(show);
  plotting.whenNear(stage, async () => {
    plot = await dataPlot.create(stage, { x: own.x, y: yRange() });
    dataGestures.pointer(plot, board);
    dataGestures.keyboard(plot, board);
    show();
  });
  show();

  return {
    get: () => ({ kind: own.kind, x: own.points.map(([x]) => x), y: own.points.map(([, y]) => y) }),
    isEmpty: () => own.points.length === 0,
    show: (data: FitData) => put(take(data, MOST)),
    showCurve: (curve: Points | null) => plot?.showCurve(curve),
  };
};
