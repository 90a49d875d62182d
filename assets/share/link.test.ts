import { describe, expect, test } from "vitest";
import { START } from "../core/net/net";
import type { BuildState, Optimizer } from "../core/types";
import { golden } from "../vitest/golden";
import * as link from "./link";
import { pack } from "./pack";

const ADAM: Optimizer = { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 };
const SGD = { kind: "sgd", lr: 0.1, momentum: 0.9, weight_decay: 0 };
const LECTURE = { law: "lecture", n: 0, noise: 0, seed: 0, held_out: 0 };
const BUILD = { params: [0.1, -1 / 3, 1e6, -0, 4.5], challenge: { left: 2.5, right: -9, b: 0, shown: true } };
// A link of the first version, which must always open: seed 3 after 20 epochs, and W2_1 of Build at 2.5.
const FIRST =
  "1.AbUuWtttijEKwkAUROcIHiFM_ZFE2eYX-q-QWmwim8aAEDUhhIUcwSPkJsabuYspLR4zzLwSIyvqyJ5aBGGd-p26F3rqLhfefnH1A5WNvzyeraewpRbChppvnbCjnpw4cecQgOkYeQOZAZsP8LLYFwCJ9B1WJwIDzIApOrP9274";
const UNTOUCHED = { params: START, challenge: null };

// A saved session with 8 units, in which each number differs from its default.
const saved = (changes: object = {}): link.Saved => ({
  format: 1,
  seed: 4_294_967_295,
  net: { h: 8, bias1: true, activation: "sigmoid", loss: "mse" },
  optimizer: ADAM,
  engine: "torch@cuda:1",
  data: LECTURE,
  data_key: "0123456789abcdef",
  epoch: 1_000_000,
  optimizer_epoch: 77,
  loss: 0.123456789,
  by_recipe: false,
  ...golden.links.vectors,
  ...changes,
});
const writeAndRead = async (fit: link.SavedFit | null, build: BuildState = BUILD) => {
  const text = await link.write({ build, fit });
  return { text, ...(await link.read(text)) };
};

const range = Array.from({ length: 150 }, (_, k) => k);
const floats = golden.links.points;
const bits = range.map((k) => k % 2);
const hundredths = range.map((k) => k / 100);
const OWN = { law: "own", held_out: 0.2, label: "mine.csv", x: floats, y: bits, prob: null };
// The same value with each number rounded to float32.
const rounded = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (_, each) => (typeof each === "number" ? Math.fround(each) : each));

describe("every number is restored bit for bit", () => {
  test.each<[string, object]>([
    ["the lecture's data", {}],
    ["own points with many digits", { data: OWN }],
    ["own points with few digits", { data: { ...OWN, x: hundredths, y: floats, prob: range.map(() => 0.5) } }],
    ["drawn data", { data: { law: "sine", n: 300, noise: 0.1, seed: 7, held_out: 0.25 } }],
    ["SGD, not trained yet", { optimizer: SGD, engine: "auto", seed: 1, epoch: 0, optimizer_epoch: 0 }],
    ["a net that its seed and settings reproduce", { by_recipe: true }],
  ])("%s", async (_, changes) => {
    const session = saved(changes);
    const { text, fit } = await writeAndRead({ kind: "weights", saved: session });
    expect(text.length).toBeLessThan(2020); // 2,000 in Chromium, which deflates a little better than Node
    if (!fit) throw new Error("the link has no session");
    const [{ data, ...rest }, { data: spec, ...wanted }] = [fit.saved, session];
    expect(rest).toEqual(wanted);
    expect(rounded(data)).toEqual(rounded(spec));
  });

  test("Build", async () => {
    const { build, fit } = await writeAndRead(null);
    expect(fit).toBeNull();
    expect(rounded(build)).toEqual(rounded(BUILD));
    expect(build.params[0]).toBe(0.1); // and not 0.10000000149
  });

  test("a link of the first version", async () => {
    const { build, fit } = await link.read(FIRST);
    expect(build).toEqual({ params: [1, -1, 2.5, -9, 4.5], challenge: null });
    expect(fit?.saved).toMatchObject({ seed: 3, epoch: 20, data: LECTURE });
  });
});

describe("a link leaves out", () => {
  test("the weights of a recipe, and the points of settings", async () => {
    const many = { ...OWN, x: [...floats, 2], y: [...bits, 1] };
    expect([LECTURE, OWN, many].map(link.fits)).toEqual([true, true, false]);
    const { fit: recipe } = await writeAndRead({ kind: "recipe", saved: saved() });
    expect(recipe?.saved).toBeDefined();
    expect(recipe?.saved).not.toHaveProperty("params");
    const { fit: settings } = await writeAndRead({ kind: "settings", saved: saved({ data: many }) });
    expect(settings).toMatchObject({ kind: "settings", saved: { data: LECTURE } });
  });
  test("values that are the default: a link to an untouched page is short", async () => {
    const untouched = { seed: 1, engine: "auto", epoch: 0, optimizer_epoch: 0, loss: null, optimizer: ADAM };
    const net = { h: 2, bias1: false, activation: "relu", loss: "bce" };
    const zeros = btoa("\0".repeat(4 * 5));
    const session = saved({ ...untouched, net, params: zeros, m: zeros, v: zeros });
    const { text } = await writeAndRead({ kind: "weights", saved: session }, UNTOUCHED);
    expect(text.length).toBeLessThan(110);
  });
});

const why = (text: string) =>
  link.read(text).then(
    () => "read",
    (error) => error.why,
  );
// Numbers from 0 to 1 that are the same in each run.
const random = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("a broken link is reported as", async () => {
  const good = await link.write({ build: BUILD, fit: { kind: "weights", saved: saved() } });
  const next = random(5);
  const pick = (many: number) => Math.floor(next() * many);

  test("damaged, if it was cut at any place", async () => {
    for (let k = 0; k < good.length; k++) expect(await why(good.slice(0, k))).toBe("damaged");
  });
  test("damaged, if one letter was changed", async () => {
    const whole = await link.read(good);
    for (let round = 0; round < 300; round++) {
      const at = 2 + pick(good.length - 2);
      const changed = good.slice(0, at) + LETTERS[pick(64)] + good.slice(at + 1);
      // Some bits are unused: those of the last letter, and those at the end of the deflated data.
      const read = await link.read(changed).catch((error) => error.why);
      if (read !== "damaged") expect(read).toEqual(whole);
    }
  });
  test("damaged, if it is random text", async () => {
    const letters = () => Array.from({ length: pick(400) }, () => LETTERS[pick(64)]).join("");
    for (let round = 0; round < 200; round++) expect(await why(`1.${letters()}`)).toBe("damaged");
    const odd = ["", ".", "1", "1.", "0.AA", "1.\u{1f600}", "1.%00", `1.${"A".repeat(200_000)}`, "x.y"];
    for (const text of odd) expect(await why(text)).toBe("damaged");
  });
  test("of the future, if it is of a newer version", async () => {
    for (const text of ["2.AAAA", "17.whatever it is"]) expect(await why(text)).toBe("future");
  });
});

describe("a forged link is reported as damaged", () => {
  test.each<string>([
    "[]",
    "7",
    "null",
    '{ "f": 1 }',
    '{ "f": { "key": "k" } }',
    '{ "f": { "key": "k", "v": [5, 0, 0] } }',
    '{ "f": { "key": "<img>", "k": "settings" } }',
    '{ "f": { "key": "k", "k": "settings", "s": -1 } }',
    '{ "f": { "key": "k", "k": "recipe", "e": 1.5 } }',
    '{ "f": { "key": "k", "k": "recipe", "n": { "h": 4096 } } }',
    '{ "f": { "key": "k", "k": "recipe", "n": { "evil": 1 } } }',
    '{ "f": { "key": "k", "k": "settings", "d": { "own": [200, 200, null] } } }',
    '{ "f": { "key": "k", "k": "settings", "d": { "own": [[0, 1], [0, 1]] } } }',
    '{ "f": { "key": "k", "k": "settings", "opt": { "lr": "0.1" } } }',
    '{ "b": { "w": 1 } }',
    '{ "b": { "c": ["x", 1, 2, 3] } }',
  ])("%s", async (content) => {
    expect(await why(await pack(JSON.parse(content), []))).toBe("damaged");
  });

  test("surplus numbers", async () => {
    expect(await why(await pack({}, []))).toBe("read");
    expect(await why(await pack({}, [1]))).toBe("damaged");
  });
});
