"""The net in numpy: ``x -l1-> u -a1-> v -l2-> logit -a2-> yhat``.

Shapes: ``n`` points, ``h`` hidden units. The lecture's net has two ReLUs and no bias in ``l1``, so
every hidden unit bends at x = 0 and the logit is a line with one bend. An `Architecture` can have
more units, a first-layer bias, sigmoids in place of ReLUs, or no sigmoid at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwlapp.errors import UserError

Array: TypeAlias = NDArray[np.float32]
Real: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
Activation: TypeAlias = Literal["relu", "sigmoid"]
Loss: TypeAlias = Literal["bce", "mse"]

MAX_HIDDEN = 2048
LOG_FLOOR = -100.0  # where torch.nn.BCELoss clamps its logarithms
MAX_PARAM = 1e6  # training from such weights does not overflow at learning rates up to 1000


@dataclass(frozen=True)
class Architecture:
    """The structure of a net; the defaults are the lecture's.

    Attributes
    ----------
    h : int
        Number of hidden units, 1 to `MAX_HIDDEN`.
    bias1 : bool
        Whether the first layer has a bias, so that units can bend elsewhere than at 0.
    activation : {"relu", "sigmoid"}
        Activation of the hidden units.
    loss : {"bce", "mse"}
        ``"bce"``: a sigmoid at the end, and binary cross-entropy. ``"mse"``: no activation at the
        end, so yhat is the logit, and mean squared error.

    Raises
    ------
    UserError
        ``bad_hidden`` (min, max) if h is out of range; ``bad_architecture`` for an unknown
        activation or loss.
    """

    h: int = 2
    bias1: bool = False
    activation: Activation = "relu"
    loss: Loss = "bce"

    def __post_init__(self) -> None:
        if not 1 <= self.h <= MAX_HIDDEN:
            raise UserError("bad_hidden", min=1, max=MAX_HIDDEN)
        if self.activation not in get_args(Activation) or self.loss not in get_args(Loss):
            raise UserError("bad_architecture")

    @property
    def size(self) -> int:
        """Number of parameters: 2h + 1, or 3h + 1 with a first-layer bias."""
        return (3 if self.bias1 else 2) * self.h + 1

    @property
    def weight_names(self) -> list[str]:
        """``W1_1``, ``W1_2``, ..., ``b2`` in the order of `to_vector`, for tables."""
        layers = ("W1", "b1", "W2") if self.bias1 else ("W1", "W2")
        return [*(f"{layer}_{k + 1}" for layer in layers for k in range(self.h)), "b2"]


LECTURE = Architecture()


class Params(NamedTuple):
    """The parameters of a net, by layer.

    Attributes
    ----------
    W1 : ndarray of shape (h,), float32
        ``l1.weight``: slope of each hidden unit before its activation.
    W2 : ndarray of shape (h,), float32
        ``l2.weight``: factor of each unit in the logit.
    b2 : float
        ``l2.bias``: the logit at x = 0 of the lecture's net.
    b1 : ndarray of shape (h,), float32, or None
        ``l1.bias``; None without a first-layer bias.
    """

    W1: Array
    W2: Array
    b2: float
    b1: Array | None = None


def to_vector(params: Params) -> Array:
    """Flatten to one float32 array: W1, then b1 if there is one, then W2, then b2.

    This is the order in which ``torch.nn.Sequential(l1, a1, l2).parameters()`` lists them.
    """
    b1 = [] if params.b1 is None else [params.b1]
    return np.concatenate([params.W1, *b1, params.W2, [params.b2]]).astype(np.float32)


def from_vector(vector: ArrayLike, bias1: bool = False) -> Params:
    """Split a vector into parameters; the inverse of `to_vector`.

    Parameters
    ----------
    vector : array-like of shape (2h + 1,), or (3h + 1,) with a first-layer bias
    bias1 : bool

    Raises
    ------
    ValueError
        If there is no h with this length.
    """
    flat = np.asarray(vector, dtype=np.float32)
    parts = 3 if bias1 else 2
    if flat.ndim != 1 or flat.size <= parts or flat.size % parts != 1:
        raise ValueError(f"parameters of shape {flat.shape}, expected ({parts}h + 1,) with h >= 1")
    W1, *b1, W2 = np.split(flat[:-1], parts)
    return Params(W1, W2, float(flat[-1]), b1[0] if bias1 else None)


def check_vector(vector: object, k: int, limit: float = MAX_PARAM) -> Array:
    """Check a value from a client and convert it to a parameter vector.

    Parameters
    ----------
    vector : object
        Valid if it is a sequence of k real numbers.
    k : int
    limit : float
        The largest magnitude allowed.

    Returns
    -------
    ndarray of shape (k,), float32

    Raises
    ------
    UserError
        ``bad_params`` (max) if the value is not valid.
    """
    try:
        flat = np.array(vector, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError("bad_params", max=MAX_PARAM) from None
    if flat.shape != (k,) or not (np.abs(flat) <= limit).all():  # also refuses NaN
        raise UserError("bad_params", max=MAX_PARAM)
    return flat.astype(np.float32)


START = Params(
    W1=np.array([1.0, -1.0], dtype=np.float32),
    W2=np.array([-4.5, -9.0], dtype=np.float32),
    b2=4.5,
)


def pre_activation(params: Params, x: Array) -> Array:
    """``u = X W1 + b1``, of shape (n, h)."""
    u = x[:, None] * params.W1  # (n, 1) * (h,) -> (n, h)
    return u if params.b1 is None else u + params.b1


def hidden(params: Params, x: Array, activation: Activation = "relu") -> Array:
    """``v = relu(u)``, or ``sigmoid(u)``, of shape (n, h)."""
    u = pre_activation(params, x)
    return sigmoid(u) if activation == "sigmoid" else np.maximum(u, np.float32(0.0))


def contributions(params: Params, x: Array, activation: Activation = "relu") -> Array:
    """Each unit's term of the logit, ``v * W2``, of shape (n, h)."""
    return hidden(params, x, activation) * params.W2


def logit(params: Params, x: Array, activation: Activation = "relu") -> Array:
    """The bent line, before the sigmoid: ``v W2 + b2``, of shape (n,)."""
    v = hidden(params, x, activation)
    return v @ params.W2 + np.float32(params.b2)  # (n, h) @ (h,) -> (n,)


def yhat(params: Params, x: Array, net: Architecture = LECTURE) -> Array:
    """The net's output, of shape (n,): ``sigmoid(logit)``, or the logit of a net with MSE."""
    line = logit(params, x, net.activation)
    return sigmoid(line) if net.loss == "bce" else line


def sigmoid(z: Array) -> Array:
    """``1 / (1 + exp(-z))`` in float32; like torch's it reaches exactly 0 and 1."""
    with np.errstate(over="ignore"):  # exp(89) is infinite in float32, and 1 / inf = 0 is right
        return np.float32(1.0) / (np.float32(1.0) + np.exp(-z))


def slopes(params: Params) -> tuple[float, float]:
    """Slopes of a ReLU net's logit left and right of all its bends.

    A unit with W1 < 0 is on only left of its bend, a unit with W1 > 0 only right of it. Each unit
    that is on adds ``W1 * W2`` to the slope. Nets trained from different seeds have different
    weights, but the same two slopes.

    Returns
    -------
    left, right : float
        For x < 0 and for x > 0; with a first-layer bias, left and right of the outermost bends.
    """
    W1 = params.W1.astype(np.float64)
    slope = W1 * params.W2
    return float(slope[W1 < 0].sum()), float(slope[W1 > 0].sum())


def target(x: Array) -> Array:
    """The lecture's bent line: ``9x + 4.5`` for x < 0, ``-4.5x + 4.5`` for x >= 0; shape (n,).

    The lecture leaves x = 0 undefined; here the line is continuous there.
    """
    return np.where(x < 0, 9.0 * x + 4.5, -4.5 * x + 4.5).astype(np.float32)


def bce(yhat: Array, y: Array) -> float:
    """Binary cross-entropy, ``-mean(y log yhat + (1 - y) log(1 - yhat))``.

    Logarithms are clamped at -100, as in `torch.nn.BCELoss`, so a yhat of exactly 0 or 1 that is
    wrong costs 100 and not infinity.

    Parameters
    ----------
    yhat, y : ndarray of shape (n,), float32
        Both within [0, 1].
    """
    with np.errstate(divide="ignore"):  # log(0) is -inf, which the clamp turns into -100
        log_yes = np.maximum(np.log(yhat), LOG_FLOOR)
        log_no = np.maximum(np.log(np.float32(1.0) - yhat), LOG_FLOOR)
    return -float(np.mean(y * log_yes + (1.0 - y) * log_no, dtype=np.float64))


def bce_of_logits(z: Real, y: Real) -> float:
    """Binary cross-entropy of yhat = sigmoid(z), as in `torch.nn.BCEWithLogitsLoss`.

    ``mean(softplus(z) - y z)``: equal to `bce` without its clamp, so it is convex in z, as a search
    for the lowest loss requires. The loss of a net is `bce`, which the lecture uses.

    Parameters
    ----------
    z, y : ndarray of shape (n,), float32 or float64
        y within [0, 1].
    """
    return float(np.mean(np.logaddexp(0.0, z) - y * z, dtype=np.float64))


def mse(yhat: Real, y: Real) -> float:
    """Mean squared error, ``mean((yhat - y)^2)``; yhat and y of shape (n,)."""
    return float(np.mean(np.square(yhat - y, dtype=np.float64)))


def loss(vector: ArrayLike, x: Array, y: Array, net: Architecture = LECTURE) -> float:
    """The loss of a net: BCE or MSE, see `Architecture`.

    Parameters
    ----------
    vector : array-like of shape (net.size,)
    x, y : ndarray of shape (n,), float32
    net : Architecture
    """
    fitted = yhat(from_vector(vector, net.bias1), x, net)
    return bce(fitted, y) if net.loss == "bce" else mse(fitted, y)
