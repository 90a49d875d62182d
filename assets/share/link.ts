// What a link holds, without what is as usual, and back; every number bit for bit.
//
// The whole is {build, fit}. `build` is {params, challenge}. `fit` is {kind, saved}: `saved` is what
// the server's verb of that name gives, and `kind` says how much of it travels:
//   "weights"   all of it: training goes on from there
//   "recipe"    a wide net without its weights: it starts over and trains so many epochs
//   "settings"  seed, net and optimizer only
import { allows, limits } from "../core/limits";
import * as nets from "../core/net";
import * as pack from "./pack";

const NET = { h: 2, bias1: false, activation: "relu", loss: "bce" };
const ADAM = { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 };
const SGD = { kind: "sgd", lr: 0.1, momentum: 0, weight_decay: 0 };
const KINDS = ["weights", "recipe", "settings"];
const VECTORS = ["params", "m", "v"];
const MOST_POINTS = 150;
const MOST_DECIMALS = 4;
const DRAWN = { n: 0, noise: 0, seed: 0, held_out: 0 };

const broken = () => pack.broken("damaged");
const need = (fact) => {
  if (!fact) throw broken();
};
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
const isFinite32 = (value) => typeof value === "number" && Number.isFinite(Math.fround(value));

// --- base64 of little-endian float32, as the server writes vectors ------------------------------
const toNumbers = (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
};
const toBase64 = (numbers) => {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((value, k) => view.setFloat32(4 * k, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
};

// The shortest number that is the same float32: 0.1, and not 0.10000000149.
const shortest = (value) => {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};

const without = (object, usual) =>
  Object.fromEntries(Object.entries(object).filter(([name, value]) => usual[name] !== value));

// --- columns of points: whole numbers where few decimals are all they have ----------------------
const columnOut = (values, floats) => {
  if (values === null || values === undefined) return null;
  for (let d = 0; d <= MOST_DECIMALS; d++) {
    const scaled = values.map((value) => Math.round(value * 10 ** d));
    const same = scaled.every((n, k) => Math.fround(n / 10 ** d) === Math.fround(values[k]));
    if (same) return [d, ...scaled];
  }
  floats.push(...values);
  return values.length;
};
const columnIn = (told, floats) => {
  if (told === null) return null;
  if (Array.isArray(told)) {
    const [d, ...scaled] = told;
    need(isCount(d, MOST_DECIMALS) && scaled.length <= MOST_POINTS && scaled.every(Number.isInteger));
    return scaled.map((n) => n / 10 ** d);
  }
  need(isCount(told, MOST_POINTS) && told <= floats.length);
  return floats.splice(0, told).map(shortest);
};

const isOwn = (spec) => spec?.law === "own";
export const fits = (spec) => !isOwn(spec) || spec.x.length <= MOST_POINTS;

const dataOut = (spec, floats) => {
  const { x, y, prob, law, ...rest } = spec;
  const told = without(rest, DRAWN);
  if (isOwn(spec)) return { ...told, own: [x, y, prob].map((column) => columnOut(column, floats)) };
  if (law !== "lecture") told.law = law;
  return Object.keys(told).length ? told : undefined;
};
const dataIn = (told: Record<string, any> = {}, floats) => {
  need(isObject(told));
  const { own, label = "", ...rest }: Record<string, any> = told;
  need(typeof label === "string" && label.length <= limits.max_label);
  need(Object.values(rest).every((value) => typeof value === "string" || isFinite32(value)));
  if (own === undefined) return { law: "lecture", ...DRAWN, ...rest };
  need(Array.isArray(own) && own.length === 3);
  const [x, y, prob] = own.map((column) => columnIn(column, floats));
  need(x && y && x.length === y.length && (!prob || prob.length === x.length));
  return { law: "own", held_out: rest.held_out ?? 0, label, x, y, prob };
};

// --- Build -------------------------------------------------------------------------------------
const buildOut = ({ params, challenge }, floats) => {
  const told: Record<string, any> = {};
  if (params.some((value, k) => value !== nets.START[k])) {
    told.w = 1;
    floats.push(...params);
  }
  if (challenge) told.c = [challenge.left, challenge.right, challenge.b, Number(challenge.shown)];
  return Object.keys(told).length ? told : undefined;
};
const buildIn = (told: Record<string, any> = {}, floats) => {
  need(isObject(told));
  const params = told.w ? floats.splice(0, 5).map(shortest) : [...nets.START];
  need(params.length === 5 && params.every((value) => Math.abs(value) <= limits.max_param));
  if (!told.c) return { params, challenge: null };
  need(Array.isArray(told.c) && told.c.length === 4 && told.c.every((v) => isFinite32(v) && Math.abs(v) <= 100));
  const [left, right, b, shown] = told.c;
  return { params, challenge: { left, right, b, shown: shown === 1 } };
};

// --- Fit ---------------------------------------------------------------------------------------
const fitOut = ({ kind, saved }, floats) => {
  const usual = saved.optimizer.kind === "sgd" ? SGD : ADAM;
  const told: Record<string, any> = {
    ...without(
      { s: saved.seed, g: saved.engine, e: saved.epoch, o: saved.optimizer_epoch, k: kind },
      {
        s: 1,
        g: "auto",
        e: 0,
        o: 0,
        k: "weights",
      },
    ),
    n: without(saved.net, NET),
    opt: { ...without(saved.optimizer, usual), ...(usual === SGD ? { kind: "sgd" } : {}) },
    d: kind === "settings" && !fits(saved.data) ? undefined : dataOut(saved.data, floats),
    key: saved.data_key,
  };
  if (saved.by_recipe) told.r = 1;
  if (!Object.keys(told.n).length) delete told.n;
  if (!Object.keys(told.opt).length) delete told.opt;
  if (kind === "weights") {
    told.l = saved.loss;
    const vectors = VECTORS.map((name) => toNumbers(saved[name]));
    told.v = vectors.map((values) => (values.some((value) => value !== 0) ? values.length : 0));
    vectors.filter((_, k) => told.v[k]).forEach((values) => floats.push(...values));
  }
  return told;
};

const vectorsIn = (told, net, floats) => {
  const size = nets.size(net);
  need(Array.isArray(told) && told.length === 3 && told.every((n) => n === 0 || n === size));
  const read = told.map((n) => (n ? floats.splice(0, n) : Array(size).fill(0)));
  need(read.every((values) => values.length === size) && read[0].every(Number.isFinite));
  return Object.fromEntries(VECTORS.map((name, k) => [name, toBase64(read[k])]));
};

const fitIn = (told, floats) => {
  need(isObject(told));
  const net = { ...NET, ...told.n };
  const optimizer = { ...(told.opt?.kind === "sgd" ? SGD : ADAM), ...told.opt };
  const { s: seed = 1, g: engine = "auto", e: epoch = 0, o: optimizer_epoch = 0, k: kind = "weights" } = told;
  need(KINDS.includes(kind) && allows("seed", seed) && isCount(epoch, 1e9) && isCount(optimizer_epoch, epoch));
  need(Object.keys(net).length === 4 && allows("hidden", net.h) && typeof net.bias1 === "boolean");
  need(limits.activations.includes(net.activation) && limits.losses.includes(net.loss));
  need(Object.hasOwn(limits.optimizers, optimizer.kind) && typeof engine === "string" && /^[\w@:]{1,40}$/.test(engine));
  need(Object.entries(optimizer).every(([name, value]) => name === "kind" || isFinite32(value)));
  need(typeof told.key === "string" && /^[\w-]{1,64}$/.test(told.key));
  const data = dataIn(told.d, floats);
  need(told.l === undefined || told.l === null || isFinite32(told.l));
  const vectors = kind === "weights" ? vectorsIn(told.v, net, floats) : {};
  return {
    kind,
    saved: {
      format: 1,
      seed,
      net,
      optimizer,
      engine,
      data,
      data_key: told.key,
      epoch,
      optimizer_epoch,
      loss: told.l ?? null,
      by_recipe: told.r === 1,
      ...vectors,
    },
  };
};

// --- the whole ---------------------------------------------------------------------------------
export const write = ({ build, fit }) => {
  const floats = [];
  const content = { b: buildOut(build, floats), f: fit ? fitOut(fit, floats) : undefined };
  return pack.pack(content, floats);
};

export const read = async (text) => {
  const { content, floats } = await pack.unpack(text);
  need(isObject(content));
  const build = buildIn(content.b, floats);
  const fit = content.f === undefined ? null : fitIn(content.f, floats);
  need(floats.length === 0);
  return { build, fit };
};
