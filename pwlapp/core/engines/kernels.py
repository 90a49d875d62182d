"""The compiled loops of `fused_cpu`: they train whole epochs on one thread.

Why they are fast, with n points and h hidden units:

- The net has one input, so between two neighbouring bends of its ReLUs the logit is a straight
  line, ``slope * x + offset``. With the points sorted by x, an epoch goes from bend to bend. One
  pass over the points of each stretch gives sums of the residuals, and every unit's gradient is a
  difference of two such sums. That takes n + h steps instead of n * h.
- Sigmoid units have no bends. They are computed in blocks of points that fit into the CPU's cache.
- The inner loops have no branches and no calls, so that LLVM can vectorise them; exp is a
  polynomial. Where a sigmoid is saturated in float32, a slower loop gives exactly torch's numbers.

Sums over a stretch are float32; their sums are float64. Of LLVM's fast-math options only reordering
and fusing are allowed, so NaN and infinity propagate.

All loops are in one long file because of Numba's disk cache. It recompiles a function only if the
function's own file has changed, so a change in another file, from which a function was inlined,
would go unnoticed.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from pwlapp.core.net import LOG_FLOOR
from pwlapp.core.state import LOSS_LIMIT

FLAGS = {"reassoc", "nsz", "arcp", "contract"}
BLOCK = 256  # points per block of sigmoid units: 2 MB of activations at 2,048 units

# Division by zero gives infinity, as in numpy: with a check for it, loops cannot be vectorised.
OPTIONS: Any = {"fastmath": FLAGS, "error_model": "numpy", "nogil": True, "cache": True}
compiled = njit(**OPTIONS)
inlined = njit(inline="always", **OPTIONS)

f4 = np.float32
LOG2_E = f4(1.4426950408889634)
LN_2 = f4(0.6931471805599453)
SATURATED = 16.5  # from |z| = 16.64 on, the sigmoid is 1 in float32, and BCELoss's gradient is 0
FAR = f4(80.0)  # inputs of hidden sigmoids are clamped here: exp(-80) is 1e-35
LN_2_UP = 0.694  # log(2), rounded up: the loss of a point is at most |logit| + log(2)


@intrinsic
def float_from_bits(_typing: Any, bits: Any) -> Any:
    """Reinterpret the bits of an int32 as a float32."""

    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(bits), build


@inlined
def exp_(t: f4) -> f4:
    """``exp(t)`` for t from -87 to 87, within 2 units of the last place.

    ``exp(t) = 2^k exp(f)`` with a whole k and f within log(2) / 2 of 0; the polynomial is that of
    Cephes' expf, by S. Moshier.
    """
    biased = np.int32(t * LOG2_E + f4(127.5))  # k + 127: positive, so truncation rounds
    f = t - f4(np.int32(biased - np.int32(127))) * LN_2
    p = f4(1.9875691500e-4)
    p = p * f + f4(1.3981999507e-3)
    p = p * f + f4(8.3334519073e-3)
    p = p * f + f4(4.1665795894e-2)
    p = p * f + f4(1.6666665459e-1)
    p = p * f + f4(5.0000001201e-1)
    return (p * f * f + f + f4(1.0)) * float_from_bits(np.int32(biased << np.int32(23)))


@compiled
def bce_stretch(x, y, slope, offset):
    """Sums of ``yhat - y`` and ``(yhat - y) x`` over points with logit ``slope * x + offset``."""
    sum_r, sum_rx = f4(0.0), f4(0.0)
    for i in range(x.size):
        r = f4(1.0) / (f4(1.0) + exp_(-(slope * x[i] + offset))) - y[i]
        sum_r += r
        sum_rx += r * x[i]
    return sum_r, sum_rx


@compiled
def bce_stretch_loss(x, y, slope, offset):
    """Sum of the cross-entropies, ``softplus(z) - y z``, where no sigmoid is saturated.

    ``softplus(z) = max(z, 0) + log(1 + e)`` with ``e = exp(-|z|)``, and ``log(1 + e)`` is
    ``2 atanh(e / (2 + e))``, whose series needs few terms: the argument is at most 1/3.
    """
    total = f4(0.0)
    for i in range(x.size):
        z = slope * x[i] + offset
        e = exp_(-abs(z))
        q = e / (f4(2.0) + e)
        s = q * q
        series = f4(2.0 / 13.0)
        series = series * s + f4(2.0 / 11.0)
        series = series * s + f4(2.0 / 9.0)
        series = series * s + f4(2.0 / 7.0)
        series = series * s + f4(2.0 / 5.0)
        series = series * s + f4(2.0 / 3.0)
        series = series * s + f4(2.0)
        total += (z if z > f4(0.0) else f4(0.0)) - y[i] * z + series * q
    return np.float64(total)


@compiled
def torch_point(z, y):
    """Residual and cross-entropy of one point, as torch's Sigmoid and BCELoss compute them.

    BCELoss clamps its logarithms at -100. Its gradient is divided by yhat (1 - yhat), but by at
    least 1e-12, and then multiplied by the sigmoid's derivative yhat (1 - yhat). The residual is
    therefore 0 where yhat is exactly 0 or 1.
    """
    yhat = f4(1.0) / (f4(1.0) + np.exp(-z))
    spread = (f4(1.0) - yhat) * yhat
    r = yhat - y
    if spread < f4(1e-12):
        r = r / f4(1e-12) * spread
    # in float64, and without log(0): the clamp below gives LOG_FLOOR there
    log_yes = math.log(np.float64(yhat)) if yhat > f4(0.0) else LOG_FLOOR
    log_no = math.log(np.float64(f4(1.0) - yhat)) if yhat < f4(1.0) else LOG_FLOOR
    if math.isnan(yhat):
        log_yes = math.nan
    return r, -(y * max(log_yes, LOG_FLOOR) + (f4(1.0) - y) * max(log_no, LOG_FLOOR))


@compiled
def saturated_stretch(x, y, slope, offset):
    """The sums of `bce_stretch` and `bce_stretch_loss`, exactly as torch computes them."""
    sum_r, sum_rx, total = 0.0, 0.0, 0.0
    for i in range(x.size):
        r, loss = torch_point(slope * x[i] + offset, y[i])
        sum_r += r
        sum_rx += r * x[i]
        total += loss
    return sum_r, sum_rx, total


@compiled
def mse_stretch(x, y, slope, offset):
    """Sums of r, r x and r^2, ``r = yhat - y``, where ``yhat = slope * x + offset``."""
    sum_r, sum_rx, total = f4(0.0), f4(0.0), f4(0.0)
    for i in range(x.size):
        r = slope * x[i] + offset - y[i]
        sum_r += r
        sum_rx += r * x[i]
        total += r * r
    return sum_r, sum_rx, np.float64(total)


class Setting(NamedTuple):
    """A net and its optimizer as plain numbers; flags are 0 or 1.

    Attributes
    ----------
    h, bias1, sigmoid, mse : int
        See `net.Architecture`.
    sgd : int
        1: gradient descent with momentum; 0: Adam.
    lr, beta1, beta2, eps, weight_decay : float
        For SGD, ``beta1`` is the momentum.
    optimizer_epoch : int
        The epoch at which the optimizer was created.
    """

    h: int
    bias1: int
    sigmoid: int
    mse: int
    sgd: int
    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    optimizer_epoch: int


class Scratch(NamedTuple):
    """Working memory of an epoch, allocated once per run.

    Attributes
    ----------
    position : ndarray of shape (h,), int64
        Index of the first point right of each ReLU's bend. The unit is on for the points from there
        if W1 >= 0, and for the points before if W1 < 0.
    order : ndarray of shape (h,), int64
        The units sorted by position, and by number where positions are equal. Sums are added in
        this order, so that the slicing of a run does not change them.
    before_r, before_rx : ndarray of shape (h,), float64
        Sums of ``yhat - y`` and ``(yhat - y) x`` over the points before a unit's position.
    gradient : ndarray of shape (k,), float32
    activations : ndarray of shape (h, BLOCK), float32
        Values of the sigmoid units at one block of points.
    block : ndarray of shape (2, BLOCK), float32
        Logits and residuals of one block of points.
    sums : ndarray of shape (3, h), float64
        For each sigmoid unit ``sum r v``, ``sum r v (1 - v) x`` and ``sum r v (1 - v)``.
    """

    position: Any
    order: Any
    before_r: Any
    before_rx: Any
    gradient: Any
    activations: Any
    block: Any
    sums: Any


@inlined
def is_right(x, i, W1, b1):
    """Whether point i lies right of a unit's bend, by the sign of u in torch's arithmetic."""
    return (W1 * x[i] + b1 > f4(0.0)) == (f4(0.0) <= W1)


@compiled
def locate(x, W1, b1, guess):
    """Index of the first point right of a unit's bend, n if there is none; x ascends.

    A bend seldom moves by more than a few points in an epoch, so a linear search from ``guess``
    comes before a binary search. The result does not depend on ``guess``.
    """
    p = guess
    for _ in range(8):
        if p < x.size and not is_right(x, p, W1, b1):
            p += 1
        elif p > 0 and is_right(x, p - 1, W1, b1):
            p -= 1
        else:
            return p
    low, high = 0, x.size  # left of the bend before low, right of it from high on
    while low < high:
        middle = (low + high) // 2
        if is_right(x, middle, W1, b1):
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def sort_by_bend(x, params, net, scratch):
    """Locate the bends of all units and sort the units by them.

    Fills ``scratch.position`` and ``scratch.order``. Insertion sort: the order of the last epoch is
    nearly right.
    """
    position, order = scratch.position, scratch.order
    for k in range(net.h):
        b1 = params[net.h + k] if net.bias1 else f4(0.0)
        position[k] = locate(x, params[k], b1, position[k])
    for j in range(1, net.h):
        k = order[j]
        i = j - 1
        while i >= 0 and (
            position[order[i]] > position[k] or (position[order[i]] == position[k] and order[i] > k)
        ):
            order[i + 1] = order[i]
            i -= 1
        order[i + 1] = k


@compiled
def stretch(x, y, a, b, slope, offset, mse, want_loss):
    """Sums over the points from a to b, between two bends.

    Returns
    -------
    sum_r, sum_rx : float
        Of ``r = yhat - y`` and of ``r x``.
    loss : float
        Sum of the losses; for BCE only if ``want_loss``, else 0.
    bound : float
        An upper bound of that sum, which is cheap: a straight line is largest at one of its ends.
    """
    xs, ys, s, c = x[a:b], y[a:b], f4(slope), f4(offset)
    if mse:
        r, rx, loss = mse_stretch(xs, ys, s, c)
        return np.float64(r), np.float64(rx), loss, loss
    first, last = abs(s * xs[0] + c), abs(s * xs[-1] + c)
    largest = np.float64(first if first > last else last)
    if not largest <= SATURATED:
        r, rx, loss = saturated_stretch(xs, ys, s, c)
        return r, rx, loss, loss
    r, rx = bce_stretch(xs, ys, s, c)
    loss = bce_stretch_loss(xs, ys, s, c) if want_loss else 0.0
    return np.float64(r), np.float64(rx), loss, (b - a) * (largest + LN_2_UP)


@compiled
def relu_pass(x, y, params, net, scratch, want_loss):
    """Go from bend to bend; fills ``scratch.before_r`` and ``scratch.before_rx``.

    Returns
    -------
    sum_r, sum_rx, loss, bound : float
        As in `stretch`, over all points. The bound is NaN if any number is not finite.
    """
    h, order, position = net.h, scratch.order, scratch.position
    W1, W2 = params[:h], params[params.size - 1 - h : params.size - 1]
    slope, offset = 0.0, np.float64(params[params.size - 1])
    far, reach = max(abs(x[0]), abs(x[-1])), 0.0
    for k in range(h):  # left of all bends the units with W1 < 0 are on
        reach += W1[k] * far  # not finite if a unit's u is not
        if W1[k] < f4(0.0):
            slope += np.float64(W1[k]) * W2[k]
            if net.bias1:
                offset += np.float64(W2[k]) * params[h + k]
    sum_r, sum_rx, loss, bound = 0.0, 0.0, 0.0, 0.0
    a = 0
    for j in range(h + 1):
        b = position[order[j]] if j < h else x.size
        if b > a:
            r, rx, part, most = stretch(x, y, a, b, slope, offset, net.mse, want_loss)
            sum_r += r
            sum_rx += rx
            loss += part
            bound += most
            a = b
        if j < h:
            k = order[j]
            scratch.before_r[k], scratch.before_rx[k] = sum_r, sum_rx
            sign = -1.0 if W1[k] < f4(0.0) else 1.0
            slope += sign * W1[k] * W2[k]
            if net.bias1:
                offset += sign * W2[k] * params[h + k]
    return sum_r, sum_rx, loss, bound + 0.0 * (slope + offset + reach)


@compiled
def relu_gradient(params, net, scratch, sum_r, sum_rx, scale):
    """Each unit's gradient from the sums over the points where it is on."""
    h, gradient = net.h, scratch.gradient
    for k in range(h):
        W1, W2 = np.float64(params[k]), np.float64(params[params.size - 1 - h + k])
        b1 = np.float64(params[h + k]) if net.bias1 else 0.0
        r, rx = scratch.before_r[k], scratch.before_rx[k]
        if not W1 < 0.0:
            r, rx = sum_r - r, sum_rx - rx
        gradient[k] = scale * W2 * rx
        if net.bias1:
            gradient[h + k] = scale * W2 * r
        gradient[params.size - 1 - h + k] = scale * (W1 * rx + b1 * r)
    gradient[params.size - 1] = scale * sum_r


@compiled
def sigmoid_block(x, params, net, scratch, m):
    """Compute activations and logits of a block of m points into ``scratch``."""
    h = net.h
    z = scratch.block[0, :m]
    z[:] = params[params.size - 1]
    for k in range(h):
        W1, W2 = params[k], params[params.size - 1 - h + k]
        b1 = params[h + k] if net.bias1 else f4(0.0)
        v = scratch.activations[k, :m]
        for i in range(m):
            u = W1 * x[i] + b1
            u = FAR if u > FAR else u  # unlike min() this keeps NaN
            u = -FAR if u < -FAR else u
            v[i] = f4(1.0) / (f4(1.0) + exp_(-u))
            z[i] += W2 * v[i]


@compiled
def residuals(y, net, scratch, m, want_loss):
    """Compute a block's residuals from its logits; returns their sum, the loss and its bound."""
    z, r = scratch.block[0, :m], scratch.block[1, :m]
    if net.mse:
        total, loss = f4(0.0), f4(0.0)
        for i in range(m):
            r[i] = z[i] - y[i]
            total += r[i]
            loss += r[i] * r[i]
        return np.float64(total), np.float64(loss), np.float64(loss)
    far, sizes = 0, f4(0.0)
    for i in range(m):
        sizes += abs(z[i])
        far += not abs(z[i]) <= f4(SATURATED)
    sum_r, loss = 0.0, 0.0
    if far:
        for i in range(m):
            r[i], part = torch_point(z[i], y[i])
            sum_r += r[i]
            loss += part
        return sum_r, loss, loss
    total = f4(0.0)
    for i in range(m):
        r[i] = f4(1.0) / (f4(1.0) + exp_(-z[i])) - y[i]
        total += r[i]
    if want_loss:
        for i in range(m):
            loss += torch_point(z[i], y[i])[1]
    return np.float64(total), loss, np.float64(sizes) + m * LN_2_UP


@compiled
def sigmoid_pass(x, y, params, net, scratch, want_loss):
    """Go through all points in blocks; fills ``scratch.sums``.

    Returns the sum of r, the loss and its bound, which is NaN if any number is not finite.
    """
    scratch.sums[:] = 0.0
    sum_r, loss, bound = 0.0, 0.0, 0.0
    for j in range(params.size):  # the sigmoid of an infinite input is finite
        bound += 0.0 * params[j]
    for a in range(0, x.size, BLOCK):
        b = min(a + BLOCK, x.size)
        xs, m = x[a:b], b - a
        sigmoid_block(xs, params, net, scratch, m)
        part, part_loss, most = residuals(y[a:b], net, scratch, m, want_loss)
        sum_r += part
        loss += part_loss
        bound += most
        r = scratch.block[1, :m]
        for k in range(net.h):
            v = scratch.activations[k, :m]
            rv, rgx, rg = f4(0.0), f4(0.0), f4(0.0)
            for i in range(m):
                g = r[i] * v[i] * (f4(1.0) - v[i])
                rv += r[i] * v[i]
                rgx += g * xs[i]
                rg += g
            scratch.sums[0, k] += rv
            scratch.sums[1, k] += rgx
            scratch.sums[2, k] += rg
    return sum_r, loss, bound


@compiled
def sigmoid_gradient(params, net, scratch, sum_r, scale):
    """Gradients of sigmoid units from their sums."""
    h, gradient = net.h, scratch.gradient
    for k in range(h):
        W2 = np.float64(params[params.size - 1 - h + k])
        gradient[k] = scale * W2 * scratch.sums[1, k]
        if net.bias1:
            gradient[h + k] = scale * W2 * scratch.sums[2, k]
        gradient[params.size - 1 - h + k] = scale * scratch.sums[0, k]
    gradient[params.size - 1] = scale * sum_r


@compiled
def step(params, m, v, net, gradient, epoch):
    """One step of the optimizer from ``epoch``; changes params, m, v and gradient in place.

    Adam is algorithm 1 of Kingma and Ba (2015), with the bias corrections in ``rate`` and ``root``
    as in `torch.optim.Adam`. SGD with momentum is that of `torch.optim.SGD`.
    """
    if net.weight_decay != 0.0:
        for j in range(params.size):
            gradient[j] += f4(net.weight_decay) * params[j]
    if net.sgd:
        for j in range(params.size):
            move = gradient[j]
            if net.beta1 > 0.0:  # without momentum torch does not touch the buffer
                move += f4(net.beta1) * m[j]
                m[j] = move
            params[j] -= f4(net.lr) * move
        return
    t = np.float64(epoch - net.optimizer_epoch + 1)
    rate = f4(net.lr / (1.0 - net.beta1**t))
    root = f4(1.0 / math.sqrt(1.0 - net.beta2**t))
    gain1, gain2 = f4(1.0 - net.beta1), f4(1.0 - net.beta2)
    for j in range(params.size):
        g = gradient[j]
        m[j] += gain1 * (g - m[j])
        v[j] = f4(net.beta2) * v[j] + gain2 * (g * g)
        params[j] -= rate * m[j] / (math.sqrt(v[j]) * root + f4(net.eps))


@compiled
def forward(x, y, params, net, scratch, want_loss):
    """One pass over the points: sums of r and of r x (ReLU only), mean loss, bound of the loss."""
    if net.sigmoid:
        sum_r, loss, bound = sigmoid_pass(x, y, params, net, scratch, want_loss)
        return sum_r, 0.0, loss / x.size, bound / x.size
    sort_by_bend(x, params, net, scratch)
    sum_r, sum_rx, loss, bound = relu_pass(x, y, params, net, scratch, want_loss)
    return sum_r, sum_rx, loss / x.size, bound / x.size


@compiled
def train_epochs(x, y, params, m, v, net, scratch, epoch, stop, record, kept, losses):
    """Train from ``epoch`` to ``stop``, or until the run diverges; see `state.has_diverged`.

    Parameters
    ----------
    x, y : ndarray of shape (n,), float32
        Sorted by x; n > 0.
    params, m, v : ndarray of shape (k,), float32
        Changed in place.
    net : Setting
    scratch : Scratch
    epoch, stop : int
    record : ndarray of int64
        Epochs to keep, ascending, all above ``epoch``.
    kept : ndarray of shape (len(record), k), float32
        Written: the parameters at these epochs.
    losses : ndarray of shape (len(record),), float64
        Written: the loss at these epochs.

    Returns
    -------
    epoch : int
        The last epoch; if the run diverged, the first epoch that was not good.
    n_kept : int
        Number of epochs written to ``kept`` and ``losses``.
    loss : float
        At ``epoch``.
    diverged : bool
    """
    start, n_kept = epoch, 0
    was_high = False
    while True:
        want = epoch == stop or (n_kept < record.size and record[n_kept] == epoch)
        sum_r, sum_rx, loss, bound = forward(x, y, params, net, scratch, want)
        high = False
        if not bound <= LOSS_LIMIT:
            if not want and not net.mse:
                sum_r, sum_rx, loss, bound = forward(x, y, params, net, scratch, True)
            high = loss > LOSS_LIMIT
            finite = math.isfinite(loss) and not math.isnan(bound)
            if not finite or (epoch > start and high and not was_high):
                return epoch, n_kept, loss, True
        was_high = high
        if n_kept < record.size and record[n_kept] == epoch:
            kept[n_kept] = params
            losses[n_kept] = loss
            n_kept += 1
        if epoch == stop:
            return epoch, n_kept, loss, False
        scale = (2.0 if net.mse else 1.0) / x.size
        if net.sigmoid:
            sigmoid_gradient(params, net, scratch, sum_r, scale)
        else:
            relu_gradient(params, net, scratch, sum_r, sum_rx, scale)
        step(params, m, v, net, scratch.gradient, epoch)
        epoch += 1
