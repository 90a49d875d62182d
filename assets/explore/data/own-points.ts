// Own points: what has been drawn, in which axes, remembered by the tab; each change can be undone.
import { element } from "../../core/dom";
import * as undo from "../../core/history";
import * as i18n from "../../core/i18n";
import { announce, t } from "../../core/i18n";
import * as numbers from "../../core/numbers";
import * as plotting from "../../core/plotting";
import * as storage from "../../core/storage";
import * as fitData from "../../fit/data";
import * as fitSection from "../../fit/fit";
import * as dataGestures from "./gestures";
import * as dataPlot from "./plot";

const KEY = "pwl.own";
const MOST = 500; // more nobody draws
const THINNED = 30;
const FRESH = { kind: "binary", points: [], x: [-1, 1], y: [-1.2, 1.2] };
const BINARY = [-0.25, 1.25];

const recall = () => {
  try {
    return { ...FRESH, ...JSON.parse(storage.recall(KEY) ?? "{}") };
  } catch {
    return { ...FRESH };
  }
};

const padded = ([low, high]) => {
  const pad = (high - low) * 0.06 || 1;
  return [low - pad, high + pad];
};

// Evenly chosen over a sorted set
export const thinned = ({ x, y }, most) => {
  const n = Math.min(most, x.length);
  const rows = Array.from({ length: n }, (_, i) => Math.round((i * (x.length - 1)) / Math.max(n - 1, 1)));
  return rows.map((i) => [x[i], y[i]]);
};

// A place as a point of `own`: within its axes, and rounded to a 500th of them at least.
export const fitted = ({ kind, x: xAxis, y: yAxis }, [x, y]) => {
  const within = (value, [low, high]) => Math.min(Math.max(value, low), high);
  const tidy = (value, [low, high]) => Number(within(value, [low, high]).toPrecision(12)) || 0;
  const round = (value, range) => {
    const step = 10 ** Math.floor(Math.log10((range[1] - range[0]) / 500));
    return tidy(Math.round(value / step) * step, range);
  };
  return [round(x, xAxis), kind === "binary" ? Number(y >= 0.5) : round(y, yAxis)];
};

// A set of data to begin with: its axes, and some of its points
export const take = (data, most = THINNED) => {
  const all = [...data.x, ...(data.test?.x ?? [])];
  const kind = data.isBinary && data.y.every((y) => y === 0 || y === 1) ? "binary" : "numbers";
  const points = thinned(data, most);
  return { kind, points, x: padded(fitData.extremes(all)), y: kind === "binary" ? FRESH.y : data.span };
};

// Make the editor in `host`. `onCommit()` comes after each change that stays. Returns {get, ...}.
export const create = (host, onCommit) => {
  let own = recall();
  let plot = null;
  let before = null; // what a gesture began with
  let held = -1;
  let crossShown = false;
  let crossAt = [0, 0];

  const yRange = () => (own.kind === "binary" ? BINARY : own.y);

  const show = () => {
    count.textContent = own.points.length === 1 ? t("own.count_one") : t("own.count", { n: own.points.length });
    plot?.show(own.points, own.points[held], crossShown ? crossAt : null);
  };
  const put = (next) => {
    own = next;
    storage.keep(KEY, JSON.stringify(own));
    kinds.forEach((radio) => (radio.checked = radio.value === own.kind));
    plot?.setAxes({ x: own.x, y: yRange() });
    show();
  };
  // A change that stays, and can be taken back
  const commit = (next, from = own) => {
    put(next);
    if (JSON.stringify(from) === JSON.stringify(next)) return;
    const again = (state) => () => {
      put(state);
      return onCommit();
    };
    undo.record(again(from), again(next));
    onCommit();
  };
  const withPoints = (points) => ({ ...own, points });

  const board = {
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
        const along = ([low, high], k) => (k * (high - low)) / steps;
        const up = own.kind === "binary" ? Math.sign(dy) : along(own.y, dy);
        crossAt = fitted(own, [crossAt[0] + along(own.x, dx), crossAt[1] + up]);
        crossShown = true;
        show();
        announce(t("own.at", { x: numbers.short(crossAt[0], 3), y: numbers.short(crossAt[1], 3) }));
      },
    },
  };

  const setKind = (kind) => {
    const snapped = own.points.map(([x, y]) => [x, Number(y >= 0.5)]);
    commit({ ...own, kind, points: kind === "binary" ? snapped : own.points });
  };

  const radio = (value) => {
    const input = element("input", { type: "radio", name: "own-kind", value, checked: own.kind === value });
    input.addEventListener("change", () => setKind(value));
    const words = element("span", { textContent: t(`own.${value}`) });
    words.dataset.t = `own.${value}`;
    return { input, label: element("label", { className: "own-kind" }, input, words) };
  };
  const push = (id, key, action) => {
    const node = element("button", { type: "button", id, className: "button", textContent: t(key) });
    node.dataset.t = key;
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
      push("own-take", "own.take", () => commit(take(fitSection.now().data))),
      push("own-clear", "own.clear", () => commit(withPoints([]))),
    ),
    count,
  );
  const stage = element("div", { className: "own-stage" });
  const hint = element("p", { className: "hint", textContent: t("own.hint") });
  hint.dataset.t = "own.hint";
  host.append(bar, stage, hint);
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
    show: (data) => put(take(data, MOST)),
    showCurve: (curve) => plot?.showCurve(curve),
  };
};
