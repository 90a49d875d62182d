// The animation of an array of numbers to new values. A new tween starts from the present values, so that nothing
// jumps when it replaces another one.
import type { Numbers } from "../../core/types";

export type Tween = { from: Float32Array; to: Float32Array; start: number; ms: number };

export const still = (to: Numbers): Tween => {
  const values = Float32Array.from(to);
  return { from: values, to: values, start: 0, ms: 0 };
};

const progress = ({ start, ms }: Tween, now: number) => (now >= start + ms ? 1 : Math.max((now - start) / ms, 0));
export const isMoving = (tween: Tween, now: number) => progress(tween, now) < 1;

// The numbers at the time `now`, written into `out`.
export const at = (tween: Tween, now: number, out = new Float32Array(tween.to.length)) => {
  const { from, to } = tween;
  const part = progress(tween, now);
  for (let i = 0; i < to.length; i++) out[i] = from[i] + part * (to[i] - from[i]);
  return out;
};

// A tween from the present values to `to` in `ms`; the same tween if `to` has not changed.
export const towards = (tween: Tween | undefined, to: Numbers, now: number, ms: number): Tween => {
  if (!tween || tween.to.length !== to.length || ms <= 0) return still(to);
  if (tween.to.every((value, i) => value === Math.fround(to[i]))) return tween;
  return { from: at(tween, now), to: Float32Array.from(to), start: now, ms };
};
