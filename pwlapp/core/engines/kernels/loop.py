"""The loop over epochs: forward pass, gradients, and a step of the optimizer."""

from __future__ import annotations

import math

import numpy as np

from pwlapp.core.engines.kernels.arithmetic import compiled, f4
from pwlapp.core.engines.kernels.relu import relu_gradient, relu_pass, sort_by_bend
from pwlapp.core.engines.kernels.sigmoid import sigmoid_gradient, sigmoid_pass
from pwlapp.core.state import LOSS_LIMIT


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
