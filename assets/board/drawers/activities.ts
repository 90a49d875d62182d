// Questions and challenges to the class: they are started in drawers, and their results are shown beside the tiles.

import * as buildSection from "../../build/build";
import * as presets from "../../class/question/presets";
import type { Place, Question } from "../../class/types";
import { byId, element, labelOf, setText } from "../../core/dom";
import * as painting from "../../core/plots/painting";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import * as answers from "../canvas/answers";
import * as hidpi from "../canvas/hidpi-canvas";
import * as canvases from "../canvases";
import { command } from "../controls";
import { choice, input } from "../inputs";
import * as state from "../state";

const { t } = i18n;
type Tab = "plots" | "question" | "challenge";
const TABS: Tab[] = ["plots", "question", "challenge"];
const DIGITS = 4; // of a score

let tab: Tab = "plots";
const newestIds = { question: 0, challenge: 0 };
let canvas: hidpi.Canvas;

// --- tabs ------------------------------------------------------------------------------------------
const exists = (name: Tab) => name === "plots" || Boolean(state.room?.[name]);

const showTabs = () => {
  byId("board-tabs").hidden = !exists("question") && !exists("challenge");
  for (const name of TABS) {
    byId(`board-panel-${name}`).hidden = name !== tab;
    const button = byId(`board-tab-${name}`);
    button.hidden = !exists(name);
    button.setAttribute("aria-pressed", String(name === tab));
  }
};

const go = (name: Tab) => {
  tab = name;
  show();
  canvases.resize();
};

// A new question or challenge opens its tab; when it has ended, the tab of the plots is opened.
const chooseTab = () => {
  for (const name of ["question", "challenge"] as const) {
    const id = state.room?.[name]?.id ?? 0;
    if (id > newestIds[name]) tab = name;
    newestIds[name] = Math.max(newestIds[name], id);
  }
  if (!exists(tab)) tab = "plots";
};

// --- the question ----------------------------------------------------------------------------------
const paint = () => {
  const question = state.room?.question;
  hidpi.fit(canvas);
  if (!question || !canvas.width) return;
  const { values } = state.answers();
  answers.paint(
    canvas,
    { ...question, options: presets.optionsOf(question) },
    values,
    state.mainPlotData(),
    canvases.theme,
  );
};

const showQuestion = () => {
  const question = state.room?.question;
  if (!question) return;
  setText(byId("board-question-text"), presets.textOf(question));
  const parts = [t("board.answered", { k: numbers.whole(question.answered), n: numbers.whole(state.roster.size) })];
  if (question.revealed) parts.push(t("board.revealed"));
  else if (!state.hasNames()) parts.push(t("board.answers_hidden"));
  const { outside } = state.answers();
  if (outside) parts.push(t("class.outside", { n: numbers.whole(outside) }));
  setText(byId("board-answered"), parts.join(" "));
  byId("board-reveal").hidden = question.revealed;
  painting.request("board-answers", paint);
};

const kindOf = () => choice("board-ask-kind") as Question["kind"];
// Put a preset text into a field, unless the teacher has typed another text.
const setPreset = (field: HTMLTextAreaElement, text: string) => {
  if (field.value === (field.dataset.preset ?? "")) field.value = text;
  field.dataset.preset = text;
};
const isPreset = (field: HTMLTextAreaElement) => field.value === field.dataset.preset;

// Call this when a question or challenge has started. Closes the chosen student's net, which on a low screen covers
// questions and challenges.
const onStarted = (drawer: string) => {
  byId(drawer, HTMLDetailsElement).open = false;
  state.choose(null);
};

const showPresets = () => {
  const kind = kindOf();
  setPreset(byId("board-ask-text", HTMLTextAreaElement), presets.presetText(kind));
  const options = byId("board-ask-options", HTMLTextAreaElement);
  setPreset(options, presets.presetOptions());
  options.closest("label")?.toggleAttribute("hidden", kind !== "choice");
};

const ask = async () => {
  const kind = kindOf();
  const text = byId("board-ask-text", HTMLTextAreaElement);
  const options = byId("board-ask-options", HTMLTextAreaElement);
  const isChoice = kind === "choice";
  const question = {
    kind,
    text: text.value,
    text_is_preset: isPreset(text),
    options: isChoice ? presets.lines(options.value) : [],
    options_are_preset: isChoice && isPreset(options),
  };
  if (await command("ask", question)) onStarted("board-ask");
};

// --- the challenge ---------------------------------------------------------------------------------
const rankingRow = ({ place, seat, name, score }: Place) => {
  const known = state.roster.get(seat);
  const who = state.nameOf({ n: seat, name: name || known?.name || "" });
  const row = element(
    "li",
    { value: place },
    element("span", { textContent: who }),
    element("output", { textContent: numbers.fixed(score, DIGITS) }),
  );
  row.addEventListener("click", () => state.choose(seat));
  return row;
};

const showChallenge = () => {
  const challenge = state.room?.challenge;
  if (!challenge) return;
  const n = numbers.whole(challenge.epochs);
  const words = [t(`board.challenge_on_${challenge.kind}`, { n })];
  if (challenge.over) words.push(t("board.challenge_over"));
  setText(byId("board-challenge-words"), words.join(" · "));
  setText(labelOf("board-challenge-end"), t(challenge.over ? "board.challenge_remove" : "board.challenge_end"));
  const nobody = element("li", { className: "hint", textContent: t("board.challenge_nobody") });
  const rows = challenge.ranking.map(rankingRow);
  byId("board-ranking").replaceChildren(...(rows.length ? rows : [nobody]));
};

const showAbout = () => {
  const kind = choice("board-challenge-kind");
  setText(byId("board-challenge-about"), t(`board.challenge_about_${kind}`));
  byId("board-challenge-epochs")
    .closest("label")
    ?.toggleAttribute("hidden", kind !== "lowest");
};

// The key of the message if a challenge that starts now unfreezes the pages, or takes a shown net off them.
const freed = () => {
  if (state.room?.frozen) return "board.did_challenge_unfreeze";
  return state.room?.spotlight == null ? null : "board.did_challenge_off";
};

const begin = async () => {
  const kind = choice("board-challenge-kind");
  const epochs = kind === "lowest" ? numbers.parse(input("board-challenge-epochs").value) : 0;
  const target = kind === "match" ? buildSection.now().params : null;
  if (await command("challenge", { kind, epochs, target }, freed())) onStarted("board-challenge");
};

// --- start ------------------------------------------------------------------------------------------
const show = () => {
  showTabs();
  showQuestion();
  showChallenge();
};

export const start = () => {
  canvas = hidpi.create(byId("board-answers", HTMLCanvasElement));
  new ResizeObserver(paint).observe(byId("board-answers"));
  for (const name of TABS) byId(`board-tab-${name}`).addEventListener("click", () => go(name));
  byId("board-ask-kind").addEventListener("change", showPresets);
  byId("board-challenge-kind").addEventListener("change", showAbout);
  const press: [string, () => unknown][] = [
    ["board-ask-send", ask],
    ["board-reveal", () => command("reveal", {})],
    ["board-question-end", () => command("end_question", {})],
    ["board-challenge-start", begin],
    ["board-challenge-end", () => command("end_challenge", {})],
  ];
  for (const [id, action] of press) byId(id).addEventListener("click", action);
  state.onChange((what) => {
    if (what === "groups") showQuestion(); // it says how many students there are
    if (what !== "room") return;
    const before = tab;
    chooseTab();
    if (tab === before) show();
    else go(tab);
  });
  i18n.onLanguage(() => {
    showPresets();
    showAbout();
    show();
  });
  showPresets();
  showAbout();
};
