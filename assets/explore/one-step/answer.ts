// The server's answer to the command `one_step`, which explains the session's next epoch.
import type { Column, NetDescription } from "../../core/types";

export interface Adam {
  kind: "adam";
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
}

export interface Sgd {
  kind: "sgd";
  lr: number;
  momentum: number;
}

export interface Table {
  old: Column;
  m_old: Column;
  v_old: Column;
  gradient: Column;
  difference: Column;
  m: Column;
  v: Column;
  m_hat: Column;
  v_hat: Column;
  step: Column;
  new: Column;
}

// How the points contribute to the gradient of one weight. `x`, `residual` and `factor` have the values of a sample of
// the points. `up` and `down` are the sums of the positive and negative contributions of all points.
export interface Pull {
  weight: number;
  x: number[];
  residual: Column;
  factor: Column;
  up: number | null;
  down: number | null;
  n_up: number;
  n_down: number;
}

export interface OneStep {
  epoch: number;
  version: number;
  net: NetDescription;
  optimizer: Adam | Sgd;
  n: number;
  loss: number | null;
  loss_after: number | null;
  diverges: boolean;
  count: number; // number of the optimizer's step, from 1
  listed: number[]; // indices of the table's weights in the parameter vector
  table: Table;
  pull: Pull;
}

// A value of the table; `place` is the weight's index in the parameter vector.
export const value = ({ listed, table }: OneStep, column: keyof Table, place: number): number =>
  table[column][listed.indexOf(place)] ?? Number.NaN;

// n times each point's contribution to the gradient, so that their mean is the gradient.
export const products = ({ residual, factor }: Pull): Column =>
  residual.map((r, i) => (r === null || factor[i] === null ? null : r * factor[i]));
