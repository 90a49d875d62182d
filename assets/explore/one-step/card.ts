// "One step, explained": the next epoch of the session's net, in the four steps of the lecture's loop. The server
// computes it when training and playback have stopped and the card is near the screen.

import { byId, element, setText } from "../../core/dom";
import * as weights from "../../core/net/weights";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import * as netFormula from "../../core/text/net-formula";
import * as numbers from "../../core/text/numbers";
import type { Answer, Message, Optimizer, Snapshot } from "../../core/types";
import * as fitFields from "../../fit/fields";
import * as fitSection from "../../fit/fit";
import { type OneStep, value } from "./answer";
import * as formulas from "./formulas";
import * as plots from "./plots";
import * as table from "./table";

let isNear: () => boolean = () => false;
let isDrawn = false;
let requested = ""; // identifies the last request
let shown: OneStep | null = null;
let problem: Message | null = null;
let weight = 0; // index, in the parameter vector, of the weight whose points are shown
let isStepping = false;

// --- the request -----------------------------------------------------------------------------------
// The optimizer of the next step: the one in Fit's fields, or the session's if a field is not valid.
const optimizerOf = ({ optimizer }: Snapshot): Optimizer => {
  const fields = fitFields.now();
  const typed = fields && fitFields.optimizerOf(fields);
  return typed && fitFields.isAllowed(typed) ? typed : optimizer;
};

const request = async (sid: string, state: Snapshot) => {
  const body = { weight, optimizer: optimizerOf(state) };
  const mine = JSON.stringify([sid, state.version, body]);
  if (mine === requested) return;
  requested = mine;
  try {
    const answer = await api.post<OneStep>(`session/${encodeURIComponent(sid)}/one_step`, body);
    if (requested === mine) receive(answer);
  } catch {
    if (requested === mine) requested = ""; // there was no answer, so the next change requests it again
  }
};

const receive = (answer: Answer<OneStep>) => {
  problem = answer.error ?? null;
  if (answer.error) return showStatus();
  shown = answer;
  weight = shown.pull.weight;
  show();
};

// While the net is being trained, played or edited (a frame without an epoch), nothing is requested.
const update = () => {
  const { sid, state, playback, frame, data } = fitSection.now();
  if (!isDrawn || !isNear() || !state || !data || !playback.frames.length) return;
  byId("one-step-next").setAttribute("aria-disabled", String(state.status === "running" || isStepping));
  if (state.status === "running" || playback.playing || frame?.epoch === undefined) return;
  request(sid, state);
};
const updateSoon = () => painting.request("one-step", update);

// --- showing ---------------------------------------------------------------------------------------
const showStatus = () => {
  const status = problem
    ? i18n.sentence("error", problem)
    : shown
      ? i18n.t("step.stands", { epoch: numbers.whole(shown.epoch), next: numbers.whole(shown.epoch + 1) })
      : "";
  setText(byId("one-step-when"), status);
};

const show = () => {
  showStatus();
  if (!shown) return;
  const answer = shown;
  netFormula.show(byId("one-step-formula"), answer.net, (place) => value(answer, "old", place));
  byId("one-step-first").textContent = firstWords(answer);
  byId("one-step-loss").innerHTML = formulas.loss(answer);
  showChooser(answer);
  byId("one-step-gradient").innerHTML = formulas.gradient(answer);
  plots.titles(answer);
  plots.paint(answer);
  byId("one-step-pull").textContent = pullWords(answer);
  byId("one-step-update").innerHTML = formulas.step(answer).join("");
  table.show(byId("one-step-table"), answer);
  byId("one-step-after").textContent = afterWords(answer);
};

const firstWords = ({ net, listed }: OneStep) => {
  const units = Math.floor(listed.length / (net.bias1 ? 3 : 2));
  return net.h > units ? i18n.t("step.first", { units: numbers.whole(units), all: numbers.whole(net.h) }) : "";
};

const pullWords = (answer: OneStep) => {
  const { n, net, pull } = answer;
  const found = value(answer, "gradient", pull.weight);
  const args = {
    weight: weights.nameOf(weights.at(net, pull.weight)),
    n_up: numbers.whole(pull.n_up),
    n_down: numbers.whole(pull.n_down),
    n_none: numbers.whole(n - pull.n_up - pull.n_down),
    gradient: numbers.significant(found),
  };
  const way = found > 0 ? "step.goes_down" : found < 0 ? "step.goes_up" : "step.goes_nowhere";
  return `${i18n.t("step.pull", args)} ${i18n.t(way, args)}`;
};

const afterWords = ({ loss, loss_after: after, diverges }: OneStep) =>
  i18n.t(diverges ? "step.diverges" : "step.after", {
    loss: numbers.fixed(loss ?? Number.NaN, 6),
    after: numbers.fixed(after ?? Number.NaN, 6),
  });

// One button for each weight; new buttons are made only for another net.
const showChooser = ({ net, listed, pull }: OneStep) => {
  const host = byId("one-step-choose");
  const key = JSON.stringify([net, listed]);
  if (host.dataset.made !== key) {
    host.dataset.made = key;
    host.replaceChildren(
      ...listed.map((place) => {
        const found = weights.at(net, place);
        const className = `tab weight-name ${found.role}`;
        const button = element("button", { type: "button", className }, weights.nameOf(found));
        button.dataset.weight = String(place);
        return button;
      }),
    );
  }
  for (const button of host.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.weight === String(pull.weight)));
  }
};

// --- controls --------------------------------------------------------------------------------------
const choose = ({ target }: Event) => {
  if (!(target instanceof HTMLButtonElement)) return;
  weight = Number(target.closest<HTMLElement>("[data-weight]")?.dataset.weight ?? weight);
  update();
};

// The button is never disabled, only aria-disabled, so that it keeps the focus.
const next = async () => {
  const { state } = fitSection.now();
  if (!state || isStepping || byId("one-step-next").getAttribute("aria-disabled") === "true") return;
  isStepping = true;
  update();
  const { seed, net, engine } = state;
  await fitSection.send("step", { seed, net, optimizer: optimizerOf(state), engine });
  isStepping = false;
  updateSoon();
};

// For lessons: the index of the chosen weight in the parameter vector.
export const chosen = () => (shown ? weight : null);

export const start = () => {
  const card = byId("one-step");
  byId("one-step-next").addEventListener("click", next);
  byId("one-step-choose").addEventListener("click", choose);
  byId("one-step-table").addEventListener("click", choose);
  plotting.whenNear(card, async () => {
    await plots.create();
    isDrawn = true;
    updateSoon();
  });
  isNear = plotting.watchNear(card, updateSoon);
  i18n.onLanguage(show);
  fitSection.onChange(updateSoon);
};
