"""The gradient of the loss in numpy, as a sum over the points.

By the chain rule the gradient of a weight is a mean over the points:

    dL/dw = 1/n sum_i residual_i * factor_i

``residual_i`` is n times the derivative of the loss with respect to the logit of point i. It is the
same for all weights. ``factor_i`` is the derivative of that logit with respect to the weight. Units
and yhat are float32, as in torch; sums are float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwlapp.core import net as nets
from pwlapp.core.net import Architecture, Array, Params

UNITS_AT_ONCE = 64  # so that a wide net needs only matrices of shape (n, 64)
DIFFERENCE = 1e-6  # step of the finite difference: absolute for |weight| < 1, else relative

Vector: TypeAlias = NDArray[np.float64]


def logits(params: Params, x: Array, net: Architecture) -> Vector:
    """The logits, of shape (n,): units are computed in float32 and added in float64."""
    z = np.full(x.size, params.b2)
    for units in _blocks(net.h):
        part = _part(params, units)
        z += nets.hidden(part, x, net.activation).astype(np.float64) @ part.W2
    return z


def residuals(z: Vector, y: Array, net: Architecture) -> Vector:
    """The derivative of the loss with respect to each logit, times n; of shape (n,).

    ``yhat - y`` for BCE after a sigmoid, ``2 (yhat - y)`` for MSE. If the sigmoid is exactly 0 or
    1 in float32, the derivative is 0, as in torch's BCELoss.
    """
    if net.loss == "mse":
        return 2.0 * (z - y)
    yhat = nets.sigmoid(z.astype(np.float32))
    spread = (np.float32(1.0) - yhat) * yhat
    passed = spread / np.maximum(spread, np.float32(1e-12))  # 1 unless yhat is saturated
    result: Vector = ((yhat - y) * passed).astype(np.float64)
    return result


def factors(params: Params, x: Array, net: Architecture) -> Vector:
    """Derivative of each logit with respect to W1, b1 if there is one, and W2, without b2.

    Returns
    -------
    ndarray of shape (n, 2h) or (n, 3h), float64
        ``W2 a'(u) x``, ``W2 a'(u)`` and ``v = a(u)``, in the order of `net.to_vector`.
    """
    v = nets.hidden(params, x, net.activation)  # (n, h)
    slope = v * (1 - v) if net.activation == "sigmoid" else (v > 0)
    by_bias = slope * params.W2.astype(np.float64)  # (n, h) * (h,) -> (n, h)
    parts = [by_bias * x[:, None], *([by_bias] if net.bias1 else []), v.astype(np.float64)]
    return np.concatenate(parts, axis=1)


def gradient(params: Params, x: Array, residual: Vector, net: Architecture) -> Vector:
    """The gradient of the loss, of shape (k,), in the order of `net.to_vector`."""
    layers = np.empty(((net.size - 1) // net.h, net.h))  # W1, b1 if there is one, W2
    for units in _blocks(net.h):
        mean = residual @ factors(_part(params, units), x, net) / x.size
        layers[:, units] = mean.reshape(len(layers), -1)
    return np.append(layers, residual.mean())


def factor_of(params: Params, x: Array, net: Architecture, index: int) -> Vector:
    """Derivative of each logit with respect to one weight, of shape (n,)."""
    if index == net.size - 1:  # b2
        return np.ones(x.size)
    layer, unit = divmod(index, net.h)
    return factors(_part(params, slice(unit, unit + 1)), x, net)[:, layer]


def difference(
    params: Params, x: Array, y: Array, z: Vector, net: Architecture, index: int
) -> float:
    """The gradient of one weight as a central finite difference of the loss, in float64.

    Parameters
    ----------
    params : Params
    x, y : ndarray of shape (n,), float32
    z : ndarray of shape (n,), float64
        The net's logits. Only the term of the weight's own unit is computed again.
    net : Architecture
    index : int
        Index of the weight in the parameter vector; see `net.to_vector`.
    """
    layers, unit = (net.size - 1) // net.h, index % net.h
    own = nets.to_vector(params)[[*range(unit, net.size - 1, net.h), -1]].astype(np.float64)
    chosen = layers if index == net.size - 1 else index // net.h  # its index in `own`
    size = DIFFERENCE * max(1.0, abs(float(own[chosen])))
    rest = z - _unit_logits(own, x, net)

    def loss(by: float) -> float:
        moved = own.copy()
        moved[chosen] += by
        moved_z = rest + _unit_logits(moved, x, net)
        if net.loss == "mse":
            return nets.mse(moved_z, y.astype(np.float64))
        return nets.bce_of_logits(moved_z, y.astype(np.float64))

    return (loss(size) - loss(-size)) / (2 * size)


def _unit_logits(own: Vector, x: Array, net: Architecture) -> Vector:
    """What one unit and b2 add to each logit, in float64; `own` is W1, b1 if any, W2, b2."""
    W1, *b1, W2, b2 = own.tolist()
    u = W1 * x.astype(np.float64) + sum(b1)
    v = 1 / (1 + np.exp(-u)) if net.activation == "sigmoid" else np.maximum(u, 0)
    result: Vector = W2 * v + b2
    return result


def _blocks(h: int) -> Iterator[slice]:
    """Slices of the hidden units, `UNITS_AT_ONCE` in each."""
    return (slice(first, first + UNITS_AT_ONCE) for first in range(0, h, UNITS_AT_ONCE))


def _part(params: Params, units: slice) -> Params:
    """The net with only these hidden units."""
    b1 = None if params.b1 is None else params.b1[units]
    return Params(params.W1[units], params.W2[units], params.b2, b1)
