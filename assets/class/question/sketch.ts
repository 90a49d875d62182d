// A curve that the student sketches over the data: yhat from 0 to 1 at CURVE_VALUES evenly spaced x. It is drawn with a
// mouse or a finger; with the keyboard, left and right choose a value, up and down change it.
import { clamp, endsOf, linear } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Range } from "../../core/types";
import * as fitSection from "../../fit/fit";
import { CURVE_VALUES } from "../types";
import { drawing, HEIGHT, label, path, svg, WIDTH } from "./drawing";

const BOX = { left: 30, right: WIDTH - 10, top: 10, bottom: HEIGHT - 20 }; // of the curve, inside the axes' labels
const STEP = 0.05;
const MAX_POINTS = 400;

const last = CURVE_VALUES - 1;
const ACROSS: Range = [BOX.left, BOX.right];
const placeOf = linear([0, last], ACROSS); // x of the k-th value
const heightOf = linear([0, 1], [BOX.bottom, BOX.top]);
const PLACES = Array.from({ length: CURVE_VALUES }, (_, k) => placeOf(k));

// Lines and labels at 0, 0.5 and 1 of yhat, and at the ends and the middle of x.
const axes = () => {
  const up = [0, 0.5, 1].flatMap((y) => [
    path([BOX.left, BOX.right], [heightOf(y), heightOf(y)], "ground"),
    label(numbers.short(y), BOX.left - 5, heightOf(y) + 4, "end"),
  ]);
  const names = [label("ŷ", BOX.left + 4, BOX.top + 12, "start"), label("x", BOX.right, BOX.bottom - 5, "end")];
  const { data } = fitSection.now();
  if (!data) return [...up, ...names];
  const xOf = linear([0, 1], endsOf(data.x));
  const across = [0, 0.5, 1].flatMap((share) => {
    const at = placeOf(share * last);
    const text = numbers.short(xOf(share), 2);
    return [path([at, at], [BOX.top, BOX.bottom], "ground"), label(text, at, HEIGHT - 6, "middle")];
  });
  return [...up, ...across, ...names];
};

// The background: the axes, and the points, if they are binary.
export const background = () => {
  const { data } = fitSection.now();
  if (!data?.isBinary) return axes();
  const every = Math.ceil(data.x.length / MAX_POINTS);
  const at = linear(endsOf(data.x), ACROSS);
  const shown = data.x.map((_, i) => i).filter((i) => i % every === 0);
  const dots = shown.map((i) => svg("circle", { class: "point", cx: at(data.x[i]), cy: heightOf(data.y[i]), r: 1.6 }));
  return [...axes(), ...dots];
};

// prob, if it is known. Drawn when the answers are revealed.
export const truth = () => {
  const { data } = fitSection.now();
  if (!data?.isBinary || !data.truth) return [];
  const { x, y } = data.truth;
  return [path(x.map(linear(endsOf(data.x), ACROSS)), y.map(heightOf), "truth")];
};

export const curve = (values: number[], className: string) => path(PLACES, values.map(heightOf), className);

// Set the values from `from` to `to`, inclusive, to the straight line between them, because a quick stroke skips values.
export const drawLine = (values: number[], from: [k: number, y: number], to: [k: number, y: number]) => {
  const [[a, ya], [b, yb]] = [from, to];
  const n = Math.abs(b - a);
  const next = [...values];
  for (let i = 0; i <= n; i++) next[a + Math.sign(b - a) * i] = n ? ya + ((yb - ya) * i) / n : yb;
  return next;
};

// The element to draw on. `onChange` is called at each change.
export const pad = (begin: number[] | null, onChange: (values: number[]) => void) => {
  let values = begin ?? Array(CURVE_VALUES).fill(0.5);
  let at: [k: number, y: number] = [0, values[0]];
  const node = drawing({
    class: "class-sketch",
    role: "slider",
    tabindex: 0,
    "aria-valuemin": 0,
    "aria-valuemax": 1,
    "aria-label": i18n.t("class.sketch"),
  });
  const paint = () => {
    const [k] = at;
    const mark = svg("circle", { class: "mark", cx: placeOf(k), cy: heightOf(values[k]), r: 5 });
    node.replaceChildren(...background(), curve(values, "mine"), mark);
    const { data } = fitSection.now();
    const place = data ? numbers.short(linear([0, last], endsOf(data.x))(k), 1) : k;
    node.setAttribute("aria-valuetext", i18n.t("class.sketch_at", { x: place, y: numbers.fixed(values[k], 2) }));
    node.setAttribute("aria-valuenow", String(values[k]));
  };
  const set = (next: number[], k: number) => {
    values = next;
    at = [k, values[k]];
    paint();
    onChange(values);
  };

  const under = (event: PointerEvent): [number, number] => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM()?.inverse());
    const k = clamp(Math.round(((x - BOX.left) / (BOX.right - BOX.left)) * last), 0, last);
    return [k, clamp((BOX.bottom - y) / (BOX.bottom - BOX.top), 0, 1)];
  };
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    at = under(event);
    set(drawLine(values, at, at), at[0]);
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const to = under(event);
    set(drawLine(values, at, to), to[0]);
  });
  node.addEventListener("keydown", (event) => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const up = { ArrowDown: -STEP, ArrowUp: STEP }[event.key];
    if (!along && !up) return;
    event.preventDefault();
    event.stopPropagation();
    const k = clamp(at[0] + (along ?? 0), 0, last);
    const y = clamp(values[k] + (up ?? 0), 0, 1);
    set(drawLine(values, [k, y], [k, y]), k);
  });

  paint();
  return node;
};
