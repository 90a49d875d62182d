// The expected numbers of the tests, computed by `tests/golden.py`.
import { expect, inject } from "vitest";
import type { Loss, NetDescription as Net, Pieces } from "../core/types";
import type { Plane } from "../explore/surface/loss-grid";

interface Golden {
  nets: {
    net: Net;
    p: number[];
    x: number[];
    y: number[];
    logit: number[];
    yhat: number[];
    parts: number[][];
    loss: number;
    slopes: { left: number; right: number };
  }[];
  surfaces: { net: Net; x: number[]; y: number[]; plane: Plane; as: number[]; bs: number[]; loss: number[] }[];
  planes: { nets: number[][]; u: number[]; v: number[]; places: number[][] }[];
  pieces: ({ net: Net; p: number[]; low: number | null; high: number | null } & Pieces)[];
  bent: {
    loss: Loss;
    x: number[];
    y: number[];
    plateaus: { flat: number; left: number; right: number; both: number; bent_below: number | null } & {
      line: [number, number, number];
    };
  }[];
  spaced: { from: number; to: number; n: number; x: number[] }[];
  limits: object; // see core/limits.ts
  links: {
    vectors: { params: string; m: string; v: string };
    points: number[];
    content: unknown;
    floats: number[];
    texts: string[];
  };
}

declare module "vitest" {
  interface ProvidedContext {
    golden: Golden;
    words: Record<string, string>;
  }
}

export const golden = inject("golden");

// Expect `found` to equal `wanted` within `tolerance`: absolute for numbers up to 1, relative above.
export const expectNear = (found: Iterable<number>, wanted: number[], tolerance = 1e-9) => {
  const values = [...found];
  expect(values).toHaveLength(wanted.length);
  const isNear = (value: number, k: number) =>
    Math.abs(value - wanted[k]) <= tolerance * Math.max(1, Math.abs(wanted[k]));
  const far = values.flatMap((value, k) => (isNear(value, k) ? [] : [`number ${k}: ${value}, not ${wanted[k]}`]));
  expect(far).toEqual([]);
};
