// What Fit shows: the net, its data, the playback of its frames, and weights edited by hand. Fit's modules
// set it, and every section reads it.
import * as painting from "../core/plots/painting";
import type * as playbacks from "../core/session/playback";
import type { FitNet, Frame, Snapshot } from "../core/types";
import type * as fitData from "./data";
import * as fitSession from "./session";
import { state } from "./session";

type Shown = {
  playback: playbacks.Playback<Frame>;
  data: fitData.FitData | null;
  net: FitNet | null; // of the session
  editing: fitData.Edited | null; // weights edited by hand, until the server has recorded them
};
let playback: Shown["playback"];
let [data, net, editing]: [Shown["data"], Shown["net"], Shown["editing"]] = [null, null, null];
export const set = (changes: Partial<Shown>) => {
  const next = { playback, data, net, editing, ...changes };
  ({ playback, data, net, editing } = next);
};

// What Fit shows. `frame` is the frame under the play head, or the weights edited by hand; `state` is the newest
// snapshot, which may be ahead of `frame`.
export type Now = Omit<Shown, "editing"> & {
  sid: string;
  state: Snapshot | null;
  frame: fitData.Shown | undefined;
};
// What Fit shows once the session is open and its data are loaded.
export type Ready = Now & { state: Snapshot; net: FitNet; data: fitData.FitData };

export const isReady = (now: Now): now is Ready =>
  Boolean(now.state && now.net && now.data?.key === now.state.data_key);
// For code that runs only when the session is open; throws otherwise. Other data may be loading.
export const open = (): Ready => {
  const { state, net, data, ...rest } = now();
  if (!state || !net || !data) throw new Error("the session is not open");
  return { state, net, data, ...rest };
};
export const now = (): Now => ({ sid: fitSession.sid, state, net, data, playback, frame: editing ?? playback?.frame });

// What Fit shows, or null until the session is open and its data are loaded.
export const readyNow = (): Ready | null => {
  const current = now();
  return isReady(current) ? current : null;
};

// Call `listener` after each change, at most 15 times a second.
type Listener = (now: Ready) => void;
const listeners: Listener[] = [];
export const onChange = (listener: Listener) => {
  listeners.push(listener);
  // Once now, for a part that is loaded after the session was opened.
  queueMicrotask(() => {
    const ready = readyNow();
    if (ready) listener(ready);
  });
};
export const notifySoon = painting.throttle(painting.TEXT_UPDATE_MS, () => {
  const ready = readyNow();
  if (ready) listeners.forEach((listener) => listener(ready));
});

export { data, editing, net, playback };
