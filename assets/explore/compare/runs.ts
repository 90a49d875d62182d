// The list of kept runs. The tab remembers it after a reload. The list is never changed in place, so that undo can
// restore the previous one.
import * as undo from "../../core/history";
import { endsOf } from "../../core/ranges";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Args, Curve, DataSpec, Frame, NetDescription, Optimizer, Range, Weights } from "../../core/types";
import { isReady, type Now, type Ready } from "../../fit/fit";

// A net at one epoch: of a kept run, or of the run in Fit.
export type NetState = {
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
export type Run = NetState & {
  id: string;
  colour: number;
  name: string | null; // null: the default name
  alike: string; // equal for runs with the same default name
  twin: number; // numbers the runs with the same default name, from 0
  shown: boolean;
  plain: boolean;
  losses: Curve;
  edited: boolean;
  mixed: boolean; // its optimizer was changed during the run
};
// `mixed`: the optimizer was changed during the run. Such a run cannot be repeated by training again.
type RunHistory = { run: string; optimizer: string; begun: boolean; mixed: boolean };

const KEY = "pwl.runs";
const PATH_KEY = "pwl.runs.path";
export const MAX_RUNS = 8; // the number of colours
const POINTS = 240; // of a loss curve

let runs: Run[] = [];
const listeners: (() => void)[] = [];

export const start = () => {
  const kept = storage.readTabJson(KEY);
  if (Array.isArray(kept)) runs = kept.slice(0, MAX_RUNS);
  runHistory = storage.readTabJson(PATH_KEY) as RunHistory | null;
};

const put = (next: Run[]) => {
  runs = next;
  storage.writeTab(KEY, JSON.stringify(runs));
  listeners.forEach((listener) => listener());
};
// Change the list, as an undo step.
const change = (next: Run[]) => {
  const before = runs;
  put(next);
  undo.record(
    () => put(before),
    () => put(next),
  );
};

// At most `most` of the frames, including the first and the last; denser at the start, where the loss changes most.
const thin = (frames: Frame[], most = POINTS) => {
  if (frames.length <= most) return frames;
  const at = (frame: Frame) => Math.sqrt(frame.epoch);
  const [from, to] = [at(frames[0]), at(frames[frames.length - 1])];
  const kept: Frame[] = [];
  let i = 0;
  for (let n = 0; n < most; n++) {
    const wanted = from + ((to - from) * n) / (most - 1);
    while (i < frames.length - 1 && at(frames[i]) < wanted) i++;
    if (kept.at(-1) !== frames[i]) kept.push(frames[i]);
  }
  kept[kept.length - 1] = frames[frames.length - 1];
  return kept;
};
export const lossCurve = (frames: Frame[]): Curve => {
  const kept = thin(frames);
  return { x: kept.map((frame) => frame.epoch), y: kept.map((frame) => frame.loss) };
};

// --- the history of the run in Fit --------------------------------------------------------------
let runHistory: RunHistory | null = null;
// Update `runHistory` from Fit's newest state.
export const follow = ({ sid, state }: Ready) => {
  const run = `${sid} ${state.first_seq}`;
  const optimizer = JSON.stringify(state.optimizer);
  const before = runHistory?.run === run ? runHistory : null;
  const mixed = before !== null && (before.mixed || (before.begun && before.optimizer !== optimizer));
  const next: RunHistory = { run, optimizer, begun: state.epoch > 0, mixed };
  const text = JSON.stringify(next);
  if (JSON.stringify(runHistory) === text) return;
  runHistory = next;
  storage.writeTab(PATH_KEY, text);
};

// --- keeping ------------------------------------------------------------------------------------
// The first number, from 0, that is not taken.
const firstFree = (taken: number[]) =>
  Array.from({ length: MAX_RUNS + 1 }, (_, i) => i).filter((i) => !taken.includes(i))[0];

// The whole run in Fit, also if the play head is not at its end.
const capture = ({ state, net, data, playback }: Ready): Run => {
  const { frames } = playback;
  const last = frames[frames.length - 1];
  const { plain, ...kind } = net;
  const { seed, optimizer } = state;
  const alike = JSON.stringify([seed, kind.h, optimizer]);
  const twins = runs.filter((run) => run.alike === alike).map((run) => run.twin);
  return {
    id: crypto.getRandomValues(new Uint32Array(2)).join(""),
    colour: firstFree(runs.map((run) => run.colour)),
    name: null,
    alike,
    twin: firstFree(twins),
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
    span: endsOf(data.x),
    edited: frames.some((frame) => frame.mark === "edit"),
    mixed: runHistory?.mixed ?? false,
  };
};

// Keep the run in Fit. Returns the message for the user.
export const keep = (now: Now): { key: string; args?: Args } => {
  const { frames } = now.playback;
  if (!isReady(now) || !frames.at(-1)?.epoch) return { key: "compare.nothing" };
  if (runs.length >= MAX_RUNS) return { key: "compare.full", args: { max: MAX_RUNS } };
  const run = capture(now);
  change([...runs, run]);
  return { key: "compare.kept", args: { name: nameOf(run) } };
};

export const remove = (id: string) => change(runs.filter((run) => run.id !== id));
const revise = (id: string, changes: Partial<Run>) =>
  change(runs.map((run) => (run.id === id ? { ...run, ...changes } : run)));
export const rename = (id: string, typed: string) => revise(id, { name: typed.trim().slice(0, 60) || null });
export const show = (id: string, shown: boolean) => revise(id, { shown });

// "Adam 0.001 · 2 units · seed 1", or the name that the user gave it
export const nameOf = ({ name, optimizer, net, seed, twin }: Run) => {
  if (name) return name;
  const { t } = i18n;
  const momentum = optimizer.momentum ? ` · ${t("compare.momentum", optimizer)}` : "";
  const units = t("summary.units", { units: numbers.whole(net.h) });
  const method = `${t(`optimizer.${optimizer.kind}`)} ${optimizer.lr}${momentum}`;
  const defaultName = `${method} · ${units} · ${t("compare.seed", { seed })}`;
  return twin ? `${defaultName} (${twin + 1})` : defaultName;
};

export const onChange = (listener: () => void) => listeners.push(listener);
export { runs as all };
