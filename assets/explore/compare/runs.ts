// The runs that were kept: what is remembered of each, in this tab, through reloads. The list is
// never changed in place, so that a step back is the list as it was.
import * as undo from "../../core/history";
import * as i18n from "../../core/i18n";
import * as numbers from "../../core/numbers";
import * as storage from "../../core/storage";

const KEY = "pwl.runs";
const PATH_KEY = "pwl.runs.path";
export const MOST = 8; // as many as there are colours
const POINTS = 240; // of a loss curve

const parsed = (key) => {
  try {
    return JSON.parse(storage.recall(key));
  } catch {
    return null;
  }
};
let runs = []; // {id, colour, name, twin, shown, seed, net, optimizer, data, epoch, losses, p, curve, ...}
const listeners = [];

export const start = () => {
  const kept = parsed(KEY);
  if (Array.isArray(kept)) runs = kept.slice(0, MOST);
  path = parsed(PATH_KEY) ?? {};
};

const put = (next) => {
  runs = next;
  storage.keep(KEY, JSON.stringify(runs));
  listeners.forEach((listener) => listener());
};
// Something that the student did, which can be taken back.
const change = (next) => {
  const before = runs;
  put(next);
  undo.record(
    () => put(before),
    () => put(next),
  );
};

// At most `most` of the frames, the first and the last among them; denser at the start, where the
// loss moves.
const thin = (frames, most = POINTS) => {
  if (frames.length <= most) return frames;
  const at = (frame) => Math.sqrt(frame.epoch);
  const [from, to] = [at(frames[0]), at(frames[frames.length - 1])];
  const kept = [];
  let i = 0;
  for (let n = 0; n < most; n++) {
    const wanted = from + ((to - from) * n) / (most - 1);
    while (i < frames.length - 1 && at(frames[i]) < wanted) i++;
    if (kept[kept.length - 1] !== frames[i]) kept.push(frames[i]);
  }
  kept[kept.length - 1] = frames[frames.length - 1];
  return kept;
};
export const lossCurve = (frames) => {
  const kept = thin(frames);
  return { x: kept.map((frame) => frame.epoch), y: kept.map((frame) => frame.loss) };
};

// --- how the run in Fit came to be --------------------------------------------------------------
// Whether its optimizer was changed on the way: such a run cannot be had again by training anew.
let path: Record<string, any> = {};
export const follow = ({ sid, state }) => {
  const run = `${sid} ${state.first_seq}`;
  const optimizer = JSON.stringify(state.optimizer);
  const same = path.run === run;
  const next = {
    run,
    optimizer,
    begun: state.epoch > 0,
    mixed: same && (path.mixed || (path.begun && path.optimizer !== optimizer)),
  };
  if (Object.entries(next).every(([name, value]) => path[name] === value)) return;
  path = next;
  storage.keep(PATH_KEY, JSON.stringify(path));
};

// --- keeping ------------------------------------------------------------------------------------
const free = (taken) => Array.from({ length: MOST }, (_, i) => i).find((i) => !taken.includes(i));

// What is kept of the run in Fit: all of it, wherever the play head stands.
const capture = ({ state, net, data, playback }) => {
  const { frames } = playback;
  const last = frames[frames.length - 1];
  const { plain, ...kind } = net;
  const { seed, optimizer } = state;
  const alike = JSON.stringify([seed, kind.h, optimizer]);
  const twins = runs.filter((run) => run.alike === alike).map((run) => run.twin);
  return {
    id: crypto.getRandomValues(new Uint32Array(2)).join(""),
    colour: free(runs.map((run) => run.colour)),
    name: null,
    alike,
    twin: free(twins),
    shown: true,
    seed,
    net: kind,
    plain,
    optimizer,
    data: data.key,
    spec: data.spec,
    epoch: last.epoch,
    loss: last.loss,
    losses: lossCurve(frames),
    p: last.p,
    curve: last.curve,
    span: [data.x[0], data.x[data.x.length - 1]],
    edited: frames.some((frame) => frame.mark === "edit"),
    mixed: Boolean(path.mixed),
  };
};

// Keep the run in Fit; gives it, or {refused: what to say, args}.
export const keep = (now) => {
  const { frames } = now.playback ?? { frames: [] };
  if (!now.state || !frames.length || frames[frames.length - 1].epoch === 0) {
    return { refused: "compare.nothing" };
  }
  if (runs.length >= MOST) return { refused: "compare.full", args: { max: MOST } };
  const run = capture(now);
  change([...runs, run]);
  return run;
};

export const remove = (id) => change(runs.filter((run) => run.id !== id));
const revise = (id, changes) => change(runs.map((run) => (run.id === id ? { ...run, ...changes } : run)));
export const rename = (id, typed) => revise(id, { name: typed.trim().slice(0, 60) || null });
export const show = (id, shown) => revise(id, { shown });

// "Adam 0.001 · 2 units · seed 1", or what it was named
export const nameOf = ({ name, optimizer, net, seed, twin }) => {
  if (name) return name;
  const { t } = i18n;
  const momentum = optimizer.momentum ? ` · ${t("compare.momentum", optimizer)}` : "";
  const units = net.h === 1 ? t("summary.one_unit") : t("summary.units", { units: numbers.whole(net.h) });
  const usual = `${t(`optimizer.${optimizer.kind}`)} ${optimizer.lr}${momentum} · ${units} · ${t("compare.seed", { seed })}`;
  return twin ? `${usual} (${twin + 1})` : usual;
};

export const onChange = (listener) => listeners.push(listener);
export { runs as all };
