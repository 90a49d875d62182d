// The session on the server that Fit shows: its id and newest state. Opens it, opens it again after a failure,
// and sends the commands that are not Dash callbacks.
import * as api from "../core/session/api";
import type { Addresses } from "../core/session/event-stream";
import * as tabs from "../core/session/tabs";
import type { Answer, Message, Snapshot } from "../core/types";
import * as fitControls from "./controls";

const RETRY_MS = 5000; // after a failure to open a session
const TIMEOUT_MS = 35_000; // the request to open a session is sent again if it has no answer after this time
// The answer of Dash's callback; `data` are the origin and the label of the server's own data.
export type Opened = {
  sid: string;
  snapshot: Snapshot;
  data: { origin: string; label: string };
  data_problem: Message | null;
};

// A seat in a class: one stream delivers the room, and the states and frames of the session that it shows.
export type Seat = {
  addresses: (query: string) => Addresses;
  onRoom: (room: unknown) => void;
  onLost: (error: Message) => void;
};

let own: string; // the tab's session
let sid: string; // the session that is shown: the tab's, or one of a class
let seat: Seat | null = null;
let state: Snapshot | null = null; // the newest snapshot
let onAnswer: (answer: Answer) => void;
let openTimeout: number | undefined; // while a session is being opened

// Ask the server, through a Dash callback, to open the session `remembered`, or a new one.
export const open = (remembered: string | null = own) => {
  clearTimeout(openTimeout);
  openTimeout = setTimeout(() => open(own ?? remembered), TIMEOUT_MS);
  window.dash_clientside.set_props("tab", { data: { sid: remembered, at: Date.now() } });
};
export const openLater = () => setTimeout(() => open(own ?? tabs.remembered()), RETRY_MS);

// Whether the server's answer is a session. If it is an error, shows it and tries again later.
export const isOpen = (session: Answer<Opened> | null): session is Opened => {
  if (!session || !("snapshot" in session || session.error)) return false; // not an answer, but set by `showSession`
  clearTimeout(openTimeout);
  if (!session.error) return true;
  fitControls.showMessage("fit-notice", "error", session.error);
  openLater();
  return false;
};

export const enter = (session: Opened) => {
  own = sid = session.sid;
  state = null;
  tabs.keep(own);
};

export const isOwn = () => sid === own;
// The key of the shown session in undo/net-steps.ts. For the tab's own session it is not the id, which may change.
export const historyKey = () => (isOwn() ? "own" : sid);

// Show another session; null is the tab's own.
export const showSession = (next: string | null) => {
  sid = next ?? own;
  state = null;
  window.dash_clientside.set_props("session", { data: { sid } }); // for the commands of Dash's buttons
};

// The server does not know the session, or the seat.
export const lost = (error: Message) => (seat ? seat.onLost(error) : open());

export const setSeat = (next: Seat | null) => {
  seat = next;
};

export const addresses = (since: number): Addresses => {
  const [shown, ofTab] = [encodeURIComponent(sid), encodeURIComponent(own)];
  if (seat) return seat.addresses(`own=${ofTab}&sid=${shown}&since=${since}`);
  return { stream: `stream/${shown}?since=${since}`, frames: `frames/${shown}?since=${since}` };
};

export const keep = (snapshot: Snapshot) => {
  state = snapshot;
};

export const start = (listener: typeof onAnswer) => {
  onAnswer = listener;
};

// Send a command to the shown session. Fit handles the answer if that session is still shown.
export const send = async (name: string, body: object = {}): Promise<Answer> => {
  const to = sid;
  const answer = await api.command<{ snapshot: Snapshot }>(to, name, body);
  if (to === sid) onAnswer(answer);
  return answer;
};

export { own, seat, sid, state };
