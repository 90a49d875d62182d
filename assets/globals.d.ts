// Plotly's basic bundle, which a script of its own defines before this code runs.
import type * as PlotlyJs from "plotly.js";

declare global {
  const Plotly: typeof PlotlyJs;
  interface Window {
    Plotly: typeof PlotlyJs;
    dash_clientside: {
      set_props?: (id: string, props: Record<string, unknown>) => void;
      pwlapp?: Record<string, (...values: never[]) => unknown>;
    };
  }
}
