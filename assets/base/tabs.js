// Each browser tab has its own session. A duplicated tab copies sessionStorage, id included, so a
// tab asks the others whether its id is in use, and begins a session of its own if it is.
(() => {
  const pwl = (window.pwl ??= {});
  const KEY = "pwl.sid";
  const WAIT_MS = 80;
  const me = Math.random().toString(36).slice(2);
  let mine = null; // the session id of this tab, once it has one
  let channel = null;

  const stored = () => {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      return null; // storage refused: the tab has a new net at each load
    }
  };

  const keep = (sid) => {
    mine = sid;
    try {
      sessionStorage.setItem(KEY, sid);
    } catch {
      // see above
    }
  };

  // The id that this tab remembers and no other tab uses, or null.
  const claim = () => {
    channel = new BroadcastChannel("pwl.tabs");
    channel.addEventListener("message", ({ data }) => {
      if (data.ask && data.ask === mine) channel.postMessage({ taken: data.ask, to: data.from });
    });
    const remembered = stored();
    if (!remembered) return Promise.resolve(null);
    return new Promise((done) => {
      const timer = setTimeout(() => done(remembered), WAIT_MS);
      channel.addEventListener("message", ({ data }) => {
        if (data.taken !== remembered || data.to !== me) return;
        clearTimeout(timer);
        done(null);
      });
      channel.postMessage({ ask: remembered, from: me });
    });
  };

  pwl.tabs = { claim, keep };
})();
