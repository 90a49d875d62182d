"""The lecture's net as numbers: ``X -l1-> u -a1-> v -l2-> logit -a2-> yhat``, in numpy.

Shapes: ``n`` points, ``h`` hidden units (2 in the lecture). ``l1`` has no bias, so every hidden
unit bends at x = 0 and the logit is a line with one bend there.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwlapp.errors import UserError

Array: TypeAlias = NDArray[np.float32]

LOG_FLOOR = -100.0  # where torch.nn.BCELoss clamps its logarithms
MAX_PARAM = 1e6  # with learning rates up to 1000, nothing in float32 overflows from here


class Params(NamedTuple):
    """The numbers that make a net.

    Attributes
    ----------
    W1 : ndarray of shape (h,), float32
        The page's ``l1.weight``: slope of each hidden unit before its ReLU.
    W2 : ndarray of shape (h,), float32
        The page's ``l2.weight``: how much of each unit goes into the logit.
    b2 : float
        The page's ``l2.bias``: the logit at x = 0.
    """

    W1: Array
    W2: Array
    b2: float


def to_vector(params: Params) -> Array:
    """Flatten to one array of shape (2h + 1,), float32: W1, then W2, then b2."""
    return np.concatenate([params.W1, params.W2, [params.b2]]).astype(np.float32)


def from_vector(vector: ArrayLike) -> Params:
    """Undo `to_vector`.

    Parameters
    ----------
    vector : array-like of shape (2h + 1,)

    Raises
    ------
    ValueError
        If the length is not 3, 5, 7, ...
    """
    flat = np.asarray(vector, dtype=np.float32)
    if flat.ndim != 1 or flat.size < 3 or flat.size % 2 == 0:
        raise ValueError(f"parameters of shape {flat.shape}, expected (2h + 1,) with h >= 1")
    h = flat.size // 2
    return Params(flat[:h], flat[h : 2 * h], float(flat[-1]))


def check_vector(vector: object, k: int, limit: float = MAX_PARAM) -> Array:
    """Turn what somebody typed or sent into parameters.

    Parameters
    ----------
    vector : object
        Anything; k real numbers are wanted.
    k : int
    limit : float
        The largest magnitude allowed.

    Returns
    -------
    ndarray of shape (k,), float32

    Raises
    ------
    UserError
        ``bad_params`` (max).
    """
    try:
        flat = np.array(vector, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError("bad_params", max=MAX_PARAM) from None
    if flat.shape != (k,) or not (np.abs(flat) <= limit).all():  # false for NaN
        raise UserError("bad_params", max=MAX_PARAM)
    return flat.astype(np.float32)


START = Params(
    W1=np.array([1.0, -1.0], dtype=np.float32),
    W2=np.array([-4.5, -9.0], dtype=np.float32),
    b2=4.5,
)


def pre_activation(params: Params, x: Array) -> Array:
    """``u = X W1``, of shape (n, h)."""
    return x[:, None] * params.W1  # (n, 1) * (h,) -> (n, h)


def hidden(params: Params, x: Array) -> Array:
    """``v = relu(u)``, of shape (n, h)."""
    return np.maximum(pre_activation(params, x), np.float32(0.0))


def contributions(params: Params, x: Array) -> Array:
    """What each unit adds to the logit, ``v * W2``, of shape (n, h)."""
    return hidden(params, x) * params.W2


def logit(params: Params, x: Array) -> Array:
    """The bent line, before the sigmoid: ``v W2 + b2``, of shape (n,)."""
    return hidden(params, x) @ params.W2 + np.float32(params.b2)  # (n, h) @ (h,) -> (n,)


def yhat(params: Params, x: Array) -> Array:
    """The bent curve, after the sigmoid, of shape (n,)."""
    return sigmoid(logit(params, x))


def sigmoid(z: Array) -> Array:
    """``1 / (1 + exp(-z))`` in float32; it reaches exactly 0 and 1, as torch's does."""
    with np.errstate(over="ignore"):  # exp(89) is infinite in float32, and 1 / inf is the right 0
        return np.float32(1.0) / (np.float32(1.0) + np.exp(-z))


def slopes(params: Params) -> tuple[float, float]:
    """Slopes of the logit on either side of the bend.

    A unit with W1 < 0 is on only where x < 0, one with W1 > 0 only where x > 0, and each that is
    on adds ``W1 * W2``. The raw weights differ from seed to seed; these two numbers do not.

    Returns
    -------
    left, right : float
        For x < 0 and for x > 0.
    """
    W1 = params.W1.astype(np.float64)
    slope = W1 * params.W2
    return float(slope[W1 < 0].sum()), float(slope[W1 > 0].sum())


def target(x: Array) -> Array:
    """The page's bent line: ``9x + 4.5`` for x < 0, ``-4.5x + 4.5`` for x >= 0; shape (n,).

    The page leaves x = 0 out; here it gets the value that makes the line continuous.
    """
    return np.where(x < 0, 9.0 * x + 4.5, -4.5 * x + 4.5).astype(np.float32)


def bce(yhat: Array, y: Array) -> float:
    """Binary cross-entropy, ``-mean(y log yhat + (1 - y) log(1 - yhat))``.

    Logarithms are clamped at -100, as `torch.nn.BCELoss` does, so a certain but wrong yhat costs
    100 and not infinity.

    Parameters
    ----------
    yhat, y : ndarray of shape (n,), float32
        Both within [0, 1].
    """
    with np.errstate(divide="ignore"):  # log(0) is -inf, which the clamp turns into -100
        log_yes = np.maximum(np.log(yhat), LOG_FLOOR)
        log_no = np.maximum(np.log(np.float32(1.0) - yhat), LOG_FLOOR)
    return -float(np.mean(y * log_yes + (1.0 - y) * log_no, dtype=np.float64))
