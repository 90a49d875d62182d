"""One epoch of sigmoid units: in blocks of points that fit into the CPU's cache."""

from __future__ import annotations

import numpy as np

from pwlapp.core.engines.kernels.arguments import BLOCK
from pwlapp.core.engines.kernels.arithmetic import (
    LN_2_UP,
    SATURATED,
    compiled,
    exp_,
    f4,
    torch_point,
)

FAR = f4(80.0)  # inputs of hidden sigmoids are clamped here: exp(-80) is 1e-35


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
