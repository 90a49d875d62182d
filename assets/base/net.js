// The lecture's net as numbers: the same mathematics as pwlapp/core/net.py, for the browser.
// Parameters travel as one vector [W1_1..W1_h, W2_1..W2_h, b2], as in the server's frames.
(() => {
  const pwl = (window.pwl ??= {});
  const START = [1, -1, -4.5, -9, 4.5];

  const width = (p) => (p.length - 1) / 2;
  const relu = (u) => (u > 0 ? u : 0);
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  // softplus(z) = log(1 + e^z), without overflow
  const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

  const unit = (p, k, xs) => xs.map((x) => p[k] * x); // u = x W1
  const hidden = (p, k, xs) => xs.map((x) => relu(p[k] * x)); // v = relu(u)
  const contribution = (p, k, xs) => xs.map((x) => p[width(p) + k] * relu(p[k] * x)); // v W2

  const logitAt = (p, x) => {
    const h = width(p);
    let z = p[2 * h];
    for (let k = 0; k < h; k++) z += p[h + k] * relu(p[k] * x);
    return z;
  };
  const logit = (p, xs) => xs.map((x) => logitAt(p, x));
  const yhat = (p, xs) => xs.map((x) => sigmoid(logitAt(p, x)));

  // Slopes of the logit on the left and on the right of 0, where the net without b1 bends.
  const slopes = (p) => {
    const h = width(p);
    let left = 0;
    let right = 0;
    for (let k = 0; k < h; k++) {
      if (p[k] < 0) left += p[k] * p[h + k];
      else right += p[k] * p[h + k];
    }
    return { left, right };
  };

  // Binary cross-entropy from logits; each log is clamped at -100, as torch.nn.BCELoss does.
  const bce = (p, xs, ys) => {
    let sum = 0;
    for (let i = 0; i < xs.length; i++) {
      const z = logitAt(p, xs[i]);
      sum += ys[i] * Math.min(softplus(-z), 100) + (1 - ys[i]) * Math.min(softplus(z), 100);
    }
    return sum / xs.length;
  };

  // The bent line y = left x + b (x < 0), right x + b (x >= 0).
  const bent = ({ left, right, b }, xs) => xs.map((x) => (x < 0 ? left : right) * x + b);
  const mse = (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
  const grid = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

  const TARGET = { left: 9, right: -4.5, b: 4.5 };
  pwl.net = {
    START, TARGET, width, sigmoid, unit, hidden, contribution, logit, yhat, slopes, bce, bent, mse, grid,
  };
})();
