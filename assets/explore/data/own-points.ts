// Own points: the editor in which a student draws data. The tab remembers them; each change can be undone.
import { element } from "../../core/dom";
import * as undo from "../../core/history";
import * as plotting from "../../core/plots/plotting";
import { clamp, extremes, padded } from "../../core/ranges";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import { announce, t } from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Points, Range } from "../../core/types";
import type { FitData } from "../../fit/data";
import * as fitSection from "../../fit/fit";
import * as dataGestures from "./gestures";
import type { Place, Plot } from "./plot";
import * as dataPlot from "./plot";

type Kind = "binary" | "numbers"; // y is 0 or 1, or any number
export type Own = { kind: Kind; points: Place[]; x: Range; y: Range }; // in these axes

const KEY = "pwl.own";
const MAX_POINTS = 500;
const SAMPLE = 30; // the number of points to start with, taken from other data
const FRESH: Own = { kind: "binary", points: [], x: [-1, 1], y: [-1.2, 1.2] };
const BINARY: Range = [-0.25, 1.25];

const restored = (): Own => ({ ...FRESH, ...(storage.readTabJson(KEY) as Partial<Own> | null) });

// At most `most` points, evenly chosen from sorted ones
export const thinned = ({ x, y }: Points, most: number) => {
  const n = Math.min(most, x.length);
  const rows = Array.from({ length: n }, (_, i) => Math.round((i * (x.length - 1)) / Math.max(n - 1, 1)));
  return rows.map((i): Place => [x[i], y[i]]);
};

// The point for a place: moved inside the axes, and rounded to a step of at most 1/500 of an axis.
export const fitted = ({ kind, x: xAxis, y: yAxis }: Omit<Own, "points">, [x, y]: Place): Place => {
  const tidy = (value: number, range: Range) => Number(clamp(value, ...range).toPrecision(12)) || 0;
  const round = (value: number, range: Range) => {
    const step = 10 ** Math.floor(Math.log10((range[1] - range[0]) / 500));
    return tidy(Math.round(value / step) * step, range);
  };
  return [round(x, xAxis), kind === "binary" ? Number(y >= 0.5) : round(y, yAxis)];
};

type Source = Pick<FitData, "x" | "y" | "test" | "isBinary" | "span">;
// Own points made from other data, with the axes and some of the points of these
export const take = (data: Source, most = SAMPLE): Own => {
  const all = [...data.x, ...(data.test?.x ?? [])];
  const kind = data.isBinary && data.y.every((y) => y === 0 || y === 1) ? "binary" : "numbers";
  const points = thinned(data, most);
  return { kind, points, x: padded(extremes(all), 0.06), y: kind === "binary" ? FRESH.y : data.span };
};

// Make the editor in `host`. `onCommit` is called at the end of each change.
export const create = (host: HTMLElement, onCommit: () => unknown) => {
  let own = restored();
  let plot: Plot | null = null;
  let before = own; // the points before the present gesture
  let held = -1; // index of the point that is being dragged
  let crossShown = false;
  let crossAt: Place = [0, 0];

  const yRange = () => (own.kind === "binary" ? BINARY : own.y);

  const show = () => {
    count.textContent = t("own.count", { n: own.points.length });
    plot?.show(own.points, own.points[held], crossShown ? crossAt : null);
  };
  const put = (next: Own) => {
    own = next;
    storage.writeTab(KEY, JSON.stringify(own));
    kinds.forEach((radio) => (radio.checked = radio.value === own.kind));
    plot?.setAxes({ x: own.x, y: yRange() });
    show();
  };
  // Make a change, as an undo step.
  const commit = (next: Own, from = own) => {
    put(next);
    if (JSON.stringify(from) === JSON.stringify(next)) return;
    const putBack = (state: Own) => () => {
      put(state);
      return onCommit();
    };
    undo.record(putBack(from), putBack(next));
    onCommit();
  };
  const withPoints = (points: Place[]) => ({ ...own, points });

  const editor: dataGestures.Editor = {
    get: () => own.points,
    begin: (i) => {
      before = own;
      held = i;
      show();
    },
    add: (place) => {
      if (own.points.length < MAX_POINTS) own = withPoints([...own.points, fitted(own, place)]);
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
    const words = i18n.translated("span", `own.${value}`);
    return { input, label: element("label", { className: "own-kind" }, input, words) };
  };

  const count = element("output", { className: "own-count" });
  const radios = [radio("binary"), radio("numbers")];
  const kinds = radios.map(({ input }) => input);
  const group = element("div", { className: "own-kinds", role: "radiogroup" }, ...radios.map(({ label }) => label));
  i18n.label(group, "own.kind");
  const bar = element(
    "div",
    { className: "own-bar" },
    group,
    element(
      "div",
      { className: "buttons" },
      i18n.button("own.take", () => commit(take(fitSection.open().data)), { id: "own-take" }),
      i18n.button("own.clear", () => commit(withPoints([])), { id: "own-clear" }),
    ),
    count,
  );
  const stage = element("div", { className: "own-stage" });
  host.append(bar, stage, i18n.translated("p", "own.hint", { className: "hint" }));
  i18n.onLanguage(show);
  plotting.whenNear(stage, async () => {
    plot = await dataPlot.create(stage, { x: own.x, y: yRange() });
    dataGestures.pointer(plot, editor);
    dataGestures.keyboard(plot, editor);
    show();
  });
  show();

  return {
    get: () => ({ kind: own.kind, x: own.points.map(([x]) => x), y: own.points.map(([, y]) => y) }),
    isEmpty: () => own.points.length === 0,
    show: (data: FitData) => put(take(data, MAX_POINTS)),
    showCurve: (curve: Points | null) => plot?.showCurve(curve),
  };
};
