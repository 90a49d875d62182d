// Types of global variables: of Plotly, which a separate script defines before this code runs, and of Dash's part of
// `window`. Only what the page uses is declared.
declare global {
  type PlotlyAxis = {
    range: [number, number];
    autorange: boolean;
    title?: { text?: string };
    tickvals?: number[];
    // The pixel of a value, from the start of the axis, is d2p(value): on a linear axis, _b + _m value. From the edge of
    // the whole graph, _offset has to be added.
    _offset: number;
    _b: number;
    _m: number;
    d2c: (value: number | null) => number | undefined;
    d2p: (value: number) => number;
    p2d: (pixel: number) => number;
    [name: string]: unknown;
  };
  type PlotlyTrace = {
    x?: ArrayLike<number | null>;
    y?: ArrayLike<number | null>;
    name?: string;
    mode?: string;
    opacity?: number;
    meta?: string; // the trace's role, if it cannot be found by its colour
    line?: { color?: string; width?: number; [name: string]: unknown };
    marker?: { color?: string; size?: number; opacity?: number; [name: string]: unknown };
    [name: string]: unknown;
  };
  // A trace as Plotly has completed it; `xaxis` and `yaxis` are names such as "x2".
  type PlotlyFullTrace = {
    mode: string;
    visible: boolean | "legendonly";
    xaxis: string;
    yaxis: string;
    marker: { size: number };
  };
  type PlotlyLayout = Record<string, unknown>;
  type PlotlyChanges = Record<string, unknown>; // by path: {"xaxis.range": [0, 1]}
  // A point of a trace as Plotly has computed it. `s` is the length of a bar. A trace's first point also has the trace's
  // SVG group (`node3`).
  type PlotlyPoint = { i?: number; x?: number; y?: number; s?: number; node3?: { node: () => SVGGElement | null } };
  type PlotlyPointEvent = { points: { customdata?: unknown }[] };

  type PlotlyMargin = { l: number; r: number; t: number; b: number };
  // The element of a graph that Plotly has drawn.
  interface PlotlyGraph extends HTMLElement {
    data: PlotlyTrace[];
    layout: {
      margin: PlotlyMargin;
      yaxis?: { title?: { text?: string } };
      [name: string]: unknown;
    };
    calcdata?: PlotlyPoint[][];
    _dragging?: boolean; // the mouse button is down
    _fullData: PlotlyFullTrace[];
    _fullLayout: {
      width: number;
      height: number;
      xaxis: PlotlyAxis;
      yaxis: PlotlyAxis;
      _plots: Record<string, { xaxis: PlotlyAxis; yaxis: PlotlyAxis }>;
      _rehover?: () => void;
    };
    on(event: "plotly_click" | "plotly_hover", listener: (event: PlotlyPointEvent) => void): void;
    on(event: "plotly_beforehover", mayHover: () => boolean): void;
    on(event: "plotly_relayout", listener: (changes: PlotlyChanges) => void): void;
    on(event: "plotly_afterplot", listener: () => void): void;
    removeAllListeners(event: string): void;
  }

  type PlotlyFigure = { data: PlotlyTrace[]; layout: PlotlyLayout; config?: object };
  // A figure of figures.py
  type PageFigure = {
    data: PlotlyTrace[];
    layout: PlotlyLayout & { margin: PlotlyMargin; font: object; xaxis: object; yaxis: object };
  };
  type PlotlyLibrary = {
    newPlot(node: HTMLElement, data: PlotlyTrace[], layout: PlotlyLayout, config?: object): Promise<PlotlyGraph>;
    react(node: HTMLElement, data: PlotlyTrace[], layout: PlotlyLayout, config?: object): Promise<PlotlyGraph>;
    relayout(gd: PlotlyGraph, changes: PlotlyChanges): Promise<unknown>;
    restyle(gd: PlotlyGraph, changes: PlotlyChanges, traces: number[]): Promise<unknown>;
    update(gd: PlotlyGraph, traces: PlotlyChanges, layout: PlotlyChanges, places: number[]): Promise<unknown>;
    animate(gd: PlotlyGraph, frame: { data: PlotlyTrace[]; traces: number[] }, options: object): Promise<unknown>;
    redraw(gd: PlotlyGraph): Promise<unknown>;
    purge(node: HTMLElement): void;
    toImage(figure: PlotlyFigure, options: object): Promise<string>;
  };

  const Plotly: PlotlyLibrary;
  // The parts of Dash's React that the page uses
  const React: { useLayoutEffect(effect: () => void, dependencies: unknown[]): void };
  const ReactDOM: { createPortal(children: unknown, into: Element): unknown };
  interface Window {
    Plotly: PlotlyLibrary;
    pwlapp: Record<string, (props: never) => unknown>;
    dash_clientside: {
      set_props: (id: string, props: Record<string, unknown>) => void;
      pwlapp?: Record<string, (...values: never[]) => unknown>;
    };
  }
}

export {};
