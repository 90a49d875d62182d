// What a link holds, without what is as usual, and back; every number bit for bit.
//
// The whole is {build, fit}. The `kind` of `fit` says how much of the session travels:
//   "weights"   all of it: training goes on from there
//   "recipe"    a wide net without its weights: it starts over and trains so many epochs
//   "settings"  seed, net and optimizer only
import { allows, limits } from "../core/limits";
import * as nets from "../core/net/net";
import type { BuildState, DataSpec, NetDescription, Optimizer } from "../core/types";
import * as pack from "./pack";

// A session as the server's verb "saved" gives it; the vectors are base64 of little-endian float32.
export type Saved = {
  format: number;
  seed: number;
  net: NetDescription;
  optimizer: Optimizer;
  engine: string;
  data: DataSpec;
  data_key?: string;
  epoch: number;
  optimizer_epoch: number;
  loss?: number | null;
  by_recipe?: boolean;
} & Partial<Record<Vector, string>>;
export type Kind = "weights" | "recipe" | "settings";
export type SavedFit = { kind: Kind; saved: Saved };
export type Whole = { build: BuildState; fit: SavedFit | null };
type Vector = "params" | "m" | "v";
type Json = Record<string, unknown>; // what a link says, not yet looked at
type Told = number | number[] | null; // a column of points: how many numbers it has, or d and they times 10^d

const NET: Json = { h: 2, bias1: false, activation: "relu", loss: "bce" };
const ADAM: Json = { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 };
const SGD: Json = { kind: "sgd", lr: 0.1, momentum: 0, weight_decay: 0 };
const isKind = (value: unknown): value is Kind => value === "weights" || value === "recipe" || value === "settings";
const VECTORS: Vector[] = ["params", "m", "v"];
const MOST_POINTS = 150;
const MOST_DECIMALS = 4;
const DRAWN: Json = { n: 0, noise: 0, seed: 0, held_out: 0 };

const need: (fact: unknown) => asserts fact = (fact) => {
  if (!fact) throw new pack.BrokenLink("damaged");
};
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number";
const isOneOf = (all: string[], value: unknown) => all.some((each) => each === value);
const isFinite32 = (value: unknown): value is number => isNumber(value) && Number.isFinite(Math.fround(value));
const isCount = (value: unknown, most: number): value is number =>
  isNumber(value) && Number.isInteger(value) && value >= 0 && value <= most;

// --- base64 of little-endian float32, as the server writes vectors ------------------------------
const toNumbers = (text: string) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
};
export const toBase64 = (numbers: number[]) => {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((value, k) => view.setFloat32(4 * k, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
};

// The shortest number that is the same float32: 0.1, and not 0.10000000149.
const shortest = (value: number) => {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};

const without = (object: object, usual: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([name, value]) => usual[name] !== value));

// --- columns of points: whole numbers where few decimals are all they have ----------------------
const columnOut = (values: number[] | null | undefined, floats: number[]): Told => {
  if (!values) return null;
  for (let d = 0; d <= MOST_DECIMALS; d++) {
    const scaled = values.map((value) => Math.round(value * 10 ** d));
    const same = scaled.every((n, k) => Math.fround(n / 10 ** d) === Math.fround(values[k]));
    if (same) return [d, ...scaled];
  }
  floats.push(...values);
  return values.length;
};
const columnIn = (told: unknown, floats: number[]): number[] | null => {
  if (told === null) return null;
  if (Array.isArray(told)) {
    const [d, ...scaled]: unknown[] = told;
    need(isCount(d, MOST_DECIMALS) && scaled.length <= MOST_POINTS && scaled.every(isNumber));
    need(scaled.every(Number.isInteger));
    return scaled.map((n) => n / 10 ** d);
  }
  need(isCount(told, MOST_POINTS) && told <= floats.length);
  return floats.splice(0, told).map(shortest);
};

const isOwn = (spec: DataSpec) => spec.law === "own";
export const fits = (spec: DataSpec) => !isOwn(spec) || (spec.x?.length ?? 0) <= MOST_POINTS;

const dataOut = (spec: DataSpec, floats: number[]) => {
  const { x, y, prob, law, ...rest } = spec;
  const told = without(rest, DRAWN);
  if (isOwn(spec)) return { ...told, own: [x, y, prob].map((column) => columnOut(column, floats)) };
  if (law !== "lecture") told.law = law;
  return Object.keys(told).length ? told : undefined;
};
const dataIn = (told: unknown = {}, floats: number[]): DataSpec => {
  need(isObject(told));
  const { own, label = "", ...rest } = told;
  need(typeof label === "string" && label.length <= limits.max_label);
  need(Object.values(rest).every((value) => typeof value === "string" || isFinite32(value)));
  if (own === undefined) return { law: "lecture", ...DRAWN, ...rest }; // the server looks closer
  need(Array.isArray(own) && own.length === 3);
  const [x, y, prob] = own.map((column) => columnIn(column, floats));
  need(x && y && x.length === y.length && (!prob || prob.length === x.length));
  const { held_out = 0 } = rest;
  need(isNumber(held_out));
  return { law: "own", held_out, label, x, y, prob };
};

// --- Build -------------------------------------------------------------------------------------
const buildOut = ({ params, challenge }: BuildState, floats: number[]) => {
  const told: Json = {};
  if (params.some((value, k) => value !== nets.START[k])) {
    told.w = 1;
    floats.push(...params);
  }
  if (challenge) told.c = [challenge.left, challenge.right, challenge.b, Number(challenge.shown)];
  return Object.keys(told).length ? told : undefined;
};
const buildIn = (told: unknown = {}, floats: number[]): BuildState => {
  need(isObject(told));
  const params = told.w ? floats.splice(0, 5).map(shortest) : [...nets.START];
  need(params.length === 5 && params.every((value) => Math.abs(value) <= limits.max_param));
  if (!told.c) return { params, challenge: null };
  need(Array.isArray(told.c) && told.c.length === 4);
  const numbers: unknown[] = told.c;
  need(numbers.every(isFinite32) && numbers.every((value) => Math.abs(value) <= 100));
  const [left, right, b, shown] = numbers;
  return { params, challenge: { left, right, b, shown: shown === 1 } };
};

// --- Fit ---------------------------------------------------------------------------------------
const fitOut = ({ kind, saved }: SavedFit, floats: number[]) => {
  const usual = saved.optimizer.kind === "sgd" ? SGD : ADAM;
  const { seed: s, engine: g, epoch: e, optimizer_epoch: o } = saved;
  const n = without(saved.net, NET);
  const opt = { ...without(saved.optimizer, usual), ...(usual === SGD ? { kind: "sgd" } : {}) };
  const told: Json = {
    ...without({ s, g, e, o, k: kind }, { s: 1, g: "auto", e: 0, o: 0, k: "weights" }),
    ...(Object.keys(n).length ? { n } : {}),
    ...(Object.keys(opt).length ? { opt } : {}),
    d: kind === "settings" && !fits(saved.data) ? undefined : dataOut(saved.data, floats),
    key: saved.data_key,
  };
  if (saved.by_recipe) told.r = 1;
  if (kind === "weights") {
    const vectors = VECTORS.map((name) => toNumbers(saved[name] ?? ""));
    const written = vectors.map((values) => (values.some((value) => value !== 0) ? values : []));
    Object.assign(told, { l: saved.loss, v: written.map((values) => values.length) });
    for (const values of written) floats.push(...values);
  }
  return told;
};

const vectorsIn = (told: unknown, net: NetDescription, floats: number[]) => {
  const size = nets.size(net);
  need(Array.isArray(told) && told.length === 3 && told.every((n) => n === 0 || n === size));
  const read: number[][] = told.map((n) => (n ? floats.splice(0, size) : Array(size).fill(0)));
  need(read.every((values) => values.length === size) && read[0].every(Number.isFinite));
  return Object.fromEntries(VECTORS.map((name, k) => [name, toBase64(read[k])]));
};

const isAllowed = (name: "seed" | "hidden", value: unknown): value is number => isNumber(value) && allows(name, value);
const netIn = (told: unknown = {}) => {
  need(isObject(told));
  const net = { ...NET, ...told };
  need(Object.keys(net).length === 4 && isAllowed("hidden", net.h) && typeof net.bias1 === "boolean");
  need(isOneOf(limits.activations, net.activation) && isOneOf(limits.losses, net.loss));
  return net as NetDescription;
};
const optimizerIn = (told: unknown = {}) => {
  need(isObject(told));
  const { kind, ...numbers } = { ...(told.kind === "sgd" ? SGD : ADAM), ...told };
  need(isOneOf(Object.keys(limits.optimizers), kind) && Object.values(numbers).every(isFinite32));
  return { kind, ...numbers } as Optimizer;
};

const fitIn = (told: unknown, floats: number[]): SavedFit => {
  need(isObject(told));
  const [net, optimizer] = [netIn(told.n), optimizerIn(told.opt)];
  const { s: seed = 1, g: engine = "auto", e: epoch = 0, o: optimizer_epoch = 0, k: kind = "weights" } = told;
  need(isKind(kind) && isAllowed("seed", seed) && isCount(epoch, 1e9) && isCount(optimizer_epoch, epoch));
  need(typeof engine === "string" && /^[\w@:]{1,40}$/.test(engine));
  need(typeof told.key === "string" && /^[\w-]{1,64}$/.test(told.key));
  const data = dataIn(told.d, floats);
  const loss = isFinite32(told.l) ? told.l : null;
  need(loss !== null || told.l === undefined || told.l === null);
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
      loss,
      by_recipe: told.r === 1,
      ...vectors,
    },
  };
};

// --- the whole ---------------------------------------------------------------------------------
export const write = ({ build, fit }: Whole) => {
  const floats: number[] = [];
  const content = { b: buildOut(build, floats), f: fit ? fitOut(fit, floats) : undefined };
  return pack.pack(content, floats);
};

export const read = async (text: string): Promise<Whole> => {
  const { content, floats } = await pack.unpack(text);
  need(isObject(content));
  const build = buildIn(content.b, floats);
  const fit = content.f === undefined ? null : fitIn(content.f, floats);
  need(floats.length === 0);
  return { build, fit };
};
