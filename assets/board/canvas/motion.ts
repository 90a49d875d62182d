// Numbers on their way from what was shown to what is true now. They set out from where they are, so
// that nothing jumps when the next sample comes early.
import type { Numbers } from "../../core/types";

export type Motion = { from: Float32Array; to: Float32Array; begun: number; ms: number };

export const still = (to: Numbers): Motion => {
  const values = Float32Array.from(to);
  return { from: values, to: values, begun: 0, ms: 0 };
};

const share = ({ begun, ms }: Motion, now: number) => (now >= begun + ms ? 1 : Math.max((now - begun) / ms, 0));
export const isMoving = (motion: Motion, now: number) => share(motion, now) < 1;

// Where the numbers are at `now`, written into `out`.
export const at = (motion: Motion, now: number, out = new Float32Array(motion.to.length)) => {
  const { from, to } = motion;
  const part = share(motion, now);
  for (let i = 0; i < to.length; i++) out[i] = from[i] + part * (to[i] - from[i]);
  return out;
};

// The way to `to`, which takes `ms`; what does not change stays still.
export const towards = (motion: Motion | undefined, to: Numbers, now: number, ms: number): Motion => {
  if (!motion || motion.to.length !== to.length || ms <= 0) return still(to);
  if (motion.to.every((value, i) => value === Math.fround(to[i]))) return motion;
  return { from: at(motion, now), to: Float32Array.from(to), begun: now, ms };
};
