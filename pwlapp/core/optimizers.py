"""Hyperparameters of the optimizers and their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pwlapp.errors import UserError

MAX_LR = 1000.0
MAX_SIZE = 1e6  # of eps and of the weight decay


@dataclass(frozen=True)
class AdamOptions:
    """Adam's hyperparameters; the defaults are those of `torch.optim.Adam`.

    Attributes
    ----------
    lr : float
        Learning rate, above 0 and at most `MAX_LR`.
    beta1, beta2 : float
        Decay of the running means of the gradient and of its square; within [0, 1).
    eps : float
        Added to the denominator; at least 0.
    weight_decay : float
        L2 penalty: this multiple of each parameter is added to its gradient; at least 0.

    Raises
    ------
    UserError
        ``bad_lr`` (max), ``bad_optimizer``.
    """

    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_lr(self.lr)
        shares, sizes = (self.beta1, self.beta2), (self.eps, self.weight_decay)
        if not all(0.0 <= share < 1.0 for share in shares):
            raise UserError("bad_optimizer")
        if not all(0.0 <= size <= MAX_SIZE for size in sizes):
            raise UserError("bad_optimizer")


@dataclass(frozen=True)
class SgdOptions:
    """Hyperparameters of gradient descent with momentum; see `torch.optim.SGD`.

    Attributes
    ----------
    lr : float
        Learning rate, above 0 and at most `MAX_LR`.
    momentum : float
        Factor of the previous step that is added to the next; within [0, 1).
    weight_decay : float
        L2 penalty, as in `AdamOptions`.

    Raises
    ------
    UserError
        ``bad_lr`` (max), ``bad_momentum``, ``bad_optimizer``.
    """

    lr: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_lr(self.lr)
        if not 0.0 <= self.momentum < 1.0:
            raise UserError("bad_momentum")
        if not 0.0 <= self.weight_decay <= MAX_SIZE:
            raise UserError("bad_optimizer")


OptimizerOptions: TypeAlias = AdamOptions | SgdOptions
OPTIMIZERS: dict[str, type[AdamOptions] | type[SgdOptions]] = {
    "adam": AdamOptions,
    "sgd": SgdOptions,
}


def _check_lr(lr: float) -> None:
    if not 0.0 < lr <= MAX_LR:
        raise UserError("bad_lr", max=MAX_LR)
