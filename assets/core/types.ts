// Types that several folders use: nets, points, frames, sessions, and the server's answers.

// --- nets -----------------------------------------------------------------------------------------
// [W1_1..W1_h, b1_1..b1_h, W2_1..W2_h, b2]; b1 only in nets that have it
export type Weights = number[];
export type Activation = "relu" | "sigmoid";
export type Loss = "bce" | "mse";
export type NetDescription = { h: number; bias1: boolean; activation: Activation; loss: Loss };
// The net in Fit. A net with up to 8 hidden units is `plain`: its frames have the weights. A larger net is called wide:
// its frames have only the curve of the logit.
export type FitNet = NetDescription & { plain: boolean };
export type Optimizer = {
  kind: "adam" | "sgd";
  lr: number;
  momentum?: number; // only SGD has it; the other three are Adam's
  beta1?: number;
  beta2?: number;
  eps?: number;
  weight_decay?: number;
};

// --- curves and points ----------------------------------------------------------------------------
export type Range = [low: number, high: number];
export type Numbers = ArrayLike<number>;
export type Column = (number | null)[]; // null is a gap
export type Curve = { x: Column; y: Column };
export type Points = { x: number[]; y: number[] };
// The straight pieces of a line: slopes[i] x + intercepts[i] between knots[i - 1] and knots[i].
export type Pieces = { knots: number[]; slopes: number[]; intercepts: number[] };
// y = left x + b (x < 0), right x + b (x >= 0)
export type BentLine = { left: number; right: number; b: number };

// Build's five weights, and the line to match while the challenge is on.
export type Challenge = BentLine & { shown: boolean };
export type BuildState = { params: Weights; challenge: Challenge | null };

// How a dataset is made; DataSpec in pwlapp/core/data/points.py.
export type DataSpec = {
  law: string;
  n?: number;
  noise?: number;
  seed?: number;
  held_out?: number;
  label?: string;
  x?: number[];
  y?: number[];
  prob?: number[] | null;
};

// A law that data can be drawn from, with its default settings; law_row in pwlapp/ui/sections/fit_dataset.py.
export type Law = {
  name: string;
  is_binary: boolean;
  n: number;
  noise: number;
  max_noise: number;
  seed: number;
  net: NetDescription;
  lr: number;
  epochs: number;
  line: string; // SVG paths of a sketch
  dots: string;
};

// --- messages -------------------------------------------------------------------------------------
export type Args = Record<string, unknown>; // what replaces {name} in a message
export type Message = { code: string; args?: Args }; // a notice or an error of the server

// --- sessions -------------------------------------------------------------------------------------
// A net at one epoch, as the browser keeps it; `loss` is null if it is not finite.
export type Frame = {
  seq: number;
  epoch: number;
  loss: number | null;
  mark: string; // why the frame was recorded, such as "edit" or "end"; "" for most frames
  net: FitNet;
  p: Weights | null; // null for a wide net
  curve: number[] | null; // the logit of a wide net
  test?: number | null; // loss at the points held out
};
// A frame as the server sends it; see pwlapp/sessions/snapshot.py.
export type FrameRow = [seq: number, epoch: number, loss: number | null, mark: string, ...numbers: number[]];

export type Status = "idle" | "running" | "paused" | "diverged";
// A session's newest state; see pwlapp/sessions/snapshot.py.
export type Snapshot = {
  version: number;
  status: Status;
  epoch: number;
  start_epoch: number;
  target_epoch: number;
  seed: number;
  net: NetDescription;
  optimizer: Optimizer;
  lr: number;
  engine: string;
  engine_used: string | null;
  engine_speed: number | null;
  data_key: string;
  first_seq: number;
  next_seq: number;
  loss: number | null;
  params: Weights | null; // null: a wide net
  epochs_per_second: number | null;
  notice: Message | null;
  by_recipe: boolean;
  can_undo: number;
  can_redo: number;
};

// The server's answer: what was requested, or a refusal with the error.
type Refusal<T> = { error: Message } & { [name in keyof T]?: null };
export type Answer<T = { snapshot: Snapshot }> = (T & { error?: null }) | Refusal<T>;

// Whether a thrown value is a message for the user.
export const isMessage = (error: unknown): error is Message =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" && error.code !== "";
