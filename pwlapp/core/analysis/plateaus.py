"""Plateaus: the lowest losses that a ReLU net without a first-layer bias can reach.

All of its units bend at x = 0, and each is on for one side only, by the sign of its W1. Whatever
the weights, the logit is therefore ``left * relu(-x) + right * relu(x) + b2``. To minimise the loss
over left, right and b2 is a convex problem: logistic regression for BCE, least squares for MSE. If
no unit is on for one of the sides, that side's term is missing, and training ends at the minimum of
the smaller problem: a plateau.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.net import Array, Loss, bce_of_logits, mse

MAX_STEPS = 60  # of Newton's method; 6 to 10 are enough unless the points are separable
RIDGE = 1e-12  # keeps the matrix invertible if a side has no points
TOLERANCE = 1e-13  # stop when a step lowers the loss by less
MIN_GAIN = 0.05  # the second side matters if it brings this share of the whole drop of the loss
MARGIN = 0.02  # share of the second side's gain by which a loss must be lower than one side's

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Plateaus:
    """The infimum of the loss for each choice of the sides that have units.

    Attributes
    ----------
    flat : float
        No units: yhat is the same everywhere.
    left, right : float
        All units are on for x < 0, or all for x > 0.
    both : float
        Each side has at least one unit.
    line : tuple of float
        The minimum for both sides: the logit's slope for x < 0, its slope for x > 0, and b2. For
        separable points there is no minimum, since larger slopes are always better; the loss of
        this line is then almost 0.
    """

    flat: float
    left: float
    right: float
    both: float
    line: tuple[float, float, float]

    @property
    def bent_below(self) -> float | None:
        """A net bends on both sides if its loss is below this threshold.

        It is the lowest loss of one side alone, less a margin. None if the second side hardly
        lowers the loss. Explore and the board of a class count bent nets with it.
        """
        one_sided = min(self.left, self.right)
        gain = one_sided - self.both
        if self.flat <= self.both or gain <= MIN_GAIN * (self.flat - self.both):
            return None
        return one_sided - MARGIN * gain


def plateaus(x: Array, y: Array, loss: Loss) -> Plateaus:
    """Compute the plateaus of a ReLU net without first-layer bias on some data.

    Parameters
    ----------
    x, y : ndarray of shape (n,), float32
        For BCE, y within [0, 1]; n > 0.
    loss : {"bce", "mse"}

    Raises
    ------
    ValueError
        If there are no points.
    """
    if x.size == 0:
        raise ValueError("no points, expected at least 1")
    wide, target = x.astype(np.float64), y.astype(np.float64)
    scale = max(float(np.abs(wide).max()), np.finfo(np.float32).tiny)
    left, right = np.maximum(-wide, 0) / scale, np.maximum(wide, 0) / scale
    best = lowest_bce if loss == "bce" else lowest_mse
    ones = np.ones_like(wide)
    both, (w_left, w_right, b2) = best(np.stack([left, right, ones], axis=1), target)
    return Plateaus(
        flat=best(np.stack([ones], axis=1), target)[0],
        left=best(np.stack([left, ones], axis=1), target)[0],
        right=best(np.stack([right, ones], axis=1), target)[0],
        both=both,
        line=(float(-w_left / scale), float(w_right / scale), float(b2)),
    )


def lowest_mse(features: Matrix, y: Matrix) -> tuple[float, Matrix]:
    """Least squares: the lowest ``mean((features w - y)^2)``, and w; shapes (n, k) and (n,)."""
    w = np.linalg.lstsq(features, y, rcond=None)[0].astype(np.float64)
    return mse(features @ w, y), w


def lowest_bce(features: Matrix, y: Matrix) -> tuple[float, Matrix]:
    """Logistic regression by Newton's method: the lowest mean cross-entropy of ``features w``.

    Iteratively reweighted least squares (Hastie, Tibshirani, Friedman: The Elements of Statistical
    Learning, 4.4.1), each step halved until it lowers the loss. Separable points have no best w;
    the loss then approaches 0.

    Parameters
    ----------
    features : ndarray of shape (n, k), float64
        With entries of about 1.
    y : ndarray of shape (n,), float64
        Within [0, 1].

    Returns
    -------
    loss : float
    w : ndarray of shape (k,), float64
    """
    n, k = features.shape
    w = np.zeros(k)
    loss = float(np.log(2.0))  # at w = 0
    for _ in range(MAX_STEPS):
        z = features @ w  # (n, k) @ (k,) -> (n,)
        p = 0.5 * (1.0 + np.tanh(0.5 * z))  # the sigmoid, without overflow
        gradient = features.T @ (p - y) / n
        hessian = (features.T * (p * (1.0 - p))) @ features / n + RIDGE * np.eye(k)
        step = np.linalg.solve(hessian, gradient)
        before, size = loss, 1.0
        while size > RIDGE and (loss := bce_of_logits(features @ (w - size * step), y)) > before:
            size /= 2
        if loss > before - TOLERANCE:
            return before, w
        w = w - size * step
    return loss, w
