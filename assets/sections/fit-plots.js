// The three plots of Fit. yhat and the bent line move at every animation frame; the loss curve and
// the axes a few times a second.
(() => {
  const pwl = (window.pwl ??= {});

  // yhat, and the same net before the sigmoid
  const net = (plots, grid, p) => {
    const logits = pwl.net.logit(p, grid);
    pwl.paint.curves(plots.yhat, [0], [{ x: grid, y: logits.map(pwl.net.sigmoid) }]);
    pwl.paint.curves(plots.logit, [0, 1, 2, 4], [
      { x: grid, y: pwl.net.contribution(p, 0, grid) },
      { x: grid, y: pwl.net.contribution(p, 1, grid) },
      { x: grid, y: logits },
      { x: [0], y: [p[4]] },
    ]);
  };

  // The axis of the bent line holds the lecture's true line and the net, and grows in steps.
  const logitAxis = (plots, data, p) => {
    const ends = [data.grid[0], 0, data.grid[data.grid.length - 1]];
    const curves = [pwl.net.logit(p, ends), ...[0, 1].map((k) => pwl.net.contribution(p, k, ends))];
    const values = [...curves.flat(), ...data.logit.filter((z) => z !== null)];
    const low = values.reduce((a, b) => Math.min(a, b), 0);
    const high = values.reduce((a, b) => Math.max(a, b), 0);
    const range = [
      low < -10.5 ? -pwl.paint.niceCeil(-low) : -11,
      high > 6.5 ? pwl.paint.niceCeil(high) : 7,
    ];
    const now = plots.logit._fullLayout.yaxis.range;
    if (now[0] !== range[0] || now[1] !== range[1]) {
      Plotly.relayout(plots.logit, { "yaxis.range": range });
    }
  };

  // The curve up to the play head, in axes that hold the whole run; `log` is the epoch axis.
  const loss = (plots, data, film, target, log) => {
    const { frames, index } = film;
    const seen = frames.slice(0, index + 1).filter((frame) => !log || frame.epoch > 0);
    const now = seen[seen.length - 1];
    const last = Math.max(target, frames[frames.length - 1].epoch, 10);
    const losses = [data.true_loss, ...frames.map((frame) => frame.loss)];
    const low = losses.reduce((a, b) => Math.min(a, b));
    const high = losses.reduce((a, b) => Math.max(a, b));
    const pad = (high - low) * 0.08 || 0.05;
    const x = [[log ? 1 : 0, last], seen.map((f) => f.epoch), now ? [now.epoch] : []];
    const y = [[data.true_loss, data.true_loss], seen.map((f) => f.loss), now ? [now.loss] : []];
    Plotly.update(plots.loss, { x, y }, {
      "xaxis.type": log ? "log" : "linear",
      "xaxis.range": log ? [0, Math.log10(last * 1.1)] : [0, last * 1.02],
      "yaxis.range": [low - pad, high + pad],
    }, [0, 1, 2]);
  };

  const words = (plots) =>
    Plotly.relayout(plots.loss, {
      "xaxis.title.text": pwl.i18n.t("word.epoch"),
      "yaxis.title.text": pwl.i18n.t("word.loss"),
    });

  pwl.fitPlots = { net, logitAxis, loss, words };
})();
