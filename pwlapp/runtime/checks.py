"""Numbers that come from outside: each function returns the value, or says what is allowed.

The types are as strict as the ranges, because a forged request can hold anything: a bool is not a
number here, nor is text. (What a student types is read by the user interface.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

from pwlapp.core.net import MAX_PARAM
from pwlapp.core.training import MAX_LR, MAX_SEED, Device
from pwlapp.errors import UserError
from pwlapp.runtime.session import unknown_session
from pwlapp.runtime.store import is_sid


class Limits(NamedTuple):
    """The largest values that are taken."""

    max_epochs: int
    max_lr: float = MAX_LR
    max_seed: int = MAX_SEED
    max_param: float = MAX_PARAM


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


def learning_rate(value: object) -> float:
    """Adam's learning rate, positive and at most `MAX_LR`."""
    # Comparing before converting: an int with a thousand digits has no float, and NaN fails here.
    if not _is_number(value) or not 0 < value <= MAX_LR or not float(value) > 0:
        raise UserError("bad_lr", max=MAX_LR)
    return float(value)


def seed(value: object) -> int:
    """Seed of the initial weights, from 0 to `MAX_SEED`."""
    if not _is_int(value) or not 0 <= value <= MAX_SEED:
        raise UserError("bad_seed", max=MAX_SEED)
    return value


def params(values: object, size: int) -> list[float]:
    """The net's `size` parameters, each at most `MAX_PARAM` in size."""
    if not isinstance(values, list | tuple) or len(values) != size:
        raise UserError("bad_params", max=MAX_PARAM)
    if not all(_is_number(value) and -MAX_PARAM <= value <= MAX_PARAM for value in values):
        raise UserError("bad_params", max=MAX_PARAM)
    return [float(value) for value in values]


def device(value: object, known: Sequence[Device]) -> str:
    """The id of one of the `known` devices."""
    if not isinstance(value, str) or value not in {device.id for device in known}:
        raise UserError("bad_device", name=_shown(value))
    return value


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """A name short enough for a message; nothing but text has one."""
    return value[:40] if isinstance(value, str) else ""
