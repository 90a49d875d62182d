// Fit's buttons, status, counts, messages and playback bar.
import { byId, element, setText, targetWithin } from "../core/dom";
import * as nets from "../core/net/net";
import type { Playback } from "../core/session/playback";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Frame, Message, Snapshot } from "../core/types";
import * as fitNet from "./net-description";

const { t } = i18n;

const ICONS = {
  start: "M5 4h2.5v16H5zM20 4v16L9 12z",
  end: "M16.500 4H19v16h-2.500zM4 4v16l11-8z",
  play: "M6 4v16l14-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
};
type Icon = keyof typeof ICONS;
type FitPlayback = Playback<Frame>;
const icon = (name: Icon) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

// The tab remembers the checkbox "Straight to the end", with which new frames are not played.
const SKIP_KEY = "pwl.skip";
const skipBox = (playback: FitPlayback) => {
  const box = element("input", { type: "checkbox", id: "playback-skip" });
  const words = i18n.translated("span", "playback.skip");
  box.addEventListener("change", () => {
    playback.setSkipping(box.checked);
    storage.writeTab(SKIP_KEY, box.checked ? "yes" : "no");
  });
  box.checked = storage.readTab(SKIP_KEY) === "yes";
  playback.setSkipping(box.checked);
  return element("label", { className: "skip-replay" }, box, words);
};

const buildPlayback = (playback: FitPlayback) => {
  const iconButton = (id: string, key: string, name: Icon, action: () => void) => {
    const node = i18n.label(element("button", { type: "button", id, className: "icon", innerHTML: icon(name) }), key);
    node.addEventListener("click", action);
    return node;
  };
  type Range = { min: number; max: number; step: number; value: number };
  const slide = (id: string, key: string, range: Range, action: (value: number, node: HTMLInputElement) => void) => {
    const node = i18n.label(element("input", { type: "range", id, className: "slider", ...range }), key);
    node.addEventListener("input", () => action(Number(node.value), node));
    return node;
  };
  const speedText = element("output", { id: "playback-speed-text" }, "1×");
  const setSpeed = (power: number, node: HTMLInputElement) => {
    const speed = 2 ** power;
    speedText.textContent = `${numbers.short(speed, speed < 1 ? 2 : 1)}×`;
    node.setAttribute("aria-valuetext", speedText.textContent);
    playback.setSpeed(speed);
  };
  byId("fit-playback").append(
    iconButton("playback-start", "playback.start", "start", () => playback.seek(0)),
    iconButton("playback-toggle", "playback.play", "play", () => playback.toggle()),
    slide("playback-scrub", "playback.scrub", { min: 0, max: 0, step: 1, value: 0 }, playback.seek),
    iconButton("playback-end", "playback.end", "end", () => playback.skip()),
    element(
      "span",
      { className: "speed" },
      slide("playback-speed", "playback.speed", { min: -3, max: 3, step: 0.1, value: 0 }, setSpeed),
      speedText,
    ),
    skipBox(playback),
  );
};

export const showPlayback = (playback: FitPlayback) => {
  const scrub = byId("playback-scrub", HTMLInputElement);
  const { frame, frames } = playback;
  // A trained net from a link has only its last frame. The slider then is at its end.
  const isLastOnly = frames.length === 1 && frames[0].epoch > 0;
  scrub.max = String(isLastOnly ? 1 : Math.max(frames.length - 1, 0));
  scrub.value = String(isLastOnly ? 1 : playback.index);
  showRunButtons(playback);
  const toggle = byId("playback-toggle");
  const key = playback.playing ? "playback.pause" : "playback.play";
  if (toggle.dataset.tLabel !== key) {
    toggle.innerHTML = icon(playback.playing ? "pause" : "play");
    i18n.label(toggle, key);
  }
  if (!frame) return;
  const back = !playback.following && !playback.playing;
  const backKey = frame.net.plain ? "playback.back" : "playback.back_wide";
  setText(byId("fit-looking-back"), back ? t(backKey, { epoch: numbers.whole(frame.epoch) }) : "");
  const words = t("playback.at", {
    epoch: numbers.whole(frame.epoch),
    loss: numbers.fixed(frame.loss, 4),
  });
  scrub.setAttribute("aria-valuetext", words);
  if (!playback.playing) i18n.announce(words);
};

type Counts = Pick<Frame, "epoch" | "loss" | "p" | "net" | "test">;
export const showCount = ({ epoch, loss, p, net, test = null }: Counts) => {
  setText(byId("count-epoch"), numbers.whole(epoch));
  setText(byId("count-loss"), numbers.fixed(loss, 6));
  setText(byId("count-test"), numbers.fixed(test, 6));
  if (!p || !fitNet.hasSlopes(net)) return;
  const { left, right } = nets.slopes(p, net);
  setText(byId("count-slopes"), `${numbers.fixed(left, 2)} / ${numbers.fixed(right, 2)}`);
};

const COMMANDS = ["fit-train", "fit-pause", "fit-step", "fit-reset"]; // disabled until the session is open
const RUN_BUTTONS = ["fit-train", "fit-pause", "fit-resume", "fit-step"];
const button = (id: string) => byId(id, HTMLButtonElement);
const disable = (ids: string[]) => {
  for (const id of ids) button(id).disabled = true;
};

// The status that is shown from the press of a button to the server's answer.
const PRESSED = { "fit-train": "status.starting", "fit-resume": "status.starting", "fit-pause": "status.pausing" };

// Training is disabled until the server has answered a reset, because the reset would discard its result.
const awaitReset = () => disable(["fit-train", "fit-step"]);

// While the server cannot be reached, the buttons are disabled and the status gives the reason.
let lastState: Snapshot | null = null;
let connected = true;
let lostReason: Message | null = null;
export const showConnection = (isConnected: boolean, reason: Message | null, playback: FitPlayback) => {
  if (isConnected === connected && reason?.code === lostReason?.code) return;
  connected = isConnected;
  lostReason = reason;
  if (lastState) showState(lastState, playback);
};

export const showState = (state: Snapshot, playback: FitPlayback) => {
  lastState = state;
  const { epoch, start_epoch: start, target_epoch: target } = state;
  showRunButtons(playback);
  button("fit-reset").disabled = !connected;
  const span = target - start;
  byId("fit-progress", HTMLProgressElement).value = span > 0 ? (epoch - start) / span : Number(epoch > 0);
  setText(byId("count-status"), statusText(state));
};

// Pause and Resume act on the run, or, if no run is in progress, on the replay of its frames.
let isReplayPaused = false;
const showRunButtons = ({ playing, following }: FitPlayback) => {
  if (!lastState) return;
  const running = lastState.status === "running";
  isReplayPaused &&= !running && !playing && !following;
  const canPause = running || playing;
  const canResume = lastState.status === "paused" || isReplayPaused;
  const focused = document.activeElement;
  for (const id of ["fit-train", "fit-step"]) button(id).disabled = running || !connected;
  button("fit-pause").disabled = !canPause || !connected;
  button("fit-resume").disabled = !connected;
  byId("fit-pause").hidden = canResume;
  byId("fit-resume").hidden = !canResume;
  const losesFocus = focused instanceof HTMLButtonElement && (focused.disabled || focused.hidden);
  if (losesFocus && RUN_BUTTONS.includes(focused.id)) {
    const next = canResume ? "fit-resume" : canPause ? "fit-pause" : "fit-train";
    byId(next).focus({ preventScroll: true });
  }
};

// The listener of Pause or Resume. If the run's status is `ofRun`, the button acts on the run, and Dash sends the
// command. Otherwise the button pauses or resumes the replay, without the server.
const toggleReplay = (playback: FitPlayback, ofRun: Snapshot["status"], isPause: boolean) => (event: Event) => {
  if (lastState?.status === ofRun) return;
  event.stopImmediatePropagation();
  isReplayPaused = isPause;
  playback.toggle();
  showRunButtons(playback);
};

const statusText = ({ status, epoch, target_epoch: target, epochs_per_second: speed }: Snapshot) => {
  if (!connected) return t(lostReason?.code === "foreign" ? "error.foreign" : "status.disconnected");
  if (status !== "running") return t(`status.${status}`, { target: numbers.whole(target) });
  if (!speed) return t("status.starting");
  return t("status.running", {
    epoch: numbers.whole(epoch),
    target: numbers.whole(target),
    left: timeLeft((target - epoch) / speed),
    speed: numbers.whole(speed),
  });
};

export const timeLeft = (seconds: number) => {
  if (seconds <= 90) return t("time.seconds", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds <= 90 * 60) return t("time.minutes", { n: Math.ceil(seconds / 60) });
  return t("time.hours", { n: numbers.short(seconds / 3600, 1) });
};

type Shown = { kind: i18n.MessageKind; message: Message | null; wrap: (text: string) => string };
const messages: Record<string, Shown> = {}; // by the id of their box

// Show a message in a box, or hide the box. `wrap` may put the message into a longer sentence.
export const showMessage = (
  id: string,
  kind: i18n.MessageKind,
  message: Message | null,
  wrap: (text: string) => string = (text) => text,
) => {
  messages[id] = { kind, message, wrap };
  const box = byId(id);
  box.hidden = !message;
  box.className = `notice ${kind}`;
  box.textContent = message ? wrap(i18n.sentence(kind, message)) : "";
};
// Hide an error, when the user changes an input.
export const dismissError = () => {
  if (messages["fit-notice"]?.kind === "error") showMessage("fit-notice", "error", null);
};
export const translateMessages = () => {
  for (const [id, { kind, message, wrap }] of Object.entries(messages)) {
    if (!byId(id).hidden) showMessage(id, kind, message, wrap);
  }
};

// A notice stays in the session's state. When the user has dismissed it, it is not shown again.
let noticeKey = "";
export const showNotice = (sid: string, { notice, first_seq: since }: Snapshot) => {
  const key = JSON.stringify([sid, since, notice]);
  if (key === noticeKey) return;
  noticeKey = key;
  showMessage("fit-notice", "notice", notice);
};

// Show why the server could not load the data file with which it was started, and uses other data instead.
export const showDataProblem = (message: Message | null) =>
  showMessage("fit-data-problem", "error", message, (problem) => t("data.instead", { problem }));

export const start = (playback: FitPlayback, onPress: () => void) => {
  disable(COMMANDS);
  buildPlayback(playback);
  for (const fields of document.querySelectorAll("#fit .fields, #fit-engine")) {
    fields.addEventListener("input", dismissError);
  }
  byId("fit-pause").addEventListener("click", toggleReplay(playback, "running", true));
  byId("fit-resume").addEventListener("click", toggleReplay(playback, "paused", false));
  for (const [id, key] of Object.entries(PRESSED)) {
    byId(id).addEventListener("click", () => setText(byId("count-status"), t(key)));
  }
  byId("fit-pause").addEventListener("click", playback.hold);
  for (const id of [...COMMANDS, "fit-resume"]) byId(id).addEventListener("click", onPress);
  byId("fit-reset").addEventListener("click", awaitReset);
  byId("fit-checkpoints").addEventListener("click", (event) => {
    const seq = Number(targetWithin(event, "[data-seq]")?.dataset.seq ?? NaN);
    const index = playback.frames.findIndex((frame) => frame.seq === seq);
    if (index >= 0) playback.seek(index);
  });
  const notice = byId("fit-notice");
  notice.addEventListener("click", () => {
    notice.hidden = true;
  });
};
