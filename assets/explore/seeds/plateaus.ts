// The best losses that a ReLU net without first-layer bias can reach on the session's data, asked
// for once: {flat, left, right, both}; see pwlapp/core/plateaus.py.
import * as api from "../../core/api";

const AGAIN_MS = 3000; // a server that compiles, say, has no time yet
const MOST_TRIES = 5;
const CLEARLY = 0.05; // of what the data can teach at all
const known = new Map(); // "data key, loss" -> what the server found, or null while it is asked
const tries = new Map();
const waiting = new Map(); // key -> whom to tell
const keyOf = ({ data_key: key, net }) => `${key} ${net.loss}`;

// A run that is over brings no change that would ask again, so a refusal does.
const ask = async (sid, key) => {
  const tell = () => {
    const listeners = waiting.get(key) ?? [];
    waiting.delete(key);
    listeners.forEach((listener) => listener());
  };
  known.set(key, null);
  const found = await api.command(sid, "plateaus", {});
  if (!found.error) known.set(`${found.data_key} ${found.loss}`, found);
  if (known.get(key) !== null) return tell();
  known.delete(key); // refused, or the session had moved on in between
  tries.set(key, (tries.get(key) ?? 0) + 1);
  if (tries.get(key) < MOST_TRIES) setTimeout(tell, AGAIN_MS);
};

// Those for a snapshot, or null if they are not known yet; `onFound()` is called when they are.
export const of = ({ sid, state }, onFound = () => {}) => {
  const key = keyOf(state);
  if (known.get(key)) return known.get(key);
  waiting.set(key, (waiting.get(key) ?? new Set()).add(onFound));
  if (!known.has(key)) ask(sid, key);
  return null;
};

// Whether a net can get no lower than these: its units all bend at 0, to one side or the other.
export const hold = (net) => net.activation === "relu" && !net.bias1;

export const oneSided = ({ left, right }) => Math.min(left, right);
// Whether bending on both sides pays on these data.
export const matter = (found, from = oneSided(found)) =>
  from - found.both > CLEARLY * (found.flat - found.both) && found.flat > found.both;
