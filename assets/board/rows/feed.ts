// Receives the lines of the board from the server.
import * as classApi from "../../class/api";
import * as api from "../../core/session/api";
import * as connections from "../../core/session/connection";
import type { Message } from "../../core/types";
import type { Line } from "./types";

export type Listeners = {
  onLine: (line: Line, isFirst: boolean) => void; // `isFirst`: the line has all students (also each polled line)
  onConnection: connections.Source["onConnection"];
  onEnd: (reason: Message) => void; // the room has ended, or the token is not its teacher's
};

const OVER = new Set(["room_ended", "room_forbidden", "room_unknown"]);

// Follow the room. Returns a function that stops it.
export const follow = ({ onLine, onConnection, onEnd: onRoomEnd }: Listeners) => {
  // Whether the error says that the room is over. Throws any other error.
  const isOver = (error: Message | undefined) => {
    if (!error) return false;
    if (!OVER.has(error.code)) throw error;
    connection.close();
    onRoomEnd(error);
    return true;
  };

  const listen = async (onMessage: () => void, signal: AbortSignal) => {
    let isFirst = true;
    for await (const line of classApi.board<Line>(signal)) {
      if (signal.aborted || isOver(line.error)) return;
      onLine(line, isFirst);
      if (line.seats) isFirst = false;
      onMessage();
    }
  };

  const connection = connections.connect({
    open: (onMessage, onEnd) => {
      const stream = new AbortController();
      listen(onMessage, stream.signal)
        .catch(() => {})
        .then(onEnd);
      return () => stream.abort();
    },
    request: classApi.boardNow,
    receive: async (answer) => {
      const line = await api.readJson<Line & { error?: Message }>(answer);
      if (isOver(line.error)) return false;
      onLine(line, true);
      return true;
    },
    isDue: () => false,
    onConnection,
  });
  return connection.close;
};
