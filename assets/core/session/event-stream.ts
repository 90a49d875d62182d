// Receives a session's states and frames, and the room of a seat in a class, from the server.
import type { FrameRow, Message, Snapshot } from "../types";
import * as api from "./api";
import { connect, type Source } from "./connection";

// URLs of the event stream and of the polled answer. Both give the frames after the page's last one.
export type Addresses = { stream: string; frames: string };
type Listeners = {
  // Only for a seat in a class. Later states and frames are of the session that the room names.
  onRoom: (room: unknown) => void;
  onState: (state: Snapshot) => void;
  onFrames: (rows: FrameRow[]) => void;
  onLost: (error: Message) => void; // the server does not know the session, or the seat
  onConnection: Source["onConnection"];
};
type News = { room?: unknown; state: Snapshot; frames: FrameRow[]; error?: Message };
const GONE = [403, 404];

// Follow a session, or a seat's sessions, until `close` is called.
export const follow = (addresses: () => Addresses, listeners: Listeners) => {
  const { onRoom, onFrames, onLost, onConnection } = listeners;
  let isClosed = false;
  let version = 0; // of the newest state received
  let isRunning = false;
  const onState = (state: Snapshot) => {
    version = state.version;
    isRunning = state.status === "running";
    listeners.onState(state);
  };

  const connection = connect({
    open: (onMessage, onEnd) => {
      const source = new EventSource(addresses().stream);
      const hear = <T>(name: string, listener: (data: T) => void) =>
        source.addEventListener(name, ({ data }) => {
          listener(JSON.parse(data));
          onMessage();
        });
      hear("room", onRoom);
      hear("state", onState);
      hear<News>("frames", ({ frames }) => onFrames(frames));
      hear("ping", () => {});
      source.onerror = onEnd; // closes the stream before EventSource reconnects by itself: `connect` polls first
      return () => source.close();
    },
    request: (signal) => api.getResponse(addresses().frames, signal),
    receive: async (answer) => {
      const { error, room, state, frames } = await api.readJson<News>(answer);
      if (isClosed) return false;
      if (error && GONE.includes(answer.status)) {
        close();
        onLost(error);
        return false;
      }
      if (error) throw api.UNREACHABLE;
      if (room !== undefined) onRoom(room);
      if (isClosed) return false; // onRoom has closed the stream, because the class has ended
      const isNews = state.version !== version || frames.length > 0;
      onState(state);
      if (frames.length) onFrames(frames);
      return isNews;
    },
    isDue: () => isRunning,
    onConnection,
  });
  const close = () => {
    isClosed = true;
    connection.close();
  };
  return {
    close,
    // Call this when a command is sent, and with the version of the state in its answer: the stream should
    // deliver that state soon.
    expect: (answered?: number) => {
      if (answered !== version) connection.expect();
    },
  };
};
