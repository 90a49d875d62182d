// Collects the present state (Build and Fit) for a link, and restores it from a link.

import * as buildSection from "../build/build";
import * as api from "../core/session/api";
import type { MessageKind } from "../core/text/i18n";
import { type Args, type BuildState, type FrameRow, isMessage, type Snapshot } from "../core/types";
import { LINK_PREFIX, linkIn } from "../core/urls";
import * as fitControls from "../fit/controls";
import * as fitFields from "../fit/fields";
import type { Ready } from "../fit/fit";
import * as fitSection from "../fit/fit";
import * as netSteps from "../fit/undo/net-steps";
import type { Kind, Saved, SavedFit } from "./link";
import * as links from "./link";
import { BrokenLink } from "./pack";

// The state that replaces the present one. `frames` are given by a run's file.
type Replacement = { build?: BuildState; fit?: (SavedFit & { frames?: FrameRow[] }) | null };
// A message about what a link leaves out.
export type Note = [key: string, args: Args];
export type Collected = { fragment: string; kind: Kind; notes: Note[]; session: Saved };

// Show a message in Fit's notice.
export const showNotice = (kind: MessageKind, code: string, args: Args = {}) =>
  fitControls.showMessage("fit-notice", kind, { code, args });

// Resolves when Fit's session is open.
export const ready = async () => {
  while (!fitSection.now().state) await new Promise((done) => setTimeout(done, 50));
};

// The whole session in Fit, from the server. Throws a message on failure.
export const saved = async (): Promise<Saved> => {
  const answer = await api.command<{ saved: Saved }>(fitSection.now().sid, "saved", {});
  if (answer.error) throw answer.error;
  return answer.saved;
};

// How much of a session a link can contain, and notes on the rest.
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

// The fragment of the link to the present state.
export const collect = async (): Promise<Collected> => {
  const session = await saved();
  const { kind, notes } = extent(session, fitSection.open());
  const text = await links.write({ build: buildSection.now(), fit: { kind, saved: session } });
  return { fragment: LINK_PREFIX + text, kind, notes, session };
};

// --- restoring ---------------------------------------------------------------------------------
const send = async (command: string, body: object): Promise<Snapshot> => {
  const answer = await fitSection.send(command, body);
  if (answer.error) throw answer.error; // Fit shows it
  return answer.snapshot;
};

const restoreFit = async ({ kind, saved: session, frames }: NonNullable<Replacement["fit"]>) => {
  const { seed, net, optimizer, data: spec, epoch } = session;
  if (kind === "weights") return send("restore", { saved: session, ...(frames && { frames }) });
  const begun = await send("use_data", { spec, net, seed });
  if (kind === "recipe" && epoch > 0) return send("begin", { seed, net, optimizer, epochs: epoch });
  return begun;
};

const restore = async ({ build, fit }: Replacement) => {
  if (build) buildSection.show(build);
  if (!fit) return null;
  const snapshot = await restoreFit(fit);
  fitFields.fill({ ...snapshot, optimizer: { ...snapshot.optimizer, ...fit.saved.optimizer } });
  return snapshot;
};

// Replace the present state, as one undo step. Resolves to Fit's new snapshot, if Fit was replaced.
export const replace = (next: Replacement) => netSteps.asOneStep(() => restore(next));

const announce = ({ kind, saved: session }: SavedFit, snapshot: Snapshot) => {
  const args = { units: session.net.h, epochs: session.epoch };
  if (session.data_key !== snapshot.data_key) showNotice("notice", "link_other_data", args);
  else if (kind === "settings") showNotice("notice", "link_settings", args);
  else if (kind === "recipe" && session.epoch) showNotice("notice", "link_recipe", args);
  else showNotice("notice", "link_opened", args);
};

const open = async (text: string) => {
  history.replaceState(history.state, "", location.pathname + location.search); // so that a reload does not open it again
  await ready();
  let link: links.Content;
  try {
    link = await links.read(text);
  } catch (error) {
    showNotice("error", `link_${error instanceof BrokenLink ? error.why : "damaged"}`);
    return;
  }
  try {
    const snapshot = await replace(link);
    if (link.fit && snapshot) announce(link.fit, snapshot);
    else showNotice("notice", "link_opened");
  } catch (error) {
    if (!isMessage(error)) throw error;
    showNotice("error", error.code, error.args);
  }
};

// Open the link in the URL, if there is one. Links are opened one after the other, so that the last one stays.
let queue = Promise.resolve();
const openUrl = () => {
  const text = linkIn(location.hash);
  if (text === null) return;
  queue = queue.then(() => open(text));
};

export const start = () => {
  window.addEventListener("hashchange", openUrl);
  openUrl();
};
