"""Typed text -> numbers: what a student writes in a field, or what a forged request holds.

Each function either returns a value that the service takes, or raises
:class:`~pwlapp.errors.UserError` with a code that the browser translates.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from pwlapp.core.net import MAX_HIDDEN, Architecture
from pwlapp.core.optimizers import MAX_LR, AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import MAX_SEED
from pwlapp.errors import UserError

# 5,000 but not 1,5: half of the world would mean one and a half by that.
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(,\d{3})+(?![\d,])", re.ASCII)

# Short decimals and fractions of them. The bound on the exponent matters: Fraction("1e999999999")
# would fill the memory before any range check could refuse it.
_NUMBER = re.compile(
    r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII
)


def number(value: Any) -> Fraction | None:
    """Read a number from typed text such as ``5,000``, ``1e-3`` or ``1/3``; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    written = str(value).strip().replace("−", "-").replace(" ", "")
    written = _THOUSANDS.sub(lambda digits: digits[0].replace(",", ""), written)
    above, slash, below = written.partition("/")
    parts = [above, below] if slash else [above]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    if slash and Fraction(below) == 0:
        return None
    return Fraction(above) / Fraction(below) if slash else Fraction(above)


def whole_number(value: Any, code: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`, or ``UserError(code, min=low, max=high)``."""
    found = number(value)
    if found is None or found.denominator != 1 or not low <= found <= high:
        raise UserError(code, min=low, max=high)
    return int(found)


def learning_rate(value: Any) -> float:
    """A positive learning rate, or ``UserError("bad_lr")``."""
    found = number(value)
    rate = float(found) if found is not None else 0.0
    if not 0 < rate <= MAX_LR:
        raise UserError("bad_lr", max=MAX_LR)
    return rate


def momentum(value: Any) -> float:
    """Read how much of the last step SGD keeps; its range is checked where SGD is made."""
    found = number(value)
    if found is None:
        raise UserError("bad_momentum")
    return float(found)


class NetFields(NamedTuple):
    """What stands in the fields of the net."""

    hidden: Any
    bias1: Any  # the values of a checklist
    activation: Any
    loss: Any


class OptimizerFields(NamedTuple):
    """What stands in the fields of the optimizer."""

    kind: Any
    lr: Any
    momentum: Any


def architecture(fields: NetFields) -> Architecture:
    """The net that the fields describe, or ``UserError``: ``bad_hidden``, ``bad_architecture``."""
    hidden, bias1, activation, loss = fields
    h = whole_number(hidden, "bad_hidden", 1, MAX_HIDDEN)
    if bias1 not in ([], None, ["bias1"]) or not isinstance(activation, str):
        raise UserError("bad_architecture")
    if not isinstance(loss, str):
        raise UserError("bad_architecture")
    return Architecture(h, bool(bias1), activation, loss)  # type: ignore[arg-type]  # it checks


def optimizer(fields: OptimizerFields) -> OptimizerOptions:
    """The optimizer that the fields describe.

    Raises
    ------
    UserError
        ``bad_lr`` (max), ``bad_momentum``, ``bad_optimizer``. A momentum that is not asked for is
        not looked at.
    """
    kind, lr, share = fields
    if kind == "adam":
        return AdamOptions(lr=learning_rate(lr))
    if kind == "sgd":
        return SgdOptions(lr=learning_rate(lr), momentum=momentum(share))
    raise UserError("bad_optimizer")


def engine(value: Any) -> str:
    """The name of an engine, or ``UserError("bad_engine")``; the service knows which there are."""
    if not isinstance(value, str):
        raise UserError("bad_engine", name="")
    return value


def seed(value: Any) -> int:
    """A seed that torch takes, or ``UserError("bad_seed")``."""
    return whole_number(value, "bad_seed", 0, MAX_SEED)


def session_id(session: Any) -> str:
    """The id in the session store's data, or ``UserError("session_unknown")``."""
    sid = session.get("sid") if isinstance(session, dict) else None
    if not isinstance(sid, str):
        raise UserError("session_unknown")
    return sid
