// Draws the line to match in Fit's plots, dashed, in place of the truth.
import { element, query } from "../core/dom";
import * as nets from "../core/net/net";
import * as i18n from "../core/text/i18n";
import type { NetDescription, Weights } from "../core/types";
import * as fitSection from "../fit/fit";
import { placesOf } from "../fit/plots";

const TRUTH = { yhat: 1, logit: 3 }; // index of its trace; see TRACES in pwlapp/ui/figures.py
type Plot = keyof typeof TRUTH;
const PLOTS: Plot[] = ["yhat", "logit"];
type Line = { x: unknown; y: unknown };

let target: Weights | null = null;
let drawnKey = ""; // the data and the loss for which the line is drawn
const drawn = new Map<Plot, Line>();
const truths = new Map<Plot, Line>(); // the truths that were replaced, for restoring them

// The line as a logit, and as the yhat of `net`, whose loss decides whether there is a sigmoid.
export const lines = (weights: Weights, x: number[], net: NetDescription) => {
  const logit = nets.logit(weights, x);
  return { x, logit, yhat: nets.output(logit, net) };
};

const graph = (name: Plot) => query<PlotlyGraph>(`#fit-${name}-plot .js-plotly-plot`);
const put = (name: Plot, { x, y }: Line) => Plotly.update(graph(name), { x: [x], y: [y] }, {}, [TRUTH[name]]);

const paint = ({ data, net }: fitSection.Ready) => {
  if (!target) return;
  const isDrawn = (name: Plot) => graph(name).data[TRUTH[name]].y === drawn.get(name)?.y;
  const key = `${data.key} ${net.loss}`;
  if (key === drawnKey && PLOTS.every(isDrawn)) return;
  const { x } = placesOf(data, { net: nets.LECTURE, p: target });
  const made = lines(target, x, net);
  for (const name of PLOTS) {
    const { x: xs, y: ys } = graph(name).data[TRUTH[name]];
    if (!isDrawn(name)) truths.set(name, { x: xs, y: ys }); // also after a change of the data
    drawn.set(name, { x, y: made[name] });
    put(name, { x, y: made[name] });
  }
  drawnKey = key;
};

const legend = (on: boolean) => {
  document.documentElement.classList.toggle("with-target", on);
  if (!on || document.querySelector("#fit .to-match")) return;
  for (const name of PLOTS) {
    const swatch = element("i", { className: "swatch" });
    const item = element("li", { className: "to-match" }, swatch, i18n.translated("span", "class.to_match"));
    query(`#fit .plot-${name} .legend`).prepend(item);
  }
};

// Show the line of these weights, or, with null, the truth.
export const show = (weights: Weights | null) => {
  if (String(weights) === String(target)) return;
  target = weights;
  drawnKey = "";
  legend(weights !== null);
  if (!weights) {
    for (const [name, line] of truths) put(name, line);
    truths.clear();
    drawn.clear();
    return;
  }
  const now = fitSection.now();
  if (fitSection.isReady(now)) paint(now);
};

export const start = () => fitSection.onChange(paint);
