// The best losses that a ReLU net without first-layer bias can reach on the session's data, asked
// for once: {flat, left, right, both}; see pwlapp/core/plateaus.py.
(() => {
  const pwl = (window.pwl ??= {});
  const CLEARLY = 0.05; // of what the data can teach at all
  const known = new Map(); // "data key, loss" -> what the server found, or null while it is asked
  const keyOf = ({ data_key: key, net }) => `${key} ${net.loss}`;

  const ask = async (sid, key, onFound) => {
    known.set(key, null);
    try {
      const found = await pwl.api.post(`session/${encodeURIComponent(sid)}/plateaus`, {});
      if (found.error) known.delete(key); // asked again at the next change
      else known.set(`${found.data_key} ${found.loss}`, found);
    } catch {
      known.delete(key);
    }
    if (known.get(key) === null) known.delete(key); // the session had moved on in between
    else if (known.has(key)) onFound();
  };

  // Those for a snapshot, or null if they are not known yet; `onFound()` is called when they are.
  const of = ({ sid, state }, onFound = () => {}) => {
    const key = keyOf(state);
    if (!known.has(key)) ask(sid, key, onFound);
    return known.get(key) ?? null;
  };

  // Whether a net can get no lower than these: its units all bend at 0, to one side or the other.
  const hold = (net) => net.activation === "relu" && !net.bias1;

  const oneSided = ({ left, right }) => Math.min(left, right);
  // Whether bending on both sides pays on these data.
  const matter = (found, from = oneSided(found)) =>
    from - found.both > CLEARLY * (found.flat - found.both) && found.flat > found.both;

  pwl.plateaus = { of, hold, oneSided, matter };
})();
