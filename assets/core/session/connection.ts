// Keeps the page up to date with the server. A stream brings the news. Where it is held back by a proxy, or
// where the browser has enough streams, the page asks for the news once a second. A hidden tab does neither,
// and catches up when it is shown again.
import { isMessage, type Message } from "../types";
import * as streams from "./streams";

export const SILENCE_MS = 20_000; // 2.5 pings, which the server sends every 8 s
export const DUE_MS = 2000; // something is under way, or a stream has just been opened
export const LATE_MS = 5000; // when an answer that is not here counts as a lost connection
export const POLL_MS = 1000;
export const AGAIN_MS = 30_000; // how long the page asks before it tries the stream again
const HEADERS_MS = 10_000; // what has not begun to come by then is asked for anew
const BODY_MS = 60_000;

export type Source = {
  // Open the stream. Call `heard` after all that it brings, `broken` at its end. Gives what closes it.
  open: (heard: () => void, broken: () => void) => () => void;
  // Ask for all news in one answer, and take it in. `take` tells whether there were any, and throws
  // a message, or anything else, if that is not an answer.
  ask: (signal: AbortSignal) => Promise<Response>;
  take: (answer: Response) => Promise<boolean>;
  isDue: () => boolean; // whether the stream is to say something soon
  onConnection: (isThere: boolean, why: Message | null) => void; // the server is found, or is gone
};

// Keep the connection until it is closed.
export const keep = ({ open, ask, take, isDue, onConnection }: Source) => {
  let drop: () => void = () => {}; // closes the stream
  let timer: number | undefined; // of what comes next
  let asked: AbortController | null = null; // the question that waits for its answer
  let hasSpoken = false; // the stream
  let againAt = 0; // when the stream is tried again
  let isClosed = false;

  const after = (ms: number, then: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };
  const forget = () => {
    asked?.abort();
    asked = null;
  };
  const stop = () => {
    clearTimeout(timer);
    forget();
    drop();
  };

  // Ask, and go on with `then`; where there is no answer, until there is one.
  const question = async (then: (isNews: boolean) => void) => {
    clearTimeout(timer);
    const mine = new AbortController();
    asked = mine;
    const late = setTimeout(onConnection, LATE_MS, false, null);
    let limit = setTimeout(() => mine.abort(), HEADERS_MS);
    let isNews = false;
    let problem: unknown;
    try {
      const answer = await ask(mine.signal);
      clearTimeout(late);
      clearTimeout(limit);
      limit = setTimeout(() => mine.abort(), BODY_MS);
      if (asked === mine) isNews = await take(answer);
    } catch (error) {
      problem = error ?? true;
    }
    clearTimeout(late);
    clearTimeout(limit);
    if (asked !== mine) return; // closed, or the stream has spoken
    asked = null;
    onConnection(!problem, isMessage(problem) ? problem : null);
    if (!problem) return then(isNews);
    drop();
    after(POLL_MS, () => question(listen));
  };

  const poll = (ms: number) =>
    after(ms, () => question(() => (performance.now() < againAt ? poll(POLL_MS) : listen())));
  const askInstead = (ms = POLL_MS) => {
    drop();
    againAt = performance.now() + AGAIN_MS;
    poll(ms);
  };

  // The stream says nothing. What it should have brought tells whether it is held back.
  const doubt = () => question((isNews) => (isNews || !hasSpoken ? askInstead() : after(SILENCE_MS - DUE_MS, giveUp)));
  const giveUp = () => {
    drop();
    question((isNews) => (isNews ? askInstead() : listen()));
  };

  const listen = () => {
    let isOpen = true;
    const heard = () => {
      if (!isOpen) return;
      hasSpoken = true;
      forget();
      onConnection(true, null);
      if (isDue()) after(DUE_MS, doubt);
      else after(SILENCE_MS, giveUp);
    };
    const broken = () => {
      if (!isOpen) return;
      const next = hasSpoken ? listen : () => askInstead();
      drop();
      forget();
      after(POLL_MS, () => question(next));
    };
    const close = open(heard, broken);
    const release = streams.claim(() => {
      forget();
      askInstead(0);
    });
    drop = () => {
      isOpen = hasSpoken = false;
      release();
      close();
    };
    after(DUE_MS, doubt);
  };

  const onVisibility = () => {
    stop();
    if (!document.hidden && !isClosed) listen();
  };
  document.addEventListener("visibilitychange", onVisibility);
  listen();
  return {
    // Something has been sent, of which the stream is to bring what came of it.
    expect: () => {
      if (hasSpoken && !asked) after(DUE_MS, doubt);
    },
    close: () => {
      isClosed = true;
      stop();
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
};
