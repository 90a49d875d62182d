// Frames and states pushed by the server. EventSource reconnects by itself; where a proxy holds
// the stream back, the page asks once a second instead. A hidden tab lets go of its connection
// (browsers allow six a server) and catches up when it is shown again.
(() => {
  const pwl = (window.pwl ??= {});
  const PATIENCE_MS = 5000; // an open stream that says nothing for so long is being buffered
  const POLL_MS = 1000;

  // Follow session `sid`. `since()` is the last frame number the page has. Returns {close}.
  // `onConnection(true or false)` tells when the server is found and when it is gone.
  const follow = (sid, { since, onState, onFrames, onLost, onConnection }) => {
    let source = null;
    let timer = null;
    let closed = false;
    const id = encodeURIComponent(sid);

    const disconnect = () => {
      source?.close();
      source = null;
      clearTimeout(timer);
    };

    const poll = async () => {
      if (closed || document.hidden) return;
      try {
        const answer = await fetch(`frames/${id}?since=${since()}`);
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
      timer = setTimeout(poll, POLL_MS);
    };

    const connect = () => {
      disconnect();
      if (closed) return;
      source = new EventSource(`stream/${id}?since=${since()}`);
      timer = setTimeout(() => {
        disconnect();
        poll();
      }, PATIENCE_MS);
      const alive = () => {
        clearTimeout(timer);
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
        clearTimeout(timer);
        if (document.hidden || closed) return;
        onConnection(false);
        if (source?.readyState !== EventSource.CLOSED) return; // it reconnects by itself
        disconnect();
        timer = setTimeout(poll, POLL_MS); // and this tells an unknown session from a restart
      };
    };

    const onVisibility = () => (document.hidden ? disconnect() : connect());
    document.addEventListener("visibilitychange", onVisibility);
    connect();
    return {
      close() {
        closed = true;
        disconnect();
        document.removeEventListener("visibilitychange", onVisibility);
      },
    };
  };

  pwl.stream = { follow };
})();
