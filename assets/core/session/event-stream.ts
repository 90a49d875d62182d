// Frames and states of a session, and the class of a seat, as the server has them.
import type { FrameRow, Message, Snapshot } from "../types";
import * as api from "./api";
import * as connections from "./connection";

// Where frames after the last one that the page has are pushed, and where they can be asked for.
export type Addresses = { stream: string; frames: string };
type Listeners = {
  onRoom: (room: unknown) => void; // of a seat in a class; what follows is of the session that it names
  onState: (state: Snapshot) => void;
  onFrames: (rows: FrameRow[]) => void;
  onLost: (error: Message) => void; // the server does not know the session, or the seat
  onConnection: connections.Source["onConnection"];
};
type News = { room?: unknown; state: Snapshot; frames: FrameRow[]; error?: Message };
const GONE = [403, 404];

// Follow a session, or a seat's sessions, until it is closed.
export const follow = (addresses: () => Addresses, listeners: Listeners) => {
  const { onRoom, onFrames, onLost, onConnection } = listeners;
  let isClosed = false;
  let version = 0; // of the newest state
  let isRunning = false;
  const onState = (state: Snapshot) => {
    version = state.version;
    isRunning = state.status === "running";
    listeners.onState(state);
  };

  const connection = connections.keep({
    open: (heard, broken) => {
      const source = new EventSource(addresses().stream);
      const hear = <T>(name: string, listener: (data: T) => void) =>
        source.addEventListener(name, ({ data }) => {
          listener(JSON.parse(data));
          heard();
        });
      hear("room", onRoom);
      hear("state", onState);
      hear<News>("frames", ({ frames }) => onFrames(frames));
      hear("ping", () => {});
      source.onerror = broken; // also what the browser would mend: the page asks first whether all is well
      return () => source.close();
    },
    ask: (signal) => api.ask(addresses().frames, signal),
    take: async (answer) => {
      const { error, room, state, frames } = await api.read<News>(answer);
      if (isClosed) return false;
      if (error && GONE.includes(answer.status)) {
        close();
        onLost(error);
        return false;
      }
      if (error) throw api.UNREACHABLE;
      if (room !== undefined) onRoom(room);
      if (isClosed) return false; // the class is over
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
    // The server has been sent a command, or has answered one with a state of this version.
    expect: (of?: number) => {
      if (of !== version) connection.expect();
    },
  };
};
