// The runs that were kept: what is remembered of each, in this tab, through reloads. The list is
// never changed in place, so that a step back is the list as it was.
import * as undo from "../../core/history";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Args, Curve, DataSpec, Frame, NetDescription, Optimizer, Range, Weights } from "../../core/types";
import { isReady, type Now, type Ready } from "../../fit/fit";

// What a net is and says at one epoch: a run that was kept, or the one in Fit.
export type Shot = {
  seed: number;
  net: NetDescription;
  optimizer: Optimizer;
  data: string; // key
  spec: DataSpec;
  epoch: number;
  loss: number | null;
  p: Weights | null;
  curve?: number[] | null; // a wide net's logit over `span`
  span: Range;
};
export type Run = Shot & {
  id: string;
  colour: number;
  name: string | null; // null: the usual one
  alike: string; // the same for runs that would be called alike, which `twin` counts
  twin: number;
  shown: boolean;
  plain: boolean;
  losses: Curve;
  edited: boolean;
  mixed: boolean; // its optimizer was changed on the way
};
// How the run in Fit came to be.
type Path = { run: string; optimizer: string; begun: boolean; mixed: boolean };

const KEY = "pwl.runs";
const PATH_KEY = "pwl.runs.path";
export const MOST = 8; // as many as there are colours
const POINTS = 240; // of a loss curve

let runs: Run[] = [];
const listeners: (() => void)[] = [];

export const start = () => {
  const kept = storage.readTabJson(KEY);
  if (Array.isArray(kept)) runs = kept.slice(0, MOST);
  path = storage.readTabJson(PATH_KEY) as Path | null;
};

const put = (next: Run[]) => {
  runs = next;
  storage.writeTab(KEY, JSON.stringify(runs));
  listeners.forEach((listener) => listener());
};
// Something that the student did, which can be taken back.
const change = (next: Run[]) => {
  const before = runs;
  put(next);
  undo.record(
    () => put(before),
    () => put(next),
  );
};

// At most `most` of the frames, the first and the last among them; denser at the start, where the
// loss moves.
const thin = (frames: Frame[], most = POINTS) => {
  if (frames.length <= most) return frames;
  const at = (frame: Frame) => Math.sqrt(frame.epoch);
  const [from, to] = [at(frames[0]), at(frames[frames.length - 1])];
  const kept: Frame[] = [];
  let i = 0;
  for (let n = 0; n < most; n++) {
    const wanted = from + ((to - from) * n) / (most - 1);
    while (i < frames.length - 1 && at(frames[i]) < wanted) i++;
    if (kept[kept.length - 1] !== frames[i]) kept.push(frames[i]);
  }
  kept[kept.length - 1] = frames[frames.length - 1];
  return kept;
};
export const lossCurve = (frames: Frame[]): Curve => {
  const kept = thin(frames);
  return { x: kept.map((frame) => frame.epoch), y: kept.map((frame) => frame.loss) };
};

// --- how the run in Fit came to be --------------------------------------------------------------
// Whether its optimizer was changed on the way: such a run cannot be had again by training anew.
let path: Path | null = null;
export const follow = ({ sid, state }: Ready) => {
  const run = `${sid} ${state.first_seq}`;
  const optimizer = JSON.stringify(state.optimizer);
  const before = path?.run === run ? path : null;
  const mixed = before !== null && (before.mixed || (before.begun && before.optimizer !== optimizer));
  const next: Path = { run, optimizer, begun: state.epoch > 0, mixed };
  const text = JSON.stringify(next);
  if (JSON.stringify(path) === text) return;
  path = next;
  storage.writeTab(PATH_KEY, text);
};

// --- keeping ------------------------------------------------------------------------------------
// The first number that is not taken.
const free = (taken: number[]) => Array.from({ length: MOST + 1 }, (_, i) => i).filter((i) => !taken.includes(i))[0];

// What is kept of the run in Fit: all of it, wherever the play head stands.
const capture = ({ state, net, data, playback }: Ready): Run => {
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
    mixed: path?.mixed ?? false,
  };
};

// Keep the run in Fit. Gives what to say.
export const keep = (now: Now): { key: string; args?: Args } => {
  const { frames } = now.playback;
  if (!isReady(now) || !frames.length || frames[frames.length - 1].epoch === 0) return { key: "compare.nothing" };
  if (runs.length >= MOST) return { key: "compare.full", args: { max: MOST } };
  const run = capture(now);
  change([...runs, run]);
  return { key: "compare.kept", args: { name: nameOf(run) } };
};

export const remove = (id: string) => change(runs.filter((run) => run.id !== id));
const revise = (id: string, changes: Partial<Run>) =>
  change(runs.map((run) => (run.id === id ? { ...run, ...changes } : run)));
export const rename = (id: string, typed: string) => revise(id, { name: typed.trim().slice(0, 60) || null });
export const show = (id: string, shown: boolean) => revise(id, { shown });

// "Adam 0.001 · 2 units · seed 1", or what it was named
export const nameOf = ({ name, optimizer, net, seed, twin }: Run) => {
  if (name) return name;
  const { t } = i18n;
  const momentum = optimizer.momentum ? ` · ${t("compare.momentum", optimizer)}` : "";
  const units = net.h === 1 ? t("summary.one_unit") : t("summary.units", { units: numbers.whole(net.h) });
  const usual = `${t(`optimizer.${optimizer.kind}`)} ${optimizer.lr}${momentum} · ${units} · ${t("compare.seed", { seed })}`;
  return twin ? `${usual} (${twin + 1})` : usual;
};

export const onChange = (listener: () => void) => listeners.push(listener);
export { runs as all };
