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
    """What the optimizer does with a gradient, all of shape (k,), float64.

    Attributes
    ----------
    m, v : ndarray
        After the step: Adam's running means of the gradient and of its square; SGD keeps its
        momentum buffer in m.
    m_hat, v_hat : ndarray
        Adam's m and v with their bias corrected. For SGD they are m and v.
    step : ndarray
        What is subtracted from each weight.
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
    """How the points add up to the gradient of one weight.

    Attributes
    ----------
    weight : int
        Its place in the parameter vector.
    x, residual, factor : ndarray of shape (d,), float64
        Of at most `DRAWN_POINTS` points, evenly chosen, by ascending x.
    up, down : float
        Sums of the positive and of the negative contributions, ``residual * factor / n``, over all
        points. Together they are the gradient.
    n_up, n_down : int
        How many points have such a contribution.
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
    """The next epoch of a net; the arrays are of shape (r,), one number for each listed weight.

    Attributes
    ----------
    n : int
        Points.
    loss, loss_after : float
        Before the step and after it.
    count : int
        Number of this step of the optimizer, from 1: Adam's t.
    listed : ndarray of int64
        Places in the parameter vector, ascending: all, or those of the first `LISTED_UNITS` units
        and b2.
    old, m_old, v_old : ndarray of float64
        The weights and the optimizer's memory before the step.
    gradient, difference : ndarray of float64
        The gradient, and the same as a finite difference of the loss.
    update : Update
    pull : Pull
        Of the chosen weight.
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
        Place in the parameter vector of the weight for `OneStep.pull`. Where that weight is not
        listed, it is the first one.
    """
    net, params = state.net, from_vector(state.params, state.net.bias1)
    listed = listed_weights(net)
    with np.errstate(all="ignore"):  # an overflow is an infinity, as in the engines
        z = logits(params, x, net)
        residual = residuals(z, y, net)
        g = gradient(params, x, residual, net)
        update = updated(state, g, options)
        differences = [difference(params, x, y, z, net, place) for place in listed.tolist()]
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
    """How the points add up to the gradient of one weight."""
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
    """One step of the optimizer, as `torch.optim.Adam` and `torch.optim.SGD` take it."""
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
    """Places in the parameter vector of the weights that a table lists, ascending."""
    layers, units = (net.size - 1) // net.h, min(net.h, LISTED_UNITS)
    places = np.arange(layers)[:, None] * net.h + np.arange(units)
    return np.append(places, net.size - 1)
