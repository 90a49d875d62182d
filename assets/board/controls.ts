// The commands to the whole class: send the setting in Fit, train, pause, freeze, release.
import * as classApi from "../class/api";
import { byId, labelOf, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { NetDescription, Optimizer, Snapshot } from "../core/types";
import * as views from "../core/views";
import * as outcomes from "../explore/seeds/outcomes";
import * as fitData from "../fit/data";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as downloads from "../share/downloads";
import { input, isChecked } from "./inputs";
import * as state from "./state";

const { t } = i18n;
let say: downloads.Say;
// The outcome of these commands is shown while any student trains, and at least for MIN_SHOWN_MS.
const OF_RUNS = ["board.did_start", "board.did_resume"];
const MIN_SHOWN_MS = 1500;
let shownAt: number | null = null; // when such an outcome was shown

type SeatCounts = { seats?: number; failed?: number }; // the number of seats for which it succeeded and failed

// Send a command, and show its outcome beside the buttons. `done` is the key of the message of success. Resolves to
// the answer, or null if it was refused.
export const command = async <T = object>(
  name: string,
  body: object,
  done: string | null = null,
): Promise<T | null> => {
  const answer = await classApi.byTeacher<T & SeatCounts>(name, body);
  if (answer.error) {
    downloads.complain(say, answer.error);
    return null;
  }
  const { seats = 0, failed = 0 } = answer;
  if (failed) say("board.failed", { n: failed });
  else say(done, { n: seats });
  shownAt = null;
  if (!failed && OF_RUNS.includes(done ?? "")) {
    shownAt = performance.now();
    setTimeout(clearOutcome, MIN_SHOWN_MS);
  }
  return answer as T;
};

// --- the setting -----------------------------------------------------------------------------------
type Setting = { seed: number; net: NetDescription; optimizer: Optimizer; data: fitData.FitData };

// The values of Fit's fields, and its data.
const inFit = (): Setting | null => {
  const fields = fitFields.now();
  const { data } = fitSection.now();
  if (!fields || !data) return null;
  const seed = numbers.parse(fields.seed);
  return { seed, net: fitFields.netOf(fields), optimizer: fitFields.optimizerOf(fields), data };
};

// The teacher's own setting, kept while Fit has a student's net. Commands to the class send it until the teacher changes
// something in Fit. `opened` identifies the student's setting.
type Aside = { setting: Setting; name: string; opened: string };
let aside: Aside | null = null;
let isOpening = false;
const keyOf = (setting: Setting | null) => setting && JSON.stringify({ ...setting, data: setting.data.key });

const setting = () => {
  const now = inFit();
  if (aside && !isOpening && keyOf(now) !== aside.opened) aside = null;
  return aside?.setting ?? now;
};

// Open a student's net in Fit, and keep the teacher's own setting.
export const openAside = async (name: string, open: () => Promise<Snapshot | null>) => {
  const before = setting();
  isOpening = true;
  const snapshot = await open();
  if (snapshot && before) {
    aside = { setting: before, name, opened: "" };
    await fitFields.waitUntil(() => isInFit(snapshot));
    aside.opened = keyOf(inFit()) ?? "";
  }
  isOpening = false;
  show();
};
const isInFit = ({ seed, net, optimizer, data_key }: Snapshot) => {
  const now = inFit();
  return now?.data.key === data_key && now.seed === seed && now.net.h === net.h && now.optimizer.lr === optimizer.lr;
};

const epochs = () => numbers.parse(input("board-epochs").value);

const push = async () => {
  const now = setting();
  if (!now) return;
  const { seed, net, optimizer, data } = now;
  const seat_seeds = isChecked("board-seat-seeds");
  await command("push", { data: data.spec, seed, seat_seeds, net, optimizer, epochs: 0 }, "board.did_push");
};

const settingText = () => {
  const now = setting();
  if (!now) return "";
  const seed = numbers.short(now.seed);
  return t(aside ? "board.setting_aside" : "board.setting", {
    name: aside?.name ?? "",
    data: fitData.nameOf(now.data.spec),
    kind: outcomes.kind(now),
    seed: isChecked("board-seat-seeds") ? t("board.setting_from", { seed }) : seed,
  });
};

// --- buttons ---------------------------------------------------------------------------------------
const statuses = () => {
  const rows = [...state.roster.values()];
  return {
    isRunning: rows.some((row) => row.status === "running"),
    isPaused: rows.some((row) => row.status === "paused"),
  };
};
const doesResume = () => {
  const { isRunning, isPaused } = statuses();
  return !isRunning && isPaused;
};

const enable = (id: string, on: boolean) => {
  byId(id, HTMLButtonElement).disabled = !on;
};

export const show = () => {
  const { room } = state;
  const leads = Boolean(room?.leading);
  const { isRunning, isPaused } = statuses();
  enable("board-start", leads && !room?.frozen);
  enable("board-pause", leads && (isRunning || isPaused) && !room?.frozen);
  enable("board-release", leads || Boolean(room?.frozen || room?.spotlight || room?.lesson || room?.hidden.length));
  setText(labelOf("board-pause"), t(doesResume() ? "board.resume" : "board.pause"));
  setText(labelOf("board-freeze"), t(room?.frozen ? "board.unfreeze" : "board.freeze"));
  byId("board-freeze").setAttribute("aria-pressed", String(Boolean(room?.frozen)));
  byId("board-push").classList.toggle("primary", !leads);
  byId("board-start").classList.toggle("primary", leads);
  const sent = byId("board-setting");
  setText(sent, settingText());
  sent.classList.toggle("aside", aside !== null);
  byId("board-setting-fit").hidden = !aside;
};

// Remove "Training 96 nets." when no student trains any more.
const clearOutcome = () => {
  if (shownAt === null || performance.now() - shownAt < MIN_SHOWN_MS || statuses().isRunning) return;
  shownAt = null;
  say(null);
};

const onPress = (id: string, action: () => unknown) => byId(id).addEventListener("click", action);

export const start = () => {
  say = downloads.status("board-said");
  input("board-seat-seeds").checked = true;
  input("board-epochs").value = fitFields.now()?.epochs || "5000";
  input("board-seat-seeds").addEventListener("change", show);
  onPress("board-push", push);
  onPress("board-setting-fit", () => {
    aside = null;
    show();
  });
  onPress("board-start", () => command("start", { epochs: epochs() }, "board.did_start"));
  onPress("board-pause", () => {
    const name = doesResume() ? "resume" : "pause";
    return command(name, {}, `board.did_${name}`);
  });
  onPress("board-freeze", () => {
    const on = !state.room?.frozen;
    return command("freeze", { on }, on ? "board.did_freeze" : "board.did_unfreeze");
  });
  onPress("board-release", () => command("release", {}, "board.did_release"));
  state.onChange((what) => {
    if (what === "room" && state.lost) say(null); // the outcome of the last command is outdated
    if (what === "rows") clearOutcome();
    if (what === "room" || what === "rows") show();
  });
  fitSection.onChange(show);
  views.onShow("board", show);
  i18n.onLanguage(show);
};
