// "Compare runs": keep the run in Fit, compare it with others, and train it again.
import { ancestor, byId, element, targetWithin } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { endsOf } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import type { Args } from "../../core/types";
import type { Shown } from "../../fit/data";
import * as fitData from "../../fit/data";
import type { Now, Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import { startOver } from "../start-over";
import * as comparePlots from "./plots";
import * as compareRuns from "./runs";
import * as compareTable from "./table";

const { t } = i18n;
const SLOW_MS = 200; // axes are updated at 5 Hz

const logs: comparePlots.Logs = { logX: false, logY: false };
const messages: Record<string, { key: string; args?: Args }> = {}; // by the id of the element that shows them
let isNear = () => false;
let keptKey = ""; // the settings for which the kept runs were drawn

const runs = () => compareRuns.all;
const names = () => runs().map(compareRuns.nameOf);
// The run in Fit, with frames of its present net.
type WithFrame = Ready & { frame: Shown };
const hasFrame = (now: Now): now is WithFrame =>
  fitSection.isReady(now) && now.frame !== undefined && now.playback.frame?.net === now.net;

// --- messages -------------------------------------------------------------------------------------
const showMessage = (id: string, key: string, args?: Args) => {
  messages[id] = { key, args };
  byId(id).textContent = t(key, args);
  i18n.announce(t(key, args));
};

// The note below the plots: which runs are of other data or of another loss, and so cannot be compared.
const showNote = ({ net, data }: Ready) => {
  const shown = runs().filter((run) => run.shown);
  const others = shown.filter((run) => run.data !== data.key).length;
  const sentences = [
    runs().length ? "" : t("compare.empty", { max: compareRuns.MAX_RUNS }),
    others === 1 ? t("compare.note_other") : others ? t("compare.note_others", { n: others }) : "",
    shown.some((run) => run.net.loss !== net.loss) ? t("compare.note_kinds") : "",
  ];
  byId("compare-note").textContent = sentences.filter(Boolean).join(" ");
};

// --- painting -------------------------------------------------------------------------------------
// The run in Fit at the play head, or with the weights edited by hand.
const current = ({ state, net, data, playback, frame }: WithFrame): compareRuns.NetState => {
  const { epoch, loss } =
    frame.epoch === undefined
      ? { epoch: playback.frame?.epoch ?? 0, loss: nets.loss(frame.p, data.x, data.y, net) }
      : frame;
  const { seed, optimizer } = state;
  const { p, curve } = frame;
  return { seed, net, optimizer, data: data.key, spec: data.spec, epoch, loss, p, curve, span: endsOf(data.x) };
};

const paintKept = (now: WithFrame) => {
  const key = [i18n.language(), now.data.key, now.net.loss, JSON.stringify(logs)].join(" ");
  if (key === keptKey) return;
  keptKey = key;
  compareTable.render(byId("compare-table"), runs(), names(), now.data.key);
  comparePlots.showKept(runs(), names(), now.data, logs);
  showNote(now);
};

const paint = () => {
  const now = fitSection.now();
  if (!hasFrame(now) || !isNear() || !comparePlots.areReady()) return;
  paintKept(now);
  const run = current(now);
  const { frames, index } = now.playback;
  const losses = compareRuns.lossCurve(frames.slice(0, index + 1));
  comparePlots.showLive({ losses, fit: comparePlots.fitOf(run, now.data) }, logs);
  compareTable.showLive(byId("compare-table"), run, now.data.key);
  axesSoon();
};
const paintSoon = () => painting.request("compare", paint);

// Set the axes so that they contain all shown runs, and the whole run in Fit.
const axes = () => {
  const now = fitSection.now();
  if (!hasFrame(now)) return;
  const { data, net, playback } = now;
  const shown = runs().filter((run) => run.shown);
  const onTheseData = [current(now), ...shown.filter((run) => run.data === data.key)];
  comparePlots.axes(
    {
      data,
      losses: [compareRuns.lossCurve(playback.frames), ...shown.map((run) => run.losses)],
      fits: onTheseData.map((run) => comparePlots.fitOf(run, data)),
      truth: fitData.trueLoss(data, net) ?? NaN,
    },
    logs,
  );
};
const axesSoon = painting.throttle(SLOW_MS, axes);

const repaintKept = () => {
  keptKey = "";
  paintSoon();
};

// --- controls -------------------------------------------------------------------------------------
const keep = (messageId: string) => {
  const { key, args } = compareRuns.keep(fitSection.now());
  showMessage(messageId, key, args);
};

// Train a kept run again in Fit, on the run's data. Edits by hand are not repeated.
const trainAgain = async (run: compareRuns.Run) => {
  const name = compareRuns.nameOf(run);
  const isHere = run.data === fitSection.now().data?.key;
  const { label, ...spec } = run.spec;
  if (spec.law === "own" && !isHere) return showMessage("compare-said", "compare.refused_data", { name });
  const { seed, net, optimizer, epoch: epochs } = run;
  if (!(await startOver({ seed, net, optimizer, epochs }, isHere ? null : spec))) return; // Fit shows the error
  showMessage("compare-said", run.edited || run.mixed ? "compare.opened_anew" : "compare.opened", { name });
};

const runAt = (event: Event) => {
  const id = targetWithin(event, "[data-id]")?.dataset.id;
  return runs().find((run) => run.id === id);
};
const nameFieldAt = (event: Event) => targetWithin<HTMLInputElement>(event, "[data-action='rename']");

const listenToTable = () => {
  const table = byId("compare-table");
  table.addEventListener("click", (event) => {
    const run = runAt(event);
    const action = targetWithin(event, "[data-action]")?.dataset.action;
    if (!run) return;
    if (action === "remove") compareRuns.remove(run.id);
    else if (action === "show") compareRuns.show(run.id, !run.shown);
    else if (action !== "rename") trainAgain(run);
  });
  table.addEventListener("change", (event) => {
    const [run, field] = [runAt(event), nameFieldAt(event)];
    if (run && field && field.value !== compareRuns.nameOf(run)) compareRuns.rename(run.id, field.value);
  });
  table.addEventListener("keydown", (event) => {
    const [run, field] = [runAt(event), nameFieldAt(event)];
    if (!run || !field || !["Enter", "Escape"].includes(event.key)) return;
    if (event.key === "Escape") field.value = compareRuns.nameOf(run);
    field.blur();
  });
  const highlightOn = (name: string, on: boolean) =>
    table.addEventListener(name, (event) => {
      const run = runAt(event);
      if (run) highlight(run.colour, on);
    });
  for (const name of ["mouseover", "focusin"]) highlightOn(name, true);
  for (const name of ["mouseout", "focusout"]) highlightOn(name, false);
};

let highlighted: number | null = null; // the colour of a run
const highlight = (colour: number, on: boolean) => {
  if ((highlighted === colour) === on) return;
  if (highlighted !== null) comparePlots.highlight(highlighted, false);
  highlighted = on ? colour : null;
  if (on) comparePlots.highlight(colour, true);
};

const buildAxes = () => {
  const box = (name: keyof comparePlots.Logs, key: string) => {
    const input = element("input", { type: "checkbox" });
    input.addEventListener("change", () => {
      logs[name] = input.checked;
      repaintKept();
    });
    return element("label", { className: "skip-replay" }, input, i18n.translated("span", key));
  };
  byId("compare-axes").append(box("logX", "fit.log_x"), box("logY", "compare.log_y"));
};

const translate = () => {
  for (const [id, { key, args }] of Object.entries(messages)) byId(id).textContent = t(key, args);
  repaintKept();
};

export const start = () => {
  compareRuns.start();
  buildAxes();
  listenToTable();
  byId("compare-keep").addEventListener("click", () => keep("compare-said"));
  byId("compare-keep-in-fit").addEventListener("click", () => keep("compare-said-in-fit"));
  const table = byId("compare-table");
  plotting.whenNear(ancestor(table, ".card"), () => comparePlots.create().then(repaintKept));
  isNear = plotting.watchNear(ancestor(table, ".card"), paintSoon);
  compareRuns.onChange(repaintKept);
  i18n.onLanguage(translate);
  fitSection.onChange((now) => {
    compareRuns.follow(now);
    paintSoon();
  });
};
