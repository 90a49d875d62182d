// The board's lines from the server, for as long as somebody looks.
import * as classApi from "../../class/api";
import * as api from "../../core/session/api";
import * as connections from "../../core/session/connection";
import type { Message } from "../../core/types";
import type { Line } from "./types";

export type Listeners = {
  onLine: (line: Line, isFirst: boolean) => void; // the first of a connection, and each that was asked for, has all
  onConnection: connections.Source["onConnection"];
  onEnd: (why: Message) => void; // the room is closed, or this is not its teacher
};

const OVER = new Set(["room_ended", "room_forbidden", "room_unknown"]);

// Follow the room until what this gives is called.
export const follow = ({ onLine, onConnection, onEnd: onRoomEnd }: Listeners) => {
  // Whether the room is over; throws any other problem.
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
