// Compare runs: keep the run in Fit, lay it beside others, bring it back.

import { ancestor, byId, element, targetWithin } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as i18n from "../../core/text/i18n";
import type { Args, Range } from "../../core/types";
import type { Shown } from "../../fit/data";
import * as fitData from "../../fit/data";
import type { Now, Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import { begin } from "../begin";
import * as comparePlots from "./plots";
import * as compareRuns from "./runs";
import * as compareTable from "./table";

const { t } = i18n;
const SLOW_MS = 200; // axes follow at 5 Hz

const logs: comparePlots.Logs = { logX: false, logY: false };
const said: Record<string, { key: string; args?: Args }> = {}; // by the place beside a button
let isNear = () => false;
let stillKey = ""; // what the plots' still curves and the table were made of

const runs = () => compareRuns.all;
const names = () => runs().map(compareRuns.nameOf);
// The run in Fit, with frames of its net and on its data.
type There = Ready & { frame: Shown };
const isThere = (now: Now): now is There =>
  fitSection.isReady(now) && now.frame !== undefined && now.playback.frame?.net === now.net;

// --- words ----------------------------------------------------------------------------------------
const tell = (id: string, key: string, args?: Args) => {
  said[id] = { key, args };
  byId(id).textContent = t(key, args);
  i18n.announce(t(key, args));
};

// What the eye should know before it compares.
const note = ({ net, data }: Ready) => {
  const shown = runs().filter((run) => run.shown);
  const others = shown.filter((run) => run.data !== data.key).length;
  const sentences = [
    runs().length ? "" : t("compare.empty", { max: compareRuns.MOST }),
    others === 1 ? t("compare.note_other") : others ? t("compare.note_others", { n: others }) : "",
    shown.some((run) => run.net.loss !== net.loss) ? t("compare.note_kinds") : "",
  ];
  byId("compare-note").textContent = sentences.filter(Boolean).join(" ");
};

// --- painting -------------------------------------------------------------------------------------
// The run in Fit, as it is under the play head or under the student's hand.
const current = ({ state, net, data, playback, frame }: There): compareRuns.Shot => {
  const { epoch, loss } =
    frame.epoch === undefined
      ? { epoch: playback.frame?.epoch ?? 0, loss: nets.loss(frame.p, data.x, data.y, net) }
      : frame;
  const span: Range = [data.x[0], data.x[data.x.length - 1]];
  const { seed, optimizer } = state;
  return { seed, net, optimizer, data: data.key, spec: data.spec, epoch, loss, p: frame.p, curve: frame.curve, span };
};

const paintStill = (now: There) => {
  const key = [i18n.language(), now.data.key, now.net.loss, JSON.stringify(logs)].join(" ");
  if (key === stillKey) return;
  stillKey = key;
  compareTable.render(byId("compare-table"), runs(), names(), now.data.key);
  comparePlots.still(runs(), names(), now.data, logs);
  note(now);
};

const paint = () => {
  const now = fitSection.now();
  if (!isThere(now) || !isNear() || !comparePlots.ready()) return;
  paintStill(now);
  const run = current(now);
  const { frames, index } = now.playback;
  const losses = compareRuns.lossCurve(frames.slice(0, index + 1));
  comparePlots.live({ losses, fit: comparePlots.fitOf(run, now.data) }, logs);
  compareTable.showLive(byId("compare-table"), run, now.data.key);
  axesSoon();
};
const paintSoon = () => painting.request("compare", paint);

// The axes hold all that is shown, and the whole of the run in Fit.
const axes = () => {
  const now = fitSection.now();
  if (!isThere(now)) return;
  const { data, net, playback } = now;
  const shown = runs().filter((run) => run.shown);
  const here = [current(now), ...shown.filter((run) => run.data === data.key)];
  comparePlots.axes(
    {
      data,
      losses: [compareRuns.lossCurve(playback.frames), ...shown.map((run) => run.losses)],
      fits: here.map((run) => comparePlots.fitOf(run, data)),
      truth: fitData.trueLoss(data, net) ?? NaN,
    },
    logs,
  );
};
const axesSoon = painting.throttle(SLOW_MS, axes);

const again = () => {
  stillKey = "";
  paintSoon();
};

// --- what can be pressed --------------------------------------------------------------------------
const keep = (where: string) => {
  const { key, args } = compareRuns.keep(fitSection.now());
  tell(where, key, args);
};

// Train it again in Fit, on its own data; what was done by hand on the way is not repeated.
const bringBack = async (run: compareRuns.Run) => {
  const name = compareRuns.nameOf(run);
  const isHere = run.data === fitSection.now().data?.key;
  const { label, ...spec } = run.spec;
  if (spec.law === "own" && !isHere) return tell("compare-said", "compare.refused_data", { name });
  const { seed, net, optimizer, epoch: epochs } = run;
  if (!(await begin({ seed, net, optimizer, epochs }, isHere ? null : spec))) return; // Fit says why
  tell("compare-said", run.edited || run.mixed ? "compare.opened_anew" : "compare.opened", { name });
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
    else if (action !== "rename") bringBack(run);
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
  const stressOn = (name: string, on: boolean) =>
    table.addEventListener(name, (event) => {
      const run = runAt(event);
      if (run) stress(run.colour, on);
    });
  for (const name of ["mouseover", "focusin"]) stressOn(name, true);
  for (const name of ["mouseout", "focusout"]) stressOn(name, false);
};

let stressed: number | null = null; // the colour that is drawn wider
const stress = (colour: number, on: boolean) => {
  if ((stressed === colour) === on) return;
  if (stressed !== null) comparePlots.stress(stressed, false);
  stressed = on ? colour : null;
  if (on) comparePlots.stress(colour, true);
};

const buildAxes = () => {
  const box = (name: keyof comparePlots.Logs, key: string) => {
    const input = element("input", { type: "checkbox" });
    const words = element("span", { textContent: t(key) });
    words.dataset.t = key;
    input.addEventListener("change", () => {
      logs[name] = input.checked;
      again();
    });
    return element("label", { className: "skip-replay" }, input, words);
  };
  byId("compare-axes").append(box("logX", "fit.log_x"), box("logY", "compare.log_y"));
};

const retell = () => {
  for (const [id, { key, args }] of Object.entries(said)) byId(id).textContent = t(key, args);
  again();
};

export const start = () => {
  compareRuns.start();
  buildAxes();
  listenToTable();
  byId("compare-keep").addEventListener("click", () => keep("compare-said"));
  byId("compare-keep-in-fit").addEventListener("click", () => keep("compare-said-in-fit"));
  const table = byId("compare-table");
  plotting.whenNear(ancestor(table, ".card"), () => comparePlots.create().then(again));
  isNear = plotting.watchNear(ancestor(table, ".card"), paintSoon);
  compareRuns.onChange(again);
  i18n.onLanguage(retell);
  fitSection.onChange((now) => {
    compareRuns.follow(now);
    paintSoon();
  });
};
