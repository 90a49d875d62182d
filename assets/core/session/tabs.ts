// Each browser tab has its own session, whose id is in sessionStorage. A duplicated tab copies
// sessionStorage, so a tab checks whether another one uses its id, and starts a new session if so.
import * as storage from "../storage";

const KEY = "pwl.sid";
const WAIT_MS = 1000; // time for another tab to reply; a hidden tab on a busy machine is slow
const tabId = Math.random().toString(36).slice(2);
let mine: string | null = null; // this tab's session id

export const remembered = () => storage.readTab(KEY); // null in a new tab

const lockName = (sid: string) => `pwl ${sid}`; // an id may begin with "-", a lock's name may not

// Use this session id. The tab holds a Web Lock with its name until it is closed.
export const keep = (sid: string) => {
  if (sid === mine) return;
  mine = sid;
  navigator.locks?.request(lockName(sid), () => new Promise(() => {}));
  storage.writeTab(KEY, sid);
};

const isLocked = async (sid: string) => {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lockName(sid));
};

// Browsers offer Web Locks only on https and localhost. On plain http, as in a classroom, a tab asks the other tabs
// through a BroadcastChannel.
const isClaimedByAnotherTab = (sid: string, channel: BroadcastChannel) =>
  new Promise<boolean>((done) => {
    const timer = setTimeout(() => done(false), WAIT_MS);
    channel.addEventListener("message", ({ data }) => {
      if (data.taken !== sid || data.to !== tabId) return;
      clearTimeout(timer);
      done(true);
    });
    channel.postMessage({ ask: sid, from: tabId });
  });

const isReload = () =>
  (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming)?.type === "reload";

// The remembered session id, or null if there is none or another tab uses it.
export const claim = async () => {
  const channel = new BroadcastChannel("pwl.tabs");
  channel.addEventListener("message", ({ data }) => {
    if (data.ask && data.ask === mine) channel.postMessage({ taken: data.ask, to: data.from });
  });
  const sid = remembered();
  if (!sid || isReload()) return sid;
  const isTaken = await (navigator.locks ? isLocked(sid) : isClaimedByAnotherTab(sid, channel));
  return isTaken ? null : sid;
};
