// Over HTTP/1.1 a browser opens six connections to a server, for all its tabs together. A stream keeps one
// for as long as it is open; more than four of them would leave too few for everything else.
const MOST = 4;

type Stream = { id: string; since: number };
type Said = Stream & { asks: boolean };

const isBefore = (a: Stream, b: Stream) => a.since < b.since || (a.since === b.since && a.id < b.id);

// HTTP/2 and 3 send everything over one connection.
const isShared = () => {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return /^h[23]/.test(page?.nextHopProtocol ?? "");
};

// Tell the browser's other tabs of a stream that this one opens. `onTooMany` is called when so many were
// open before that this one has to be closed. Call what this gives when it is.
export const claim = (onTooMany: () => void) => {
  if (isShared()) return () => {};
  const mine = { id: Math.random().toString(36).slice(2), since: performance.timeOrigin + performance.now() };
  const before = new Set<string>();
  const channel = new BroadcastChannel("pwl.streams");
  const say = (asks: boolean) => channel.postMessage({ ...mine, asks });
  channel.addEventListener("message", ({ data }: MessageEvent<Said>) => {
    if (isBefore(mine, data)) {
      if (data.asks) say(false);
      return;
    }
    before.add(data.id);
    if (before.size === MOST) onTooMany();
  });
  say(true);
  return () => channel.close();
};
