// Fit: opens the tab's session, follows its run, and lets the weights be edited by hand.
(() => {
  const pwl = (window.pwl ??= {});
  const byId = (id) => document.getElementById(id);
  const tell = (id, props) => window.dash_clientside.set_props(id, props);
  const RETRY_MS = 5000; // when the server could not open a session
  const NUMBERS_MS = 66; // numbers and sliders follow at 15 Hz: faster, nobody could read them
  const SLOW_MS = 200; // loss curve, table and axes follow at 5 Hz

  let plots; // {points, yhat, logit, loss}
  let ready; // resolves when they are drawn
  let data; // what pwl.fitData.load gave
  let weights;
  let film;
  let stream;
  let sid;
  let state; // the newest snapshot of the session
  let editing = null; // weights under the student's hand, until the server has recorded them
  let tableKey = "";
  let noticeKey = "";
  let logEpochs = false;

  // --- session ----------------------------------------------------------------------------------
  const open = (remembered) => tell("tab", { data: { sid: remembered, at: Date.now() } });

  const opened = async (session) => {
    if (!session) return;
    const again = () => setTimeout(() => open(sid ?? pwl.tabs.remembered()), RETRY_MS);
    if (session.error) {
      pwl.fitControls.showMessage("fit-notice", "error", session.error);
      again();
      return;
    }
    await ready;
    stream?.close();
    sid = session.sid;
    pwl.tabs.keep(sid);
    film.clear();
    state = null;
    editing = null;
    try {
      await useData(session.snapshot.data_key, session.data);
    } catch {
      again(); // the server went away in between
      return;
    }
    showDataProblem(session.data_problem);
    tell("fit-seed", { value: String(session.snapshot.seed) });
    tell("fit-lr", { value: String(session.snapshot.lr) });
    tell("fit-device", { value: session.snapshot.device });
    apply(session.snapshot);
    stream = pwl.stream.follow(sid, {
      since: () => film.lastSeq,
      onState: apply,
      onFrames: receive,
      onLost: () => open(sid),
      onConnection: pwl.fitControls.showConnection,
    });
  };

  const useData = async (key, told) => {
    if (data?.key !== key) {
      data = await pwl.fitData.load(key);
      await pwl.fitData.paint(data, plots);
      pwl.equations.architecture(byId("fit-architecture"), data.x.length);
    }
    Object.assign(data, told); // where it comes from
    byId("fit-data").textContent = pwl.fitData.describe(data);
  };

  const showDataProblem = (problem) =>
    pwl.fitControls.showMessage("fit-data-problem", "error", problem, (said) =>
      pwl.i18n.t("data.instead", { problem: said }));

  const apply = (snapshot) => {
    if (!snapshot || snapshot.version < state?.version) return;
    const wasRunning = state?.status === "running";
    const begins = snapshot.status === "running" && !wasRunning;
    const stepped = state && !wasRunning && snapshot.epoch > state.epoch;
    const seedChanged = state && snapshot.seed !== state.seed;
    state = snapshot;
    film.dropBefore(snapshot.first_seq);
    if (begins || stepped) film.follow();
    if (seedChanged) tell("fit-seed", { value: String(snapshot.seed) });
    pwl.fitControls.showState(state);
    showNotice(snapshot);
    paintSoon();
  };

  // A notice stays in the session; it is shown once, and may then be put away.
  const showNotice = ({ notice, first_seq: since }) => {
    const key = JSON.stringify([sid, since, notice]);
    if (key === noticeKey) return;
    noticeKey = key;
    pwl.fitControls.showMessage("fit-notice", "notice", notice);
  };

  const receive = (rows) => {
    const frames = rows
      .map(([seq, epoch, loss, mark, ...p]) => ({ seq, epoch, loss, mark, p }))
      .filter((frame) => frame.seq >= (state?.first_seq ?? 0));
    film.add(frames);
    if (frames.some((frame) => frame.mark === "edit")) {
      editing = null;
      film.skip();
    }
    paintSoon();
  };

  // The answer to a command; its snapshot comes sooner than the stream's.
  const reply = (answer) => {
    if (!answer) return;
    if (!answer.error) {
      pwl.fitControls.dismissError();
      apply(answer.snapshot);
      return;
    }
    editing = null;
    pwl.fitControls.showMessage("fit-notice", "error", answer.error);
    if (answer.error.code === "session_unknown") open(sid); // answered with a new one, and a word
    else if (film.frame) paintFrame(film.frame);
  };

  // --- painting ---------------------------------------------------------------------------------
  const paintFrame = (frame) => {
    pwl.paint.request("fit", () => {
      if (!data || editing) return;
      pwl.fitPlots.net(plots, data.grid, frame.p);
      paintNumbers();
      paintSoon();
    });
  };

  const showNumbers = () => {
    const { frame } = film;
    pwl.fitControls.showPlayback(film);
    if (!frame || editing) return;
    weights.set(frame.p);
    pwl.fitControls.showCount(frame.epoch, frame.loss, frame.p);
  };

  const paintTable = () => {
    const kept = pwl.checkpoints.rows(film.frames);
    const current = kept.find((frame) => frame.seq === film.frame.seq)?.seq;
    const key = [pwl.i18n.language(), current, ...kept.map((frame) => frame.seq)].join(" ");
    if (key === tableKey) return;
    tableKey = key;
    pwl.checkpoints.render(byId("fit-checkpoints"), kept, current);
  };

  const paintSlow = () => {
    if (!data || !film.frames.length) return;
    pwl.fitPlots.loss(plots, data, film, state?.target_epoch ?? 0, logEpochs);
    pwl.fitPlots.logitAxis(plots, data, editing ?? film.frame.p);
    paintTable();
  };

  const paintNumbers = pwl.paint.throttle(NUMBERS_MS, showNumbers);
  const paintSoon = pwl.paint.throttle(SLOW_MS, paintSlow);

  const logX = (value) => {
    logEpochs = Boolean(value?.includes("log"));
    paintSlow();
  };

  // --- weights by hand: yhat and loss follow at once, the server hears of it at the end ----------
  const edit = (p) => {
    editing = p;
    pwl.paint.request("fit", () => {
      if (!data) return;
      pwl.fitPlots.net(plots, data.grid, p);
      pwl.fitControls.showCount(film.frame?.epoch ?? 0, pwl.net.bce(p, data.x, data.y), p);
      paintSoon();
    });
  };

  const commit = (p) => {
    edit(p);
    if (film.frame?.p.every((value, k) => value === p[k])) {
      editing = null; // back where it was: nothing to tell the server
      paintFrame(film.frame);
      return;
    }
    tell("edit", { data: { params: p, at: Date.now() } });
  };

  // --- start ------------------------------------------------------------------------------------
  const start = () => {
    const { fitControls } = pwl;
    film = pwl.playback.create({ onFrame: paintFrame, onMove: paintNumbers });
    fitControls.disableAll();
    fitControls.buildStatus();
    fitControls.buildPlayback(film);
    fitControls.recallEpochs();
    fitControls.showTrainLabel();
    pwl.equations.architecture(byId("fit-architecture"), null);
    weights = pwl.weights.create(byId("fit-weights"), {
      onInput: edit, onCommit: commit, step: 0.01, format: pwl.numbers.fixed,
    });
    byId("fit-epochs").addEventListener("input", () => {
      fitControls.showTrainLabel();
      fitControls.keepEpochs();
    });
    byId("fit-seed").addEventListener("input", () => fitControls.showResetLabel(state));
    document.querySelector("#fit .fields").addEventListener("input", fitControls.dismissError);
    byId("fit-checkpoints").addEventListener("click", ({ target }) => {
      const seq = Number(target.closest("[data-seq]")?.dataset.seq ?? NaN);
      const index = film.frames.findIndex((frame) => frame.seq === seq);
      if (index >= 0) film.seek(index);
    });
    byId("fit-notice").addEventListener("click", ({ currentTarget }) => (currentTarget.hidden = true));
    pwl.i18n.onLanguage(retell);
    ready = pwl.paint
      .graphs(["fit-points-plot", "fit-yhat-plot", "fit-logit-plot", "fit-loss-plot"])
      .then(([points, yhat, logit, loss]) => (plots = { points, yhat, logit, loss }));
    pwl.tabs.claim().then(open);
  };

  const retell = () => {
    pwl.fitControls.showTrainLabel();
    pwl.fitControls.showPlayback(film);
    pwl.fitControls.retellMessages();
    if (data) byId("fit-data").textContent = pwl.fitData.describe(data);
    if (state) pwl.fitControls.showState(state);
    if (plots) pwl.fitPlots.words(plots);
    paintSoon();
  };

  pwl.fit = { start, opened, reply, logX, frame: () => film.frame };
})();
