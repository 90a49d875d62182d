// The animation of an array of numbers to new values. A new motion starts from the present values, so that nothing
// jumps when it replaces another one.
import type { Numbers } from "../../core/types";

export type Motion = { from: Float32Array; to: Float32Array; start: number; ms: number };

export const still = (to: Numbers): Motion => {
  const values = Float32Array.from(to);
  return { from: values, to: values, start: 0, ms: 0 };
};

const progress = ({ start, ms }: Motion, now: number) => (now >= start + ms ? 1 : Math.max((now - start) / ms, 0));
export const isMoving = (motion: Motion, now: number) => progress(motion, now) < 1;

// The numbers at the time `now`, written into `out`.
export const at = (motion: Motion, now: number, out = new Float32Array(motion.to.length)) => {
  const { from, to } = motion;
  const part = progress(motion, now);
  for (let i = 0; i < to.length; i++) out[i] = from[i] + part * (to[i] - from[i]);
  return out;
};

// A motion from the present values to `to` in `ms`; the same motion if `to` has not changed.
export const towards = (motion: Motion | undefined, to: Numbers, now: number, ms: number): Motion => {
  if (!motion || motion.to.length !== to.length || ms <= 0) return still(to);
  if (motion.to.every((value, i) => value === Math.fround(to[i]))) return motion;
  return { from: at(motion, now), to: Float32Array.from(to), start: now, ms };
};
