// The whole of what a student did: put into a link, and brought back from one.

import * as buildSection from "../build/build";
import * as api from "../core/session/api";
import { type Args, type BuildState, type FrameRow, isMessage, type Snapshot } from "../core/types";
import { LINK_PREFIX, linkIn } from "../core/urls";
import * as fitControls from "../fit/controls";
import * as fitFields from "../fit/fields";
import type { Ready } from "../fit/fit";
import * as fitSection from "../fit/fit";
import * as fitSteps from "../fit/steps";
import type { Kind, Saved, SavedFit } from "./link";
import * as links from "./link";
import { BrokenLink } from "./pack";

// What takes the place of what the tab has; `frames` are those of a run's file.
export type Replacement = { build?: BuildState; fit?: (SavedFit & { frames?: FrameRow[] }) | null };
// A message of the catalogue on what a link leaves out.
export type Note = [key: string, args: Args];
export type Collected = { fragment: string; kind: Kind; notes: Note[]; session: Saved };

// Tell something in the page's own floating box.
export const speak = (kind: fitControls.MessageKind, code: string, args: Args = {}) =>
  fitControls.showMessage("fit-notice", kind, { code, args });

// Fit's session is open.
export const ready = async () => {
  await buildSection.ready;
  while (!fitSection.now().state) await new Promise((done) => setTimeout(done, 50));
};

// What the server keeps of Fit's session; throws a message where it can't be had.
export const saved = async (): Promise<Saved> => {
  const answer = await api.command<{ saved: Saved }>(fitSection.now().sid, "saved", {});
  if (answer.error) throw answer.error;
  return answer.saved;
};

// How much of a session a link can hold, and what is to be said of the rest.
const extent = (session: Saved, { net, state }: Ready): Pick<Collected, "kind" | "notes"> => {
  if (!links.fits(session.data)) {
    return { kind: "settings", notes: [["share.note_own_data", { n: session.data.x?.length }]] };
  }
  if (net.plain) return { kind: "weights", notes: [] };
  const args = { units: net.h, epochs: session.epoch };
  if (!session.epoch) return { kind: "recipe", notes: [] };
  return state.by_recipe
    ? { kind: "recipe", notes: [["share.note_wide", args]] }
    : { kind: "settings", notes: [["share.note_wide_changed", args]] };
};

// The address's fragment that holds it all.
export const collect = async (): Promise<Collected> => {
  const session = await saved();
  const { kind, notes } = extent(session, fitSection.open());
  const text = await links.write({ build: buildSection.now(), fit: { kind, saved: session } });
  return { fragment: LINK_PREFIX + text, kind, notes, session };
};

// --- bringing it back --------------------------------------------------------------------------
const send = async (verb: string, body: object): Promise<Snapshot> => {
  const answer = await fitSection.send(verb, body);
  if (answer.error) throw answer.error; // Fit has told it
  return answer.snapshot;
};

const bring = async ({ kind, saved: session, frames }: NonNullable<Replacement["fit"]>) => {
  const { seed, net, optimizer, data: spec, epoch } = session;
  if (kind === "weights") return send("restore", { saved: session, ...(frames && { frames }) });
  const begun = await send("use_data", { spec, net, seed });
  if (kind === "recipe" && epoch > 0) return send("begin", { seed, net, optimizer, epochs: epoch });
  return begun;
};

const restore = async ({ build, fit }: Replacement) => {
  if (build) buildSection.show(build);
  if (!fit) return null;
  const snapshot = await bring(fit);
  fitFields.fill({ ...snapshot, optimizer: { ...snapshot.optimizer, ...fit.saved.optimizer } });
  return snapshot;
};

// Put `next` in the place of what this tab has, as one step that can be taken back.
export const replace = (next: Replacement) => fitSteps.asOneStep(() => restore(next));

const say = ({ kind, saved: session }: SavedFit, snapshot: Snapshot) => {
  const args = { units: session.net.h, epochs: session.epoch };
  if (session.data_key !== snapshot.data_key) speak("notice", "link_other_data", args);
  else if (kind === "settings") speak("notice", "link_settings", args);
  else if (kind === "recipe" && session.epoch) speak("notice", "link_recipe", args);
  else speak("notice", "link_opened", args);
};

const open = async (text: string) => {
  history.replaceState(history.state, "", location.pathname + location.search); // no second time
  await ready();
  let link: links.Whole;
  try {
    link = await links.read(text);
  } catch (error) {
    speak("error", `link_${error instanceof BrokenLink ? error.why : "damaged"}`);
    return;
  }
  try {
    const snapshot = await replace(link);
    if (link.fit && snapshot) say(link.fit, snapshot);
    else speak("notice", "link_opened");
  } catch (error) {
    if (!isMessage(error)) throw error;
    speak("error", error.code, error.args);
  }
};

// One after the other: the second of two links is what one sees.
let turn = Promise.resolve();
const look = () => {
  const text = linkIn(location.hash);
  if (text === null) return;
  turn = turn.then(() => open(text));
};

export const start = () => {
  window.addEventListener("hashchange", look);
  look();
};
