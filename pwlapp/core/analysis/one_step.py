"""One epoch of training in numbers: each weight's gradient, and the optimizer's step.

The lecture's loop has four steps: ``yhat = net(x)``, ``loss = loss_fn(yhat, y)``,
``loss.backward()``, ``optimizer.step()``. This module computes all of them in numpy, without
changing anything, so that the page can show a step before it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwlapp.core import net as nets
from pwlapp.core.analysis.gradient import (
    Vector,
    difference,
    factor_of,
    gradient,
    logits,
    residuals,
)
from pwlapp.core.net import Architecture, Array, Params, from_vector
from pwlapp.core.optimizers import OptimizerOptions, SgdOptions
from pwlapp.core.state import TrainState

LISTED_UNITS = 8  # wider nets have too many weights for a table
DRAWN_POINTS = 2000  # for the plot; the sums count all points


@dataclass(frozen=True, eq=False)
class Update:
    """How the optimizer changes its memory and the weights; all of shape (k,), float64.

    Attributes
    ----------
    m, v : ndarray
        After the step: Adam's running means of the gradient and of its square; SGD keeps its
        momentum buffer in m.
    m_hat, v_hat : ndarray
        Adam's m and v after bias correction. For SGD they equal m and v.
    step : ndarray
        Is subtracted from the weights.
    new : ndarray
        The weights after the step.
    """

    m: Vector
    v: Vector
    m_hat: Vector
    v_hat: Vector
    step: Vector
    new: Vector


@dataclass(frozen=True, eq=False)
class Pull:
    """The contribution of each point to the gradient of one weight.

    A point contributes ``residual * factor / n``; see `gradient`.

    Attributes
    ----------
    weight : int
        Index of the weight in the parameter vector.
    x, residual, factor : ndarray of shape (d,), float64
        At most `DRAWN_POINTS` of the points, evenly chosen, by ascending x.
    up, down : float
        Sum of all positive and sum of all negative contributions. Their sum is the gradient.
    n_up, n_down : int
        Number of points with a positive and with a negative contribution.
    """

    weight: int
    x: Vector
    residual: Vector
    factor: Vector
    up: float
    down: float
    n_up: int
    n_down: int


@dataclass(frozen=True, eq=False)
class OneStep:
    """The next epoch of a net. Arrays have shape (r,): one number for each listed weight.

    Attributes
    ----------
    n : int
        Number of points.
    loss, loss_after : float
        Before and after the step.
    count : int
        Number of this step of the optimizer, from 1: Adam's t.
    listed : ndarray of int64
        Indices of the listed weights in the parameter vector, ascending: those of the first
        `LISTED_UNITS` units, and b2.
    old, m_old, v_old : ndarray of float64
        The weights and the optimizer's memory before the step.
    gradient, difference : ndarray of float64
        The gradient by the chain rule, and as a finite difference of the loss.
    update : Update
        With arrays of shape (r,).
    pull : Pull
        The contributions of the points to the gradient of the chosen weight.
    """

    n: int
    loss: float
    loss_after: float
    count: int
    listed: NDArray[np.int64]
    old: Vector
    m_old: Vector
    v_old: Vector
    gradient: Vector
    difference: Vector
    update: Update
    pull: Pull


def one_step(
    state: TrainState, x: Array, y: Array, options: OptimizerOptions, chosen: int = 0
) -> OneStep:
    """Compute the next epoch of a net without training it.

    The numbers are those of `torch.nn` and `torch.optim` to the precision of float32.

    Parameters
    ----------
    state : TrainState
    x, y : ndarray of shape (n,), float32
        n > 0.
    options : AdamOptions or SgdOptions
    chosen : int
        Index in the parameter vector of the weight for `OneStep.pull`. A weight that is not listed
        is replaced by the first one.
    """
    net, params = state.net, from_vector(state.params, state.net.bias1)
    listed = listed_weights(net)
    with np.errstate(all="ignore"):  # an overflow is an infinity, as in the engines
        z = logits(params, x, net)
        residual = residuals(z, y, net)
        g = gradient(params, x, residual, net)
        update = updated(state, g, options)
        differences = [difference(params, x, y, z, net, index) for index in listed.tolist()]
        old, m_old, v_old = (
            each[listed].astype(np.float64) for each in (state.params, state.m, state.v)
        )
        return OneStep(
            n=x.size,
            loss=state.loss,
            loss_after=nets.loss(update.new, x, y, net),
            count=state.epoch - state.optimizer_epoch + 1,
            listed=listed,
            old=old,
            m_old=m_old,
            v_old=v_old,
            gradient=g[listed],
            difference=np.array(differences),
            update=Update(*(values[listed] for values in vars(update).values())),
            pull=pull(params, x, residual, net, chosen if chosen in listed else 0),
        )


def pull(params: Params, x: Array, residual: Vector, net: Architecture, weight: int) -> Pull:
    """The contribution of each point to the gradient of one weight."""
    factor = factor_of(params, x, net, weight)
    terms = residual * factor / x.size
    order = np.argsort(x, kind="stable")[:: -(-x.size // DRAWN_POINTS)]
    return Pull(
        weight=weight,
        x=x[order].astype(np.float64),
        residual=residual[order],
        factor=factor[order],
        up=float(terms[terms > 0].sum()),
        down=float(terms[terms < 0].sum()),
        n_up=int((terms > 0).sum()),
        n_down=int((terms < 0).sum()),
    )


def updated(state: TrainState, gradient: Vector, options: OptimizerOptions) -> Update:
    """One step of the optimizer, by the formulas of `torch.optim.Adam` and `torch.optim.SGD`."""
    old, m, v = (each.astype(np.float64) for each in (state.params, state.m, state.v))
    g = gradient + options.weight_decay * old
    if isinstance(options, SgdOptions):
        direction = g + options.momentum * m
        m = direction if options.momentum > 0 else m  # else torch leaves the buffer alone
        step = options.lr * direction
        return Update(m, v, m, v, step, old - step)
    t = state.epoch - state.optimizer_epoch + 1
    m = options.beta1 * m + (1 - options.beta1) * g
    v = options.beta2 * v + (1 - options.beta2) * g**2
    m_hat, v_hat = m / (1 - options.beta1**t), v / (1 - options.beta2**t)
    step = options.lr * m_hat / (np.sqrt(v_hat) + options.eps)
    return Update(m, v, m_hat, v_hat, step, old - step)


def listed_weights(net: Architecture) -> NDArray[np.int64]:
    """Indices of the weights of the first `LISTED_UNITS` units and of b2, ascending."""
    layers, units = (net.size - 1) // net.h, min(net.h, LISTED_UNITS)
    indices = np.arange(layers)[:, None] * net.h + np.arange(units)
    return np.append(indices, net.size - 1)
