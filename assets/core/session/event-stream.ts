// Frames and states pushed by the server. EventSource reconnects by itself; where a proxy holds
// the stream back, the page asks once a second instead, and tries the stream again now and then.
// A hidden tab lets go of its connection (browsers allow six a server) and catches up when it is
// shown again.
import type { FrameRow, Snapshot } from "../types";

const PATIENCE_MS = 5000; // an open stream that says nothing for so long is being buffered
const POLL_MS = 1000;
const AGAIN_MS = 30_000; // how long the page asks before it tries the stream again

type Listeners = {
  since: () => number; // the last frame number that the page has
  onState: (state: Snapshot) => void;
  onFrames: (rows: FrameRow[]) => void;
  onLost: () => void; // the server does not know the session
  onConnection: (isThere: boolean) => void; // the server is found, or is gone
};

// Follow session `sid`, until the stream is closed.
export const follow = (sid: string, { since, onState, onFrames, onLost, onConnection }: Listeners) => {
  let source: EventSource | null = null;
  let patience: number | undefined; // timer: how long the stream may be silent at its beginning
  let asking: number | undefined; // timer of the next question, while the page asks
  let asks = false;
  let listenedAt = 0;
  let closed = false;
  const id = encodeURIComponent(sid);

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
    try {
      const answer = await fetch(`frames/${id}?since=${since()}`);
      if (closed || !asks) return; // the stream has spoken meanwhile
      if (answer.status === 404) return onLost();
      if (answer.ok) {
        const { state, frames } = await answer.json();
        onConnection(true);
        onState(state);
        if (frames.length) onFrames(frames);
      }
    } catch {
      onConnection(false); // the server is away for a moment: ask again
    }
    if (closed || !asks) return;
    if (performance.now() - listenedAt > AGAIN_MS) listen();
    asking = setTimeout(ask, POLL_MS);
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
    source = new EventSource(`stream/${id}?since=${since()}`);
    patience = setTimeout(startAsking, PATIENCE_MS);
    const alive = () => {
      clearTimeout(patience);
      stopAsking();
      onConnection(true);
    };
    source.addEventListener("state", (event) => {
      alive();
      onState(JSON.parse(event.data));
    });
    source.addEventListener("frames", (event) => {
      alive();
      onFrames(JSON.parse(event.data).frames);
    });
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
