// Encodes Build's state and Fit's session as the text of a link, and decodes it. Numbers are restored bit for bit.
// Values that are the default are left out. Everything in a link is validated.
//
// The `kind` of `fit` says how much of the session the link contains:
//   "weights"   all of it, so that training can continue
//   "recipe"    no weights (of a wide net); it is trained again, for the same number of epochs
//   "settings"  only seed, net and optimizer
import { allows, limits } from "../core/limits";
import * as nets from "../core/net/net";
import type { BuildState, DataSpec, NetDescription, Optimizer, Weights } from "../core/types";
import * as pack from "./pack";

// A session as the server's command "saved" returns it. The vectors are base64 of little-endian float32.
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
export type Content = { build: BuildState; fit: SavedFit | null };
type Vector = "params" | "m" | "v";
type Json = Record<string, unknown>; // an object in a link, not validated yet
// An encoded column of points: either [d, ...integers], where the integers are the numbers times 10^d; or only the
// count of the numbers, which then are among the link's floats.
type EncodedColumn = number | number[] | null;

const NET: Json = { h: 2, bias1: false, activation: "relu", loss: "bce" };
const ADAM: Json = { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 };
const SGD: Json = { kind: "sgd", lr: 0.1, momentum: 0, weight_decay: 0 };
const isKind = (value: unknown): value is Kind => value === "weights" || value === "recipe" || value === "settings";
const VECTORS: Vector[] = ["params", "m", "v"];
const MAX_POINTS = 150;
const MAX_DECIMALS = 4;
const DEFAULT_DATA: Json = { n: 0, noise: 0, seed: 0, held_out: 0 };

// Throws unless `fact` is true.
const need: (fact: unknown) => asserts fact = (fact) => {
  if (!fact) throw new pack.BrokenLink("damaged");
};
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number";
const isOneOf = (all: string[], value: unknown) => all.some((each) => each === value);
const isFinite32 = (value: unknown): value is number => isNumber(value) && Number.isFinite(Math.fround(value));
const isCount = (value: unknown, most: number): value is number =>
  isNumber(value) && Number.isInteger(value) && value >= 0 && value <= most;

// --- base64 of little-endian float32, the server's format of vectors ----------------------------
const fromBase64 = (text: string) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
};
const toBase64 = (numbers: number[]) => {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((value, k) => view.setFloat32(4 * k, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
};

// A session's vectors: these weights, and an optimizer that starts anew.
export const vectorsOf = (params: Weights) => {
  const zeros = toBase64(params.map(() => 0));
  return { params: toBase64(params), m: zeros, v: zeros };
};

// The shortest decimal number that is the same float32: 0.1 and not 0.10000000149.
const shortest = (value: number) => {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};

const withoutDefaults = (object: object, defaults: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([name, value]) => defaults[name] !== value));

// --- columns of points --------------------------------------------------------------------------
// `floats` collects the numbers that are encoded as float32.
const encodeColumn = (values: number[] | null | undefined, floats: number[]): EncodedColumn => {
  if (!values) return null;
  for (let d = 0; d <= MAX_DECIMALS; d++) {
    const scaled = values.map((value) => Math.round(value * 10 ** d));
    const same = scaled.every((n, k) => Math.fround(n / 10 ** d) === Math.fround(values[k]));
    if (same) return [d, ...scaled];
  }
  floats.push(...values);
  return values.length;
};
const decodeColumn = (code: unknown, floats: number[]): number[] | null => {
  if (code === null) return null;
  if (Array.isArray(code)) {
    const [d, ...scaled]: unknown[] = code;
    need(isCount(d, MAX_DECIMALS) && scaled.length <= MAX_POINTS && scaled.every(isNumber));
    need(scaled.every(Number.isInteger));
    return scaled.map((n) => n / 10 ** d);
  }
  need(isCount(code, MAX_POINTS) && code <= floats.length);
  return floats.splice(0, code).map(shortest);
};

const isOwn = (spec: DataSpec) => spec.law === "own";
export const fits = (spec: DataSpec) => !isOwn(spec) || (spec.x?.length ?? 0) <= MAX_POINTS;

const encodeData = (spec: DataSpec, floats: number[]) => {
  const { x, y, prob, law, ...rest } = spec;
  const code = withoutDefaults(rest, DEFAULT_DATA);
  if (isOwn(spec)) return { ...code, own: [x, y, prob].map((column) => encodeColumn(column, floats)) };
  if (law !== "lecture") code.law = law;
  return Object.keys(code).length ? code : undefined;
};
const decodeData = (code: unknown = {}, floats: number[]): DataSpec => {
  need(isObject(code));
  const { own, label = "", ...rest } = code;
  need(typeof label === "string" && label.length <= limits.max_label);
  need(Object.values(rest).every((value) => typeof value === "string" || isFinite32(value)));
  if (own === undefined) return { law: "lecture", ...DEFAULT_DATA, ...rest }; // the server validates these in detail
  need(Array.isArray(own) && own.length === 3);
  const [x, y, prob] = own.map((column) => decodeColumn(column, floats));
  need(x && y && x.length === y.length && (!prob || prob.length === x.length));
  const { held_out = 0 } = rest;
  need(isNumber(held_out));
  return { law: "own", held_out, label, x, y, prob };
};

// --- Build -------------------------------------------------------------------------------------
// The keys of the code: w if the weights are among the link's floats, c the challenge.
const encodeBuild = ({ params, challenge }: BuildState, floats: number[]) => {
  const code: Json = {};
  if (params.some((value, k) => value !== nets.START[k])) {
    code.w = 1;
    floats.push(...params);
  }
  if (challenge) code.c = [challenge.left, challenge.right, challenge.b, Number(challenge.shown)];
  return Object.keys(code).length ? code : undefined;
};
const decodeBuild = (code: unknown = {}, floats: number[]): BuildState => {
  need(isObject(code));
  const params = code.w ? floats.splice(0, 5).map(shortest) : [...nets.START];
  need(params.length === 5 && params.every((value) => Math.abs(value) <= limits.max_param));
  if (!code.c) return { params, challenge: null };
  need(Array.isArray(code.c) && code.c.length === 4);
  const numbers: unknown[] = code.c;
  need(numbers.every(isFinite32) && numbers.every((value) => Math.abs(value) <= 100));
  const [left, right, b, shown] = numbers;
  return { params, challenge: { left, right, b, shown: shown === 1 } };
};

// --- Fit ---------------------------------------------------------------------------------------
// The keys of the code: s seed, n net, opt optimizer, g engine, d data, key data_key, e epoch, o optimizer_epoch, l loss,
// r by_recipe, k kind, and v the lengths of the vectors, whose numbers are among the link's floats.
const encodeFit = ({ kind, saved }: SavedFit, floats: number[]) => {
  const defaults = saved.optimizer.kind === "sgd" ? SGD : ADAM;
  const { seed: s, engine: g, epoch: e, optimizer_epoch: o } = saved;
  const n = withoutDefaults(saved.net, NET);
  const opt = { ...withoutDefaults(saved.optimizer, defaults), ...(defaults === SGD ? { kind: "sgd" } : {}) };
  const code: Json = {
    ...withoutDefaults({ s, g, e, o, k: kind }, { s: 1, g: "auto", e: 0, o: 0, k: "weights" }),
    ...(Object.keys(n).length ? { n } : {}),
    ...(Object.keys(opt).length ? { opt } : {}),
    d: kind === "settings" && !fits(saved.data) ? undefined : encodeData(saved.data, floats),
    key: saved.data_key,
  };
  if (saved.by_recipe) code.r = 1;
  if (kind === "weights") {
    const vectors = VECTORS.map((name) => fromBase64(saved[name] ?? ""));
    const written = vectors.map((values) => (values.some((value) => value !== 0) ? values : []));
    Object.assign(code, { l: saved.loss, v: written.map((values) => values.length) });
    for (const values of written) floats.push(...values);
  }
  return code;
};

const decodeVectors = (code: unknown, net: NetDescription, floats: number[]) => {
  const size = nets.size(net);
  need(Array.isArray(code) && code.length === 3 && code.every((n) => n === 0 || n === size));
  const read: number[][] = code.map((n) => (n ? floats.splice(0, size) : Array(size).fill(0)));
  need(read.every((values) => values.length === size) && read[0].every(Number.isFinite));
  return Object.fromEntries(VECTORS.map((name, k) => [name, toBase64(read[k])]));
};

const isAllowed = (name: "seed" | "hidden", value: unknown): value is number => isNumber(value) && allows(name, value);
const decodeNet = (code: unknown = {}) => {
  need(isObject(code));
  const net = { ...NET, ...code };
  need(Object.keys(net).length === 4 && isAllowed("hidden", net.h) && typeof net.bias1 === "boolean");
  need(isOneOf(limits.activations, net.activation) && isOneOf(limits.losses, net.loss));
  return net as NetDescription;
};
const decodeOptimizer = (code: unknown = {}) => {
  need(isObject(code));
  const { kind, ...numbers } = { ...(code.kind === "sgd" ? SGD : ADAM), ...code };
  need(isOneOf(Object.keys(limits.optimizers), kind) && Object.values(numbers).every(isFinite32));
  return { kind, ...numbers } as Optimizer;
};

const decodeFit = (code: unknown, floats: number[]): SavedFit => {
  need(isObject(code));
  const [net, optimizer] = [decodeNet(code.n), decodeOptimizer(code.opt)];
  const { s: seed = 1, g: engine = "auto", e: epoch = 0, o: optimizer_epoch = 0, k: kind = "weights" } = code;
  need(isKind(kind) && isAllowed("seed", seed) && isCount(epoch, 1e9) && isCount(optimizer_epoch, epoch));
  need(typeof engine === "string" && /^[\w@:]{1,40}$/.test(engine));
  need(typeof code.key === "string" && /^[\w-]{1,64}$/.test(code.key));
  const data = decodeData(code.d, floats);
  const loss = isFinite32(code.l) ? code.l : null;
  need(loss !== null || code.l === undefined || code.l === null);
  const vectors = kind === "weights" ? decodeVectors(code.v, net, floats) : {};
  return {
    kind,
    saved: {
      format: 1,
      seed,
      net,
      optimizer,
      engine,
      data,
      data_key: code.key,
      epoch,
      optimizer_epoch,
      loss,
      by_recipe: code.r === 1,
      ...vectors,
    },
  };
};

// --- the text of a link ------------------------------------------------------------------------
export const write = ({ build, fit }: Content) => {
  const floats: number[] = [];
  const content = { b: encodeBuild(build, floats), f: fit ? encodeFit(fit, floats) : undefined };
  return pack.pack(content, floats);
};

// Rejects with a BrokenLink.
export const read = async (text: string): Promise<Content> => {
  const { content, floats } = await pack.unpack(text);
  need(isObject(content));
  const build = decodeBuild(content.b, floats);
  const fit = content.f === undefined ? null : decodeFit(content.f, floats);
  need(floats.length === 0);
  return { build, fit };
};
