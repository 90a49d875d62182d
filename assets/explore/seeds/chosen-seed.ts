// The chosen seed: the user chooses it by its dot or its number, reads its description, and can open it in Fit.
import { byId, element } from "../../core/dom";
import { clamp } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { NetDescription, Optimizer } from "../../core/types";
import { startOver } from "../start-over";
import * as outcomes from "./outcomes";

const { t } = i18n;
type Run = outcomes.Run;
// `net` is null while nothing is trained yet.
type Trained = { runs: Run[]; epochs: number } & (
  | { net: NetDescription; optimizer: Optimizer }
  | { net: null; optimizer: null }
);

let trained: () => Trained;
let onChoice: () => void; // marks it in the plots
let chosen: Run | null = null;

const field = () => byId("seeds-open-field", HTMLInputElement);
const runOf = (seed?: number) => trained().runs.find((each) => each.seed === seed);

export const choose = (run: Run | null) => {
  chosen = run;
  onChoice();
  show();
};

export const chooseSeed = (seed?: number) => {
  const run = runOf(seed);
  if (run) choose(run);
  return run;
};

export const show = () => {
  const { runs, net } = trained();
  const input = field();
  input.disabled = !runs.length;
  byId("seeds-open", HTMLButtonElement).disabled = !chosen;
  if (document.activeElement !== input) input.value = chosen ? String(chosen.seed) : "";
  byId("seeds-chosen").textContent =
    chosen && net ? outcomes.one(chosen, net) : t(runs.length ? "seeds.choose" : "seeds.choose_later");
};

// Train the same run in Fit, with the same net, optimizer and number of epochs.
export const open = (run?: Run) => {
  const { net, optimizer, epochs } = trained();
  if (!run || !net) return;
  choose(run);
  startOver({ seed: run.seed, net, optimizer, epochs });
};

const openTyped = () => {
  const run = runOf(numbers.parse(field().value));
  if (run) open(run);
  else showMissing();
};

const showMissing = () => {
  byId("seeds-chosen").textContent = t("seeds.not_there", { seed: field().value });
};

// The arrow keys choose the next or previous seed.
const onKey = (event: KeyboardEvent) => {
  const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
  if (step) {
    event.preventDefault();
    const { runs, net } = trained();
    const at = chosen ? runs.indexOf(chosen) + step : 0;
    const next = runs[clamp(at, 0, runs.length - 1)];
    if (!next || !net) return;
    field().value = String(next.seed);
    choose(next);
    i18n.announce(`${t("fit.seed")} ${next.seed}: ${outcomes.one(next, net)}`);
  }
  if (event.key === "Enter") openTyped();
};

const onTyping = () => {
  if (chooseSeed(numbers.parse(field().value))) return;
  choose(null);
  if (field().value.trim()) showMissing();
};

export const current = () => chosen;

export const start = (of: typeof trained, listener: typeof onChoice) => {
  trained = of;
  onChoice = listener;
  const attributes = { type: "text", inputMode: "numeric", autocomplete: "off", maxLength: 10 };
  const input = element("input", { id: "seeds-open-field", ...attributes });
  input.addEventListener("keydown", onKey);
  input.addEventListener("input", onTyping);
  const words = i18n.translated("span", "seeds.open_field");
  byId("seeds-one").prepend(element("label", { className: "field" }, words, input));
  byId("seeds-open").addEventListener("click", openTyped);
};
