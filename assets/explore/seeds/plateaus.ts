// The best losses that a ReLU net without first-layer bias can reach on the session's data, asked
// for once; see pwlapp/core/analysis/plateaus.py.
import * as api from "../../core/session/api";
import type { Loss, NetDescription } from "../../core/types";

// Losses: of a net that says the same everywhere, that bends on one side, and on both; and the one below
// which a net does bend on both, or null where one side is enough.
export type Plateaus = { flat: number; left: number; right: number; both: number; bent_below: number | null };
// `line`: the logit with the loss `both`, as its slopes for x < 0 and x > 0, and b2.
export type Found = Plateaus & { line: [left: number, right: number, b: number] } & { data_key: string; loss: Loss };
type Session = { sid: string; state: { data_key: string; net: NetDescription } };
type Listener = () => void;

const AGAIN_MS = 3000; // a server that compiles, say, has no time yet
const MOST_TRIES = 5;
const CLEARLY = 0.05; // of what the data can teach at all
const known = new Map<string, Found | null>(); // "data key, loss" -> what the server found, or null while it is asked
const tries = new Map<string, number>();
const waiting = new Map<string, Set<Listener>>(); // key -> whom to tell
const keyOf = ({ data_key: key, net }: Session["state"]) => `${key} ${net.loss}`;

// A run that is over brings no change that would ask again, so a refusal does.
const ask = async (sid: string, key: string) => {
  const tell = () => {
    const listeners = waiting.get(key) ?? new Set();
    waiting.delete(key);
    listeners.forEach((listener) => listener());
  };
  known.set(key, null);
  const found = await api.command<Found>(sid, "plateaus", {});
  if (!found.error) known.set(`${found.data_key} ${found.loss}`, found);
  if (known.get(key) !== null) return tell();
  known.delete(key); // refused, or the session had moved on in between
  const count = (tries.get(key) ?? 0) + 1;
  tries.set(key, count);
  if (count < MOST_TRIES) setTimeout(tell, AGAIN_MS);
};

// Those for a snapshot, or null if they are not known yet; `onFound()` is called when they are.
export const of = ({ sid, state }: Session, onFound: Listener = () => {}): Found | null => {
  const key = keyOf(state);
  const found = known.get(key);
  if (found) return found;
  waiting.set(key, (waiting.get(key) ?? new Set()).add(onFound));
  if (!known.has(key)) ask(sid, key);
  return null;
};

// Whether a net can get no lower than these: its units all bend at 0, to one side or the other.
export const hold = (net: NetDescription) => net.activation === "relu" && !net.bias1;

export const oneSided = ({ left, right }: Plateaus) => Math.min(left, right);
// Whether bending on both sides pays on these data.
export const matter = (found: Plateaus, from = oneSided(found)) =>
  from - found.both > CLEARLY * (found.flat - found.both) && found.flat > found.both;
