// Frames and states pushed by the server. EventSource reconnects by itself; where a proxy holds
// the stream back, the page asks once a second instead, and tries the stream again now and then.
// A hidden tab lets go of its connection (browsers allow six a server) and catches up when it is
// shown again.
import type { FrameRow, Message, Snapshot } from "../types";
import * as api from "./api";

const PATIENCE_MS = 5000; // an open stream that says nothing for so long is being buffered
const POLL_MS = 1000;
const AGAIN_MS = 30_000; // how long the page asks before it tries the stream again

// Where frames after the last one that the page has are pushed, and where they can be asked for.
export type Addresses = { stream: string; frames: string };
type Listeners = {
  onRoom: (room: unknown) => void; // of a seat in a class; what follows is of the session that it names
  onState: (state: Snapshot) => void;
  onFrames: (rows: FrameRow[]) => void;
  onLost: (error: Message) => void; // the server does not know the session, or the seat
  onConnection: (isThere: boolean) => void; // the server is found, or is gone
};
const GONE = [403, 404];

// Follow a session, or a seat's sessions, until the stream is closed.
export const follow = (addresses: () => Addresses, listeners: Listeners) => {
  const { onRoom, onState, onFrames, onLost, onConnection } = listeners;
  let source: EventSource | null = null;
  let patience: number | undefined; // timer: how long the stream may be silent at its beginning
  let asking: number | undefined; // timer of the next question, while the page asks
  let asks = false;
  let listenedAt = 0;
  let closed = false;

  const hangUp = () => {
    clearTimeout(patience);
    source?.close();
    source = null;
  };
  const stopAsking = () => {
    clearTimeout(asking);
    asks = false;
  };
  const disconnect = () => {
    hangUp();
    stopAsking();
  };

  const ask = async () => {
    let pause = POLL_MS;
    try {
      const answer = await fetch(addresses().frames);
      pause = api.again(answer) ?? POLL_MS;
      const { error, room, state, frames } = await answer.json();
      if (closed || !asks) return; // the stream has spoken meanwhile
      if (GONE.includes(answer.status)) return onLost(error);
      if (answer.ok) {
        onConnection(true);
        if (room !== undefined) onRoom(room);
        if (closed) return; // the class is over
        onState(state);
        if (frames.length) onFrames(frames);
      }
    } catch {
      onConnection(false); // the server is away for a moment: ask again
    }
    if (closed || !asks) return;
    if (performance.now() - listenedAt > AGAIN_MS) listen();
    asking = setTimeout(ask, pause);
  };
  const startAsking = (wait = 0) => {
    hangUp();
    if (asks) return;
    asks = true;
    asking = setTimeout(ask, wait);
  };

  // While the page asks, it goes on asking until the stream says something.
  const listen = () => {
    hangUp();
    listenedAt = performance.now();
    source = new EventSource(addresses().stream);
    patience = setTimeout(startAsking, PATIENCE_MS);
    const alive = () => {
      clearTimeout(patience);
      stopAsking();
      onConnection(true);
    };
    const hear = (name: string, listener: (data: string) => void) =>
      source?.addEventListener(name, (event) => {
        alive();
        listener(event.data);
      });
    hear("room", (data) => onRoom(JSON.parse(data)));
    hear("state", (data) => onState(JSON.parse(data)));
    hear("frames", (data) => onFrames(JSON.parse(data).frames));
    source.onerror = () => {
      clearTimeout(patience);
      if (document.hidden || closed) return;
      if (!asks) onConnection(false);
      if (source?.readyState !== EventSource.CLOSED) return; // it reconnects by itself
      startAsking(POLL_MS); // and this tells an unknown session from a restart
    };
  };

  const onVisibility = () => {
    disconnect();
    if (!document.hidden && !closed) listen();
  };
  document.addEventListener("visibilitychange", onVisibility);
  listen();
  return {
    close() {
      closed = true;
      disconnect();
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
};
