// Keeps the page up to date with the server through an event stream. If a proxy buffers the stream, or if other tabs
// of the browser have too many streams open, the page polls once a second instead. A hidden tab has no connection; it
// requests what it has missed when it is shown again.
import { isMessage, type Message } from "../types";
import * as streamLimit from "./stream-limit";

export const SILENCE_MS = 20_000; // a stream without messages for this time is dead: the server pings every 8 s
export const DUE_MS = 2000; // an expected message, or the first one of a stream, is overdue after this time
export const LATE_MS = 5000; // the connection is lost if a request has no answer after this time
export const POLL_MS = 1000;
export const STREAM_RETRY_MS = 30_000; // the page polls for this time before it opens a stream again
const HEADERS_MS = 10_000; // a request is aborted if the answer's headers take longer
const BODY_MS = 60_000; // or if the answer's body takes longer

export type Source = {
  // Open the stream. Call `onMessage` after each message, `onEnd` when the stream ends or fails. Returns a
  // function that closes it.
  open: (onMessage: () => void, onEnd: () => void) => () => void;
  // Request all that is new, in one answer.
  request: (signal: AbortSignal) => Promise<Response>;
  // Process that answer; resolves to whether it had anything new. Throws if it is not the server's answer.
  receive: (answer: Response) => Promise<boolean>;
  isDue: () => boolean; // whether a message is expected soon
  onConnection: (isConnected: boolean, reason: Message | null) => void;
};

// Connect, and stay connected until `close` is called.
export const connect = ({ open, request, receive, isDue, onConnection }: Source) => {
  let closeStream: () => void = () => {};
  let timer: number | undefined; // of the next action; at most one is scheduled
  let pending: AbortController | null = null; // the request that has no answer yet
  let hasMessages = false; // whether the open stream has delivered a message
  let streamRetryAt = 0;
  let isClosed = false;

  const after = (ms: number, step: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(step, ms);
  };
  const abortRequest = () => {
    pending?.abort();
    pending = null;
  };
  const stop = () => {
    clearTimeout(timer);
    abortRequest();
    closeStream();
  };

  // Request all that is new, then call `next`. Without an answer, try again every second until there is one.
  const poll = async (next: (isNews: boolean) => void) => {
    clearTimeout(timer);
    const mine = new AbortController();
    pending = mine;
    const late = setTimeout(onConnection, LATE_MS, false, null);
    let limit = setTimeout(() => mine.abort(), HEADERS_MS);
    let isNews = false;
    let problem: unknown;
    try {
      const answer = await request(mine.signal);
      clearTimeout(late);
      clearTimeout(limit);
      limit = setTimeout(() => mine.abort(), BODY_MS);
      if (pending === mine) isNews = await receive(answer);
    } catch (error) {
      problem = error ?? true;
    }
    clearTimeout(late);
    clearTimeout(limit);
    if (pending !== mine) return; // closed, or the stream has delivered a message meanwhile
    pending = null;
    onConnection(!problem, isMessage(problem) ? problem : null);
    if (!problem) return next(isNews);
    closeStream();
    after(POLL_MS, () => poll(openStream));
  };

  const pollAfter = (ms: number) =>
    after(ms, () => poll(() => (performance.now() < streamRetryAt ? pollAfter(POLL_MS) : openStream())));
  const pollInsteadOfStream = (ms = POLL_MS) => {
    closeStream();
    streamRetryAt = performance.now() + STREAM_RETRY_MS;
    pollAfter(ms);
  };

  // An expected message is overdue. If a request brings something new, or if the stream has never delivered a message,
  // a proxy is probably buffering the stream.
  const checkStream = () =>
    poll((isNews) => (isNews || !hasMessages ? pollInsteadOfStream() : after(SILENCE_MS - DUE_MS, replaceStream)));
  // No message and no ping has come for SILENCE_MS: the stream is dead.
  const replaceStream = () => {
    closeStream();
    poll((isNews) => (isNews ? pollInsteadOfStream() : openStream()));
  };

  const openStream = () => {
    let isOpen = true;
    const onMessage = () => {
      if (!isOpen) return;
      hasMessages = true;
      abortRequest();
      onConnection(true, null);
      if (isDue()) after(DUE_MS, checkStream);
      else after(SILENCE_MS, replaceStream);
    };
    const onEnd = () => {
      if (!isOpen) return;
      const next = hasMessages ? openStream : () => pollInsteadOfStream();
      closeStream();
      abortRequest();
      after(POLL_MS, () => poll(next));
    };
    const close = open(onMessage, onEnd);
    const release = streamLimit.claim(() => {
      abortRequest();
      pollInsteadOfStream(0);
    });
    closeStream = () => {
      isOpen = hasMessages = false;
      release();
      close();
    };
    after(DUE_MS, checkStream);
  };

  const onVisibility = () => {
    stop();
    if (!document.hidden && !isClosed) openStream();
  };
  document.addEventListener("visibilitychange", onVisibility);
  openStream();
  return {
    // Call this after a command: the stream should deliver its result soon.
    expect: () => {
      if (hasMessages && !pending) after(DUE_MS, checkStream);
    },
    close: () => {
      isClosed = true;
      stop();
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
};
