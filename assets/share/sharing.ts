// The whole of what a student did: put into a link, and brought back from one.

import * as buildSection from "../build/build";
import * as api from "../core/api";
import type { Answer } from "../core/types";
import * as fitControls from "../fit/controls";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as fitSteps from "../fit/steps";
import * as links from "./link";
import { LINK_PREFIX } from "./prefix";

// Tell something in the page's own floating box; `kind` is "notice" or "error".
export const speak = (kind, code, args = {}) => fitControls.showMessage("fit-notice", kind, { code, args });

// Fit's session is open.
export const ready = async () => {
  await buildSection.ready;
  while (!fitSection.now().state) await new Promise((done) => setTimeout(done, 50));
};

// What the server keeps of Fit's session; throws {code, args} where it can't be had.
export const saved = async () => {
  const { sid } = fitSection.now();
  let answer;
  try {
    answer = await api.post(`session/${encodeURIComponent(sid)}/saved`, {});
  } catch {
    answer = { error: { code: "server", args: {} } };
  }
  if (answer.error) throw answer.error;
  return answer.saved;
};

// How much of a session a link can hold, and what is to be said of the rest: {kind, notes}.
const extent = (session, { net, state }) => {
  if (!links.fits(session.data)) {
    return { kind: "settings", notes: [["share.note_own_data", { n: session.data.x.length }]] };
  }
  if (net.plain) return { kind: "weights", notes: [] };
  const args = { units: net.h, epochs: session.epoch };
  if (!session.epoch) return { kind: "recipe", notes: [] };
  return state.by_recipe
    ? { kind: "recipe", notes: [["share.note_wide", args]] }
    : { kind: "settings", notes: [["share.note_wide_changed", args]] };
};

// {text, kind, notes, session}: the fragment's text, and what it is.
export const collect = async () => {
  const session = await saved();
  const { kind, notes } = extent(session, fitSection.now());
  const text = await links.write({ build: buildSection.now(), fit: { kind, saved: session } });
  return { fragment: LINK_PREFIX + text, kind, notes, session };
};

// --- bringing it back --------------------------------------------------------------------------
const send = async (verb, body) => {
  const answer = (await fitSection.send(verb, body)) as Answer;
  if (answer.error) throw answer.error; // Fit has told it
  return answer.snapshot;
};

// `frames` are those of a run's file.
const bring = async ({ kind, saved: session, frames }) => {
  const { seed, net, optimizer, data: spec, epoch } = session;
  if (kind === "weights") return send("restore", { saved: session, ...(frames && { frames }) });
  const begun = await send("use_data", { spec, net, seed });
  if (kind === "recipe" && epoch > 0) return send("begin", { seed, net, optimizer, epochs: epoch });
  return begun;
};

const restore = async ({ build, fit }) => {
  if (build) buildSection.show(build);
  if (!fit) return null;
  const snapshot = await bring(fit);
  fitFields.fill({ ...snapshot, optimizer: { ...snapshot.optimizer, ...fit.saved.optimizer } });
  return snapshot;
};

// Put `next` in the place of what this tab has, as one step that can be taken back.
export const replace = async (next) => {
  const answer = await fitSteps.whole(() => restore(next));
  if (answer?.error) throw answer.error;
  return answer;
};

const say = ({ kind, saved: session }, snapshot) => {
  const args = { units: session.net.h, epochs: session.epoch };
  if (session.data_key !== snapshot.data_key) speak("notice", "link_other_data", args);
  else if (kind === "settings") speak("notice", "link_settings", args);
  else if (kind === "recipe" && session.epoch) speak("notice", "link_recipe", args);
  else speak("notice", "link_opened", args);
};

const open = async (text) => {
  history.replaceState(history.state, "", location.pathname + location.search); // no second time
  await ready();
  let link;
  try {
    link = await links.read(text);
  } catch (error) {
    speak("error", `link_${error.why ?? "damaged"}`);
    return;
  }
  try {
    const snapshot = await replace(link);
    if (link.fit) say(link.fit, snapshot);
    else speak("notice", "link_opened");
  } catch (error) {
    if (!error.code) throw error;
    speak("error", error.code, error.args);
  }
};

// One after the other: the second of two links is what one sees.
let turn = Promise.resolve();
const look = () => {
  if (!location.hash.startsWith(LINK_PREFIX)) return;
  const text = location.hash.slice(LINK_PREFIX.length);
  turn = turn.then(() => open(text));
};

export const start = () => {
  window.addEventListener("hashchange", look);
  look();
};
