// Each browser tab has its own session. A duplicated tab copies sessionStorage, id included, so a
// tab looks whether its id is in use elsewhere, and begins a session of its own if it is.
import * as storage from "../storage";

const KEY = "pwl.sid";
const WAIT_MS = 1000; // for another tab to answer; a hidden one on a busy machine takes its time
const me = Math.random().toString(36).slice(2);
let mine: string | null = null; // the session id of this tab, once it has one

const stored = () => storage.recall(KEY); // null: the tab has a new net

const lockName = (sid: string) => `pwl ${sid}`; // an id may begin with "-", a lock's name may not

// While the tab lives it holds a lock with the session's name, which the browser itself keeps.
export const keep = (sid: string) => {
  if (sid === mine) return;
  mine = sid;
  navigator.locks?.request(lockName(sid), () => new Promise(() => {}));
  storage.keep(KEY, sid);
};

const isLocked = async (sid: string) => {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lockName(sid));
};

// Browsers offer locks on https and on localhost; in a classroom on plain http the tabs ask
// one another.
const isAnswered = (sid: string, channel: BroadcastChannel) =>
  new Promise<boolean>((done) => {
    const timer = setTimeout(() => done(false), WAIT_MS);
    channel.addEventListener("message", ({ data }) => {
      if (data.taken !== sid || data.to !== me) return;
      clearTimeout(timer);
      done(true);
    });
    channel.postMessage({ ask: sid, from: me });
  });

const isReload = () =>
  (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming)?.type === "reload";

// The id that this tab remembers and no other tab uses, or null.
export const claim = async () => {
  const channel = new BroadcastChannel("pwl.tabs");
  channel.addEventListener("message", ({ data }) => {
    if (data.ask && data.ask === mine) channel.postMessage({ taken: data.ask, to: data.from });
  });
  const remembered = stored();
  if (!remembered || isReload()) return remembered;
  const taken = await (navigator.locks ? isLocked(remembered) : isAnswered(remembered, channel));
  return taken ? null : remembered;
};

export { stored as remembered };
