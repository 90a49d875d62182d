"""Points to fit, and which of them are held out for testing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pwlapp.core.net import Array, Loss, bce
from pwlapp.errors import UserError

MAX_X = 1_000_000  # largest |x| and |y|: larger numbers could overflow in float32
MIN_POINTS, MAX_POINTS = 2, 10_000  # limits of a dataset that a student draws or uploads
MAX_HELD_OUT = 0.9

Origin = Literal["lecture", "settings", "law", "own"]


@dataclass(frozen=True)
class DataSpec:
    """Which data a session uses. Data drawn from a law can be drawn again from it.

    Attributes
    ----------
    law : str
        ``"lecture"``: the server's default data, which a setting can replace by a file; ``"own"``:
        points that a student drew or uploaded; else a name in `datasets.LAWS`.
    n : int
        Number of points, 2 to `MAX_POINTS`; 0 for data that is not drawn from a law.
    noise : float
        0 or more; see `datasets.draw`.
    seed : int
    held_out : float
        Share of the points that is held out for testing; 0 to `MAX_HELD_OUT`.

    Raises
    ------
    UserError
        ``bad_data``, ``bad_held_out``.
    """

    law: str = "lecture"
    n: int = 0
    noise: float = 0.0
    seed: int = 0
    held_out: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.n <= MAX_POINTS and 0 <= self.noise <= MAX_X and 0 <= self.seed < 2**32):
            raise UserError("bad_data")
        if not 0 <= self.held_out <= MAX_HELD_OUT:
            raise UserError("bad_held_out")


DEFAULT_SPEC = DataSpec()


@dataclass(frozen=True, eq=False)
class Points:
    """Points to fit.

    Attributes
    ----------
    x : ndarray of shape (n,), float32
    prob : ndarray of shape (n,), float32, or None
        The truth: P(y = 1), or y without noise. None where it is unknown.
    y : ndarray of shape (n,), float32
        Within [0, 1], except for regression data.
    origin : {"lecture", "settings", "law", "own"}
        ``"lecture"``: built in; ``"settings"``: read from ``PWLAPP_DATA``; ``"law"``: drawn from a
        law of `datasets`; ``"own"``: drawn or uploaded by a student.
    label : str
        The name of the file or URL, if there is one.
    spec : DataSpec
    """

    x: Array
    prob: Array | None
    y: Array
    origin: Origin
    label: str = ""
    spec: DataSpec = DEFAULT_SPEC

    @cached_property
    def key(self) -> str:
        """The first 16 hexadecimal digits of a SHA-256 of the points and their spec.

        The default spec is left out, so that the same points have the same key on each server.
        """
        digest = hashlib.sha256()
        for column in (self.x, self.prob, self.y):
            digest.update(b"?" if column is None else column.astype("<f4").tobytes())
        if self.spec != DEFAULT_SPEC:
            digest.update(json.dumps([asdict(self.spec), self.label]).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def true_loss(self) -> float | None:
        """Binary cross-entropy of prob: the loss of a net whose yhat is the true probability.

        None if prob is unknown or y is not within [0, 1].
        """
        return None if self.prob is None or not self.is_binary else bce(self.prob, self.y)

    @cached_property
    def is_binary(self) -> bool:
        """Whether y lies within [0, 1], so that a sigmoid and BCE make sense."""
        return bool((self.y >= 0).all() and (self.y <= 1).all())

    def check_loss(self, loss: Loss) -> None:
        """Raise ``needs_mse`` if the loss is BCE and y is not within [0, 1]."""
        if loss == "bce" and not self.is_binary:
            raise UserError("needs_mse")

    @cached_property
    def testing_rows(self) -> NDArray[np.int64]:
        """Indices of the held-out points, ascending; they depend only on n and the share.

        The outermost points are never held out: a net's curve is drawn over its training points.
        """
        n = self.x.size
        k = min(round(self.spec.held_out * n), n - 2)
        if k <= 0:
            return np.zeros(0, dtype=np.int64)
        ends = (self.x.argmin(), self.x.argmax())
        inner = np.setdiff1d(np.arange(n), ends)
        return np.sort(np.random.default_rng(n).permutation(inner)[:k]).astype(np.int64)

    @cached_property
    def training(self) -> tuple[Array, Array]:
        """X and y of the points that a net is trained on, each of shape (n - held out,)."""
        if not self.testing_rows.size:
            return self.x, self.y
        return np.delete(self.x, self.testing_rows), np.delete(self.y, self.testing_rows)

    @cached_property
    def testing(self) -> tuple[Array, Array] | None:
        """X and y of the held-out points; None if there are none."""
        rows = self.testing_rows
        return (self.x[rows], self.y[rows]) if rows.size else None

    def holding_out(self, share: float) -> Points:
        """The same points with another share held out. Raises ``bad_held_out``."""
        return replace(self, spec=replace(self.spec, held_out=share))
