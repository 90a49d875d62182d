// The data of Fit: fetched once by its key, drawn once, never redrawn with the curves.
(() => {
  const pwl = (window.pwl ??= {});
  const CURVE_POINTS = 101; // of a wide net's curve, evenly over the data
  const MOST_POINTS = 4000; // more than this are thinned on screen; the loss always counts all

  // {key, x, prob, y, logit, true_loss, true_mse, grid, curveX}, sorted by x
  const load = async (key) => {
    const answer = await fetch(`data/${key}.json`);
    if (!answer.ok) throw new Error(`data ${key}: ${answer.status}`);
    const raw = await answer.json();
    const order = raw.x.map((_, i) => i).sort((a, b) => raw.x[a] - raw.x[b]);
    const pick = (values) => order.map((i) => values[i]);
    const prob = pick(raw.prob);
    const x = pick(raw.x);
    const logit = prob.map((p) => (p > 0 && p < 1 ? Math.log(p / (1 - p)) : null));
    const y = pick(raw.y);
    const ends = [x[0], x[x.length - 1]];
    return {
      ...raw, key, x, prob, y, logit,
      true_mse: pwl.net.mse(prob, y),
      grid: curveGrid(...ends),
      curveX: pwl.net.grid(...ends, CURVE_POINTS),
    };
  };

  // the loss that `net` would have if its yhat were prob itself
  const trueLoss = (data, net) => (net?.loss === "mse" ? data.true_mse : data.true_loss);

  // 201 points and 0 among them, where the line bends
  const curveGrid = (low, high) => {
    const grid = pwl.net.grid(low, high, 201);
    if (low < 0 && high > 0 && !grid.includes(0)) grid.push(0);
    return grid.sort((a, b) => a - b);
  };

  // The same small vertical shift for the same point at every visit, so that density is seen.
  const jitter = (i) => (((i * 0.6180339887498949) % 1) - 0.5) * 0.08;

  const paint = (data, plots) => {
    const { x } = data;
    const every = Math.ceil(x.length / MOST_POINTS);
    const shown = x.map((_, i) => i).filter((i) => i % every === 0);
    const [low, high] = [x[0], x[x.length - 1]];
    const pad = (high - low) * 0.02 || 1;
    const span = { "xaxis.range": [low - pad, high + pad] };
    const dots = { x: shown.map((i) => x[i]), y: shown.map((i) => data.y[i] + jitter(i)) };
    return Promise.all([
      Plotly.update(plots.points, { x: [dots.x], y: [dots.y] }, span, [0]),
      Plotly.update(plots.yhat, { x: [x], y: [data.prob] }, span, [1]),
      Plotly.relayout(plots.logit, span), // its truth depends on the net: see fitPlots.reshape
    ]);
  };

  // `data` with the server's word on where it comes from: origin and label
  const describe = (data, net) =>
    pwl.i18n.t(`data.${data.origin}`, {
      n: pwl.numbers.whole(data.x.length),
      label: data.label,
      loss: pwl.numbers.fixed(trueLoss(data, net), 6),
    });

  pwl.fitData = { load, paint, describe, trueLoss };
})();
