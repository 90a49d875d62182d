"""One epoch of ReLU units: from bend to bend, with sums over the points between two bends."""

from __future__ import annotations

import numpy as np

from pwlapp.core.engines.kernels.arithmetic import (
    LN_2_UP,
    SATURATED,
    compiled,
    exp_,
    f4,
    inlined,
    torch_point,
)


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
