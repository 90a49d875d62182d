"""A ReLU net's logit, said piece by piece: where it bends, and the straight line between two bends.

However many units a net has, its logit is continuous and straight between its knots. Unit k bends
at ``x = -b1 / W1``; right of it (left of it, if W1 < 0) it adds ``W1 W2 x + b1 W2``. So each knot
that is passed from left to right changes the slope by ``|W1| W2`` and the intercept by
``sign(W1) b1 W2``, and the pieces are the running sums of these changes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.net import Params

SAME_SLOPE = 1e-9  # of the largest slope: a smaller change is no bend


class Pieces(NamedTuple):
    """A continuous piecewise linear function: ``slopes[i] * x + intercepts[i]``.

    Piece 0 lies left of ``knots[0]``, piece i between ``knots[i - 1]`` and ``knots[i]``, the last
    one right of all knots.

    Attributes
    ----------
    knots : ndarray of shape (k,), float64
        Ascending, each once.
    slopes, intercepts : ndarray of shape (k + 1,), float64
    """

    knots: NDArray[np.float64]
    slopes: NDArray[np.float64]
    intercepts: NDArray[np.float64]


def pieces(params: Params, low: float = -math.inf, high: float = math.inf) -> Pieces:
    """Describe the logit of a net of ReLUs between `low` and `high`.

    Units that share a knot make one bend of it, and a knot that changes the slope by less than
    `SAME_SLOPE` of the largest slope makes none. A unit with W1 = 0 bends nowhere: it adds
    ``relu(b1) W2`` everywhere.

    Parameters
    ----------
    params : Params
        Finite. Sums are made in float64, so that thousands of units cancel without loss.
    low, high : float
        The ends of the data; a knot at an end or outside of them is left out. low < high.

    Returns
    -------
    Pieces
        At least one piece.

    Raises
    ------
    ValueError
        If there is nothing between `low` and `high`.
    """
    if not low < high:
        raise ValueError(f"nothing between low={low} and high={high}")
    W1, W2 = params.W1.astype(np.float64), params.W2.astype(np.float64)
    b1 = np.zeros_like(W1) if params.b1 is None else params.b1.astype(np.float64)
    bends, leftmost = W1 != 0, W1 < 0  # which units bend, and which are on at x = -infinity

    knots, place = np.unique(_places(W1[bends], b1[bends]), return_inverse=True)
    steepens = np.bincount(place, (np.abs(W1) * W2)[bends], knots.size)
    lifts = np.bincount(place, (np.sign(W1) * b1 * W2)[bends], knots.size)

    flat = np.maximum(b1[~bends], 0.0) @ W2[~bends]
    first_slope = (W1 * W2)[leftmost].sum()
    first_intercept = params.b2 + flat + (b1 * W2)[leftmost].sum()
    slopes = first_slope + np.concatenate([[0.0], np.cumsum(steepens)])  # (k + 1,)
    intercepts = first_intercept + np.concatenate([[0.0], np.cumsum(lifts)])
    return _merged(_within(Pieces(knots, slopes, intercepts), low, high))


def _places(W1: NDArray[np.float64], b1: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where units bend; adding zero makes 0 of -0, which would be written with its sign."""
    return -b1 / W1 + 0.0


def _within(line: Pieces, low: float, high: float) -> Pieces:
    """Only what lies between `low` and `high`."""
    first, last = np.searchsorted(line.knots, low, "right"), np.searchsorted(line.knots, high)
    kept = slice(first, last + 1)
    return Pieces(line.knots[first:last], line.slopes[kept], line.intercepts[kept])


def _merged(line: Pieces) -> Pieces:
    """One piece of neighbours that have the same slope."""
    least = SAME_SLOPE * np.abs(line.slopes).max()
    bent = np.abs(np.diff(line.slopes)) > least  # (k,)
    begins = np.concatenate([[True], bent])  # (k + 1,)
    return Pieces(line.knots[bent], line.slopes[begins], line.intercepts[begins])
