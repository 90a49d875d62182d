// The plateaus: the lowest losses that a ReLU net without first-layer bias can reach on the session's data. The
// server computes them (pwlapp/core/analysis/plateaus.py); each is requested once.
import { limits } from "../../core/limits";
import * as api from "../../core/session/api";
import type { Loss, NetDescription } from "../../core/types";

// The lowest losses of a constant net (`flat`), of nets with units on one side (`left`, `right`) and on both sides. A
// net with a loss below `bent_below` bends on both sides; null if one side is enough.
export type Plateaus = { flat: number; left: number; right: number; both: number; bent_below: number | null };
// `line`: the logit with the loss `both`, as its slopes for x < 0 and x > 0, and b2.
export type Found = Plateaus & { line: [left: number, right: number, b: number] } & { data_key: string; loss: Loss };
type Session = { sid: string; state: { data_key: string; net: NetDescription } };
type Listener = () => void;

const RETRY_MS = 3000; // the server may be busy, for example compiling
const MAX_TRIES = 5;
const known = new Map<string, Found | null>(); // by keyOf; null while requested
const tries = new Map<string, number>();
const waiting = new Map<string, Set<Listener>>();
const keyOf = ({ data_key: key, net }: Session["state"]) => `${key} ${net.loss}`;

// Listeners are notified when the answer has come, and then call `of` again. After a refusal they are notified too,
// RETRY_MS later: once a run is over, nothing else would make them call `of` again.
const request = async (sid: string, key: string) => {
  const notify = () => {
    const listeners = waiting.get(key) ?? new Set();
    waiting.delete(key);
    listeners.forEach((listener) => listener());
  };
  known.set(key, null);
  const found = await api.command<Found>(sid, "plateaus", {});
  if (!found.error) known.set(`${found.data_key} ${found.loss}`, found);
  if (known.get(key) !== null) return notify();
  known.delete(key); // refused, or the session has other data by now
  const count = (tries.get(key) ?? 0) + 1;
  tries.set(key, count);
  if (count < MAX_TRIES) setTimeout(notify, RETRY_MS);
};

// The plateaus for a session, or null if they are not known yet; then `onFound` is called later.
export const of = ({ sid, state }: Session, onFound: Listener = () => {}): Found | null => {
  const key = keyOf(state);
  const found = known.get(key);
  if (found) return found;
  waiting.set(key, (waiting.get(key) ?? new Set()).add(onFound));
  if (!known.has(key)) request(sid, key);
  return null;
};

// Whether plateaus exist for this kind of net: all its units bend at 0.
export const hasPlateaus = (net: NetDescription) => net.activation === "relu" && !net.bias1;

export const oneSided = ({ left, right }: Plateaus) => Math.min(left, right);
// Whether bending on both sides is clearly better, on these data, than the loss `from`.
export const areBothSidesNeeded = (found: Plateaus, from = oneSided(found)) =>
  from - found.both > limits.min_gain * (found.flat - found.both) && found.flat > found.both;
