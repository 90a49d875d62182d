// The tab's session on the server: opened, asked for again when it is lost, its newest state, and
// commands that are no button of Dash's.
import * as api from "../core/session/api";
import type { Addresses } from "../core/session/event-stream";
import * as tabs from "../core/session/tabs";
import type { Answer, Message, Snapshot } from "../core/types";
import * as fitControls from "./controls";

const RETRY_MS = 5000; // when the server could not open a session
const UNANSWERED_MS = 35_000; // a server that has not answered by then was lost on the way
// A session as Dash brings it; `data` are the origin and the label of the server's own data.
export type Opened = {
  sid: string;
  snapshot: Snapshot;
  data: { origin: string; label: string };
  data_problem: Message | null;
};

// A seat in a class: one stream brings the class and, one after the other, the sessions that it shows.
export type Seat = {
  addresses: (query: string) => Addresses;
  onRoom: (room: unknown) => void;
  onLost: (error: Message) => void;
};

let own: string; // the tab's session
let sid: string; // the one that is shown: the tab's, or one of a class
let seat: Seat | null = null;
let state: Snapshot | null = null; // the newest
let onAnswer: (answer: Answer) => void; // Fit applies it, or tells what went wrong
let unanswered: number | undefined; // timer, while a session is being opened

export const open = (remembered: string | null = own) => {
  clearTimeout(unanswered);
  unanswered = setTimeout(() => open(own ?? remembered), UNANSWERED_MS);
  window.dash_clientside.set_props("tab", { data: { sid: remembered, at: Date.now() } });
};
export const again = () => setTimeout(() => open(own ?? tabs.remembered()), RETRY_MS);

// Whether the server's answer is a session.
export const isOpen = (session: Answer<Opened> | null): session is Opened => {
  if (!session || !("snapshot" in session || session.error)) return false; // `turnTo` told the buttons
  clearTimeout(unanswered);
  if (!session.error) return true;
  fitControls.showMessage("fit-notice", "error", session.error);
  again();
  return false;
};

export const enter = (session: Opened) => {
  own = sid = session.sid;
  state = null;
  tabs.keep(own);
};

export const isOwn = () => sid === own;
// What a session's things are kept under while another one is shown; the tab's own may get a new id.
export const place = () => (isOwn() ? "own" : sid);

// Show another session; null is the tab's own.
export const turnTo = (next: string | null) => {
  sid = next ?? own;
  state = null;
  window.dash_clientside.set_props("session", { data: { sid } }); // where the buttons' commands go
};

// The server does not know what was asked for.
export const lost = (error: Message) => (seat ? seat.onLost(error) : open());

export const sit = (next: Seat | null) => {
  seat = next;
};

export const addresses = (since: number): Addresses => {
  const [id, of] = [encodeURIComponent(sid), encodeURIComponent(own)];
  if (seat) return seat.addresses(`own=${of}&sid=${id}&since=${since}`);
  return { stream: `stream/${id}?since=${since}`, frames: `frames/${id}?since=${since}` };
};

export const keep = (snapshot: Snapshot) => {
  state = snapshot;
};

export const start = (listener: typeof onAnswer) => {
  onAnswer = listener;
};

export const send = async (verb: string, body: object = {}): Promise<Answer> => {
  const to = sid;
  const answer = await api.command<{ snapshot: Snapshot }>(to, verb, body);
  if (to === sid) onAnswer(answer);
  return answer;
};

export { own, seat, sid, state };
