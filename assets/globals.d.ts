// Plotly's basic bundle, which a script of its own defines before this code runs.
declare global {
  const Plotly: any;
  // A graph as Plotly has drawn it, with the parts that the page reads.
  interface PlotlyGraph extends HTMLElement {
    _fullLayout: Record<string, any>;
    _fullData: Record<string, any>[];
    calcdata: unknown[];
    data: Record<string, any>[];
    layout: Record<string, any>;
    on: (event: string, listener: (...values: any[]) => void) => void;
    removeAllListeners: (event: string) => void;
  }
  interface Window {
    Plotly: typeof Plotly;
    dash_clientside: {
      set_props?: (id: string, props: Record<string, unknown>) => void;
      pwlapp?: Record<string, (...values: never[]) => unknown>;
    };
  }
}

export {};
