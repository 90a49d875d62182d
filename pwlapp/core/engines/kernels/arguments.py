"""What the loops take besides arrays: a net with its optimizer, and working memory."""

from __future__ import annotations

from typing import Any, NamedTuple

BLOCK = 256  # points per block of sigmoid units: 2 MB of activations at 2,048 units


class Setting(NamedTuple):
    """A net and its optimizer as plain numbers; flags are 0 or 1.

    Attributes
    ----------
    h, bias1, sigmoid, mse : int
        See `net.Architecture`.
    sgd : int
        1: gradient descent with momentum; 0: Adam.
    lr, beta1, beta2, eps, weight_decay : float
        For SGD, ``beta1`` is the momentum.
    optimizer_epoch : int
        The epoch at which the optimizer was created.
    """

    h: int
    bias1: int
    sigmoid: int
    mse: int
    sgd: int
    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    optimizer_epoch: int


class Scratch(NamedTuple):
    """Working memory of an epoch, allocated once per run.

    Attributes
    ----------
    position : ndarray of shape (h,), int64
        Index of the first point right of each ReLU's bend. The unit is on for the points from there
        if W1 >= 0, and for the points before if W1 < 0.
    order : ndarray of shape (h,), int64
        The units sorted by position, and by number where positions are equal. Sums are added in
        this order, so that the slicing of a run does not change them.
    before_r, before_rx : ndarray of shape (h,), float64
        Sums of ``yhat - y`` and ``(yhat - y) x`` over the points before a unit's position.
    gradient : ndarray of shape (k,), float32
    activations : ndarray of shape (h, BLOCK), float32
        Values of the sigmoid units at one block of points.
    block : ndarray of shape (2, BLOCK), float32
        Logits and residuals of one block of points.
    sums : ndarray of shape (3, h), float64
        For each sigmoid unit ``sum r v``, ``sum r v (1 - v) x`` and ``sum r v (1 - v)``.
    """

    position: Any
    order: Any
    before_r: Any
    before_rx: Any
    gradient: Any
    activations: Any
    block: Any
    sums: Any
