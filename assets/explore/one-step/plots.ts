// Three plots over x: the residual of each point; the derivative of the logit by the chosen weight (the factor); and
// their product, the point's contribution to the gradient. The mean of the products is the gradient.
import { byId } from "../../core/dom";
import * as weights from "../../core/net/weights";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { endsOf, padded } from "../../core/ranges";
import * as mathml from "../../core/text/mathml";
import type { Column } from "../../core/types";
import { type OneStep, products, value } from "./answer";
import * as formulas from "./formulas";

const NAMES = ["residual", "factor", "product"] as const;
const TRUTH = "rgb(107, 122, 144)"; // app.css replaces it by the theme's text colour
const MANY = 300; // from this number on, points are drawn small and faint

let plots: PlotlyGraph[] = [];

const dots = (role: string) => ({
  ...plotting.line(role, { hovertemplate: "(%{x:.3f}, %{y:.4f})<extra></extra>" }),
  mode: "markers",
  marker: { color: plotting.colour(role), size: 4, opacity: 0.3 },
});

export const create = async () => {
  const axes = () => plotting.layout(plotting.axis("x", [-1.04, 1.04]), plotting.axis("", [-1.1, 1.1]));
  const mean = plotting.line("truth", {
    line: { color: TRUTH, width: 2.5 },
    hovertemplate: "%{y:.4g}<extra></extra>",
  });
  const traces = [[dots("data")], [plotting.line("others")], [dots("others"), mean]];
  plots = await Promise.all(NAMES.map((name, i) => plotting.drawIn(`one-step-${name}`, traces[i], axes())));
};

// `xs` and `ys` have a column for each trace. The first trace determines the axes.
const show = (plot: PlotlyGraph, xs: number[][], ys: Column[], look: Record<string, unknown>) => {
  const size = Math.max(...ys[0].map((each) => Math.abs(each ?? 0)));
  const top = 1.08 * (size > 0 ? painting.niceCeil(size) : 1);
  const ranges = { "xaxis.range": padded(endsOf(xs[0]), 0.04), "yaxis.range": [-top, top] };
  return Plotly.update(plot, { x: xs, y: ys, ...look }, ranges, [...xs.keys()]);
};

export const paint = (answer: OneStep) => {
  if (!plots.length) return;
  const { pull, net } = answer;
  const { x, residual, factor } = pull;
  const colour = plotting.colour(weights.at(net, pull.weight).role);
  const marker =
    x.length < MANY ? { "marker.size": 6, "marker.opacity": 0.7 } : { "marker.size": 4, "marker.opacity": 0.3 };
  const mean = value(answer, "gradient", pull.weight);
  show(plots[0], [x], [residual], marker);
  show(plots[1], [x], [factor], { "line.color": colour });
  show(plots[2], [x, endsOf(x)], [products(pull), [mean, mean]], { ...marker, "marker.color": [colour, TRUTH] });
};

export const titles = (answer: OneStep) => {
  const weight = weights.at(answer.net, answer.pull.weight);
  const m = mathml;
  const [residual, factor] = [formulas.residual(answer), formulas.factor(answer, weight)];
  const written: string[] = [residual, m.row(m.op("×"), factor), m.row(m.op("="), residual, m.op("·"), factor)];
  NAMES.forEach((name, i) => {
    byId(`one-step-${name}-title`).innerHTML = m.math(written[i]);
  });
};
