// The names in the legend of a picture.
import type { Legend } from "../core/plots/roles";

// Whether Plotly has drawn any point of a trace, judged by the points that it has computed. (The figure's own numbers
// may be null or encoded.)
export const isDrawn = (points: PlotlyPoint[] = []) =>
  points.some(({ x, y, s }) => x !== undefined && y !== undefined && s !== 0);

// The name of each trace: its own, its role's in the legend, or, for yhat without either, the title of the y axis. Null
// for traces that are not drawn, and for those with the same name as an earlier one.
type Trace = { name?: string; role?: string; isDrawn: boolean };
export const namesOf = (traces: Trace[], legend: Legend, axis: string) => {
  const used = new Set<string>();
  return traces.map(({ name, role = "", isDrawn }) => {
    const text = name ?? legend[role] ?? (role === "yhat" ? axis : "");
    if (!text || !isDrawn || used.has(text)) return null;
    used.add(text);
    return text;
  });
};
