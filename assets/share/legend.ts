// The legend of a picture: which of its traces are named, and how.
import type { Legend } from "../core/plots/roles";

// Whether Plotly has drawn any point of a trace, from what it has computed for it. The numbers of the
// figure do not tell: there null stands for no point, and they may be encoded.
export const isDrawn = (points: PlotlyPoint[] = []) =>
  points.some(({ x, y, s }) => x !== undefined && y !== undefined && s !== 0);

// The name of each trace: its own, that of its role, or of a curve without either what its axis
// counts. Null for what is not drawn, and for what has the name of an earlier one.
type Trace = { name?: string; role?: string; isDrawn: boolean };
export const namesOf = (traces: Trace[], legend: Legend, axis: string) => {
  const told = new Set<string>();
  return traces.map(({ name, role = "", isDrawn }) => {
    const word = name ?? legend[role] ?? (role === "yhat" ? axis : "");
    if (!word || !isDrawn || told.has(word)) return null;
    told.add(word);
    return word;
  });
};
