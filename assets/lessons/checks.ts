// What a step of a lesson asks for, and whether it is so. The names are those of lessons.py.
import * as buildSection from "../build/build";
import * as nets from "../core/net";
import * as oneStep from "../explore/one-step/card";
import * as seeds from "../explore/seeds/card";
import * as fitSection from "../fit/fit";

const within = (value, { min = -Infinity, max = Infinity }) => value >= min && value <= max;
const EDGE_NEAR = 0.1; // from where it is wanted
const head = (net, p, k) => p.slice(k * net.h, (k + 1) * net.h);

const buildMse = () => {
  const xs = nets.grid(-1, 1, 101);
  const target = buildSection.now().challenge ?? nets.TARGET;
  return nets.mse(nets.logit(buildSection.weights(), xs), nets.bent(target, xs));
};
const differs = (from, to) =>
  buildSection
    .weights()
    .slice(from, to)
    .some((w, k) => w !== nets.START[from + k]);

// Each is given what is wanted and what `pwl.fit.now()` gives.
const CHECKS = {
  read: () => false, // until one goes on
  build_mse: (wanted) => within(buildMse(), wanted),
  build_moved: () => differs(0, 5),
  w1_moved: () => differs(0, 2),
  construction: (wanted) => document.getElementById(`construction-${wanted}`).getAttribute("aria-selected") === "true",
  epoch: (wanted, { state }) => within(state.epoch, wanted),
  at_epoch: (wanted, { frame, state }) => frame?.epoch === wanted && state.epoch > wanted,
  seed: (wanted, { state }) => state.seed === wanted,
  loss: (wanted, { state }) => within(state.loss ?? Infinity, wanted),
  width: (wanted, { state }) => within(state.net.h, wanted),
  bias1: (wanted, { state }) => state.net.bias1 === wanted,
  activation: (wanted, { state }) => state.net.activation === wanted,
  optimizer: (wanted, { state }) => state.optimizer.kind === wanted,
  lr: (wanted, { state }) => within(state.lr, wanted),
  momentum: (wanted, { state }) => within(state.optimizer.momentum ?? 0, wanted),
  status: (wanted, { state }) => state.status === wanted,
  both_sides: (_, { state }) => {
    const W1 = head(state.net, state.params ?? [], 0);
    return W1.some((w) => w > 0) && W1.some((w) => w < 0);
  },
  steep: (wanted, { state }) =>
    Boolean(state.params) && head(state.net, state.params, 0).every((w) => within(Math.abs(w), wanted)),
  edges: (wanted, { state: { net, params } }) =>
    net.bias1 &&
    Boolean(params) &&
    params.slice(0, net.h).every((w, k) => {
      return Math.abs(Math.abs(params[net.h + k] / w) - wanted) < EDGE_NEAR;
    }),
  seeds: (wanted) => within(seeds.trained() ?? 0, wanted),
  weight: (wanted) => oneStep.chosen() === wanted,
  unit: () => Number(document.querySelector<HTMLInputElement>("#pieces-choose input")?.value ?? 0) > 0,
};

// Whether all that `done` asks for is so; null before the session is open.
export const isDone = (done) => {
  const now = fitSection.now();
  if (!now.state || !now.net) return null;
  return Object.entries(done).every(([name, wanted]) => CHECKS[name](wanted, now));
};
