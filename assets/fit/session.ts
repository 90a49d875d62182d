// The tab's session on the server: opened, asked for again when it is lost, its newest state, and
// commands that are no button of Dash's.
import * as api from "../core/session/api";
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

let sid: string;
let state: Snapshot | null = null; // the newest
let onAnswer: (answer: Answer) => void; // Fit applies it, or tells what went wrong
let unanswered: number | undefined; // timer, while a session is being opened

export const open = (remembered: string | null = sid) => {
  clearTimeout(unanswered);
  unanswered = setTimeout(() => open(sid ?? remembered), UNANSWERED_MS);
  window.dash_clientside.set_props("tab", { data: { sid: remembered, at: Date.now() } });
};
export const again = () => setTimeout(() => open(sid ?? tabs.remembered()), RETRY_MS);

// Whether the server's answer is a session.
export const isOpen = (session: Answer<Opened> | null): session is Opened => {
  if (!session) return false;
  clearTimeout(unanswered);
  if (!session.error) return true;
  fitControls.showMessage("fit-notice", "error", session.error);
  again();
  return false;
};

export const enter = (session: Opened) => {
  sid = session.sid;
  state = null;
  tabs.keep(sid);
};

export const keep = (snapshot: Snapshot) => {
  state = snapshot;
};

export const start = (listener: typeof onAnswer) => {
  onAnswer = listener;
};

export const send = async (verb: string, body: object = {}): Promise<Answer> => {
  const answer = await api.command<{ snapshot: Snapshot }>(sid, verb, body);
  onAnswer(answer);
  return answer;
};

export { sid, state };
