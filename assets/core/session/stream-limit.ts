// Limits the event streams that are open in all tabs of the browser together. Over HTTP/1.1 a browser
// opens at most six connections to a server. A stream occupies one of them for as long as it is open, so
// more than four streams would leave too few for other requests.
const MAX_STREAMS = 4;

type Stream = { id: string; openedAt: number };
type Announcement = Stream & { wantsReplies: boolean };

const isBefore = (a: Stream, b: Stream) => a.openedAt < b.openedAt || (a.openedAt === b.openedAt && a.id < b.id);

// HTTP/2 and HTTP/3 send all requests over one connection.
const isMultiplexed = () => {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return /^h[23]/.test(page?.nextHopProtocol ?? "");
};

// Announce a stream of this tab to the other tabs. `onTooMany` is called when MAX_STREAMS older streams are open; it
// has to close this stream. Returns a function to call when the stream is closed.
export const claim = (onTooMany: () => void) => {
  if (isMultiplexed()) return () => {};
  const mine = { id: Math.random().toString(36).slice(2), openedAt: performance.timeOrigin + performance.now() };
  const older = new Set<string>();
  const channel = new BroadcastChannel("pwl.streams");
  const announce = (wantsReplies: boolean) => channel.postMessage({ ...mine, wantsReplies });
  channel.addEventListener("message", ({ data }: MessageEvent<Announcement>) => {
    if (isBefore(mine, data)) {
      if (data.wantsReplies) announce(false);
      return;
    }
    older.add(data.id);
    if (older.size === MAX_STREAMS) onTooMany();
  });
  announce(true);
  return () => channel.close();
};
