// The tab's session on the server: opened, asked for again when it is lost, and sent commands that
// are no button of Dash's.
(() => {
  const pwl = (window.pwl ??= {});
  const RETRY_MS = 5000; // when the server could not open a session
  const UNANSWERED_MS = 35_000; // a server that has not answered by then was lost on the way
  let sid;
  let unanswered; // timer, while a session is being opened

  const open = (remembered = sid) => {
    clearTimeout(unanswered);
    unanswered = setTimeout(() => open(sid ?? remembered), UNANSWERED_MS);
    window.dash_clientside.set_props("tab", { data: { sid: remembered, at: Date.now() } });
  };
  const again = () => setTimeout(() => open(sid ?? pwl.tabs.remembered()), RETRY_MS);

  // Whether the server's answer is a session.
  const isOpen = (session) => {
    if (!session) return false;
    clearTimeout(unanswered);
    if (!session.error) return true;
    pwl.fitControls.showMessage("fit-notice", "error", session.error);
    again();
    return false;
  };

  const enter = (session) => {
    sid = session.sid;
    pwl.tabs.keep(sid);
  };

  // Gives {snapshot}, {error}, or what else the verb answers; Fit has then applied or told it.
  const send = async (verb, body = {}) => {
    const answer = await pwl.api.command(sid, verb, body);
    pwl.fit.reply(answer);
    return answer;
  };

  pwl.fitSession = { open, again, isOpen, enter, send, get sid() { return sid; } };
})();
