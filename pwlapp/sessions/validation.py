"""Values that come from outside: each function returns the value, or says what is allowed.

The types are as strict as the ranges, because a forged request can hold anything: a bool is not a
number here, nor is text. (What a student types is read by the user interface.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

from pwlapp.core.data.points import Points
from pwlapp.core.engines import AUTO, EngineInfo
from pwlapp.core.net import MAX_HIDDEN, MAX_PARAM, Architecture
from pwlapp.core.optimizers import MAX_LR, AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import MAX_SEED
from pwlapp.errors import UserError
from pwlapp.sessions.frames import PLAIN_HIDDEN, is_wide
from pwlapp.sessions.state import unknown_session
from pwlapp.sessions.stores.protocol import is_sid


class Limits(NamedTuple):
    """The largest values that are taken."""

    max_epochs: int
    max_running: int = 2000  # runs at the same time
    max_lr: float = MAX_LR
    max_seed: int = MAX_SEED
    max_param: float = MAX_PARAM
    max_hidden: int = MAX_HIDDEN


def session_id(value: object) -> str:
    """An id, known or not. Raises UnknownSession."""
    if not isinstance(value, str) or not is_sid(value):
        raise unknown_session()
    return value


def epochs(value: object, max_epochs: int) -> int:
    """Number of epochs of a run, from 1 to `max_epochs`."""
    if not _is_int(value) or not 1 <= value <= max_epochs:
        raise UserError("bad_epochs", min=1, max=max_epochs)
    return value


def optimizer(value: object) -> OptimizerOptions:
    """Hyperparameters, which have checked their own ranges when they were made."""
    if not isinstance(value, AdamOptions | SgdOptions):
        raise UserError("bad_optimizer")
    if not all(_is_number(number) for number in vars(value).values()):
        raise UserError("bad_optimizer")
    return value


def architecture(value: object) -> Architecture:
    """What a net looks like; it has checked its own ranges when it was made."""
    if not isinstance(value, Architecture) or not isinstance(value.bias1, bool):
        raise UserError("bad_architecture")
    if not _is_int(value.h):
        raise UserError("bad_hidden", min=1, max=MAX_HIDDEN)
    return value


def net_for(net: Architecture, points: Points) -> Architecture:
    """The net, if these data can train it: BCE needs a y within [0, 1]. Raises ``needs_mse``."""
    if net.loss == "bce" and not points.is_binary:
        raise UserError("needs_mse")
    return net


def seed(value: object) -> int:
    """Seed of the initial weights, from 0 to `MAX_SEED`."""
    if not _is_int(value) or not 0 <= value <= MAX_SEED:
        raise UserError("bad_seed", max=MAX_SEED)
    return value


def params(values: object, net: Architecture) -> list[float]:
    """The net's parameters, each at most `MAX_PARAM` in size; only of a net that is not wide."""
    if is_wide(net):
        raise UserError("too_wide", max=PLAIN_HIDDEN)
    if not isinstance(values, list | tuple) or len(values) != net.size:
        raise UserError("bad_params", max=MAX_PARAM)
    if not all(_is_number(value) and -MAX_PARAM <= value <= MAX_PARAM for value in values):
        raise UserError("bad_params", max=MAX_PARAM)
    return [float(value) for value in values]


def engine(value: object, known: Sequence[EngineInfo]) -> str:
    """``"auto"``, or the id of one of the `known` engines."""
    if not isinstance(value, str) or value not in {AUTO, *(engine.id for engine in known)}:
        raise UserError("bad_engine", name=_shown(value))
    return value


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """A name short enough for a message; nothing but text has one."""
    return value[:40] if isinstance(value, str) else ""
