// The board's lines from the server, for as long as somebody looks: a lost connection is made again.
import * as classApi from "../../class/api";
import type { Message } from "../../core/types";
import type { Line } from "./types";

const SILENCE_MS = 15_000; // the server says something every 5 s
const AGAIN_MS = 1000;
const LATER_MS = 10_000; // where it was tried in vain many times
const MANY = 10;

export type Listeners = {
  onLine: (line: Line, isFirst: boolean) => void;
  onConnection: (isThere: boolean) => void;
  onEnd: (why: Message) => void; // the room is closed, or this is not its teacher
};

const OVER = new Set(["room_ended", "room_forbidden", "room_unknown"]);

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

// Follow the room until what this gives is called.
export const follow = ({ onLine, onConnection, onEnd }: Listeners) => {
  let connection = new AbortController();
  let isClosed = false;
  let tries = 0;

  // Read one connection to its end. Gives why the room is over, or null.
  const listen = async (): Promise<Message | null> => {
    connection = new AbortController();
    const hangUp = () => connection.abort();
    let patience = setTimeout(hangUp, SILENCE_MS);
    let isFirst = true;
    for await (const line of classApi.board<Line>(connection.signal)) {
      clearTimeout(patience);
      patience = setTimeout(hangUp, SILENCE_MS);
      if (isClosed) break;
      if (line.error) {
        if (OVER.has(line.error.code)) return line.error;
        break;
      }
      tries = 0;
      onConnection(true);
      onLine(line, isFirst);
      if (line.seats) isFirst = false;
    }
    clearTimeout(patience);
    return null;
  };

  const go = async () => {
    while (!isClosed) {
      const over = await listen();
      if (isClosed) return;
      if (over) return onEnd(over);
      onConnection(false);
      tries += 1;
      await pause(tries < MANY ? AGAIN_MS : LATER_MS);
    }
  };
  go();
  return () => {
    isClosed = true;
    connection.abort();
  };
};
