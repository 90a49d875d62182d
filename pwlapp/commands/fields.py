"""The field types of commands' bodies; each raises its own `UserError` for a bad value.

The types are strict, because a forged request can hold anything: neither a bool nor text is
accepted as a number. What a student types is converted by the user interface.
"""

from __future__ import annotations

import math
import sys
from dataclasses import fields
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from pwlapp.core.data.points import MAX_HELD_OUT
from pwlapp.core.net import LECTURE, MAX_PARAM, Architecture
from pwlapp.core.optimizers import OPTIMIZERS, OptimizerOptions
from pwlapp.core.state import MAX_SEED
from pwlapp.errors import Arg, UserError


class Body(BaseModel):
    """Base class of commands' bodies; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _absent_is_null(cls, values: Any) -> Any:
        """Set missing required fields to None, so that the field's type raises its own error."""
        if not isinstance(values, dict):
            return values
        needed = (name for name, field in cls.model_fields.items() if field.is_required())
        return dict.fromkeys(needed) | values


class Empty(Body):
    """The body of a command without fields."""

    model_config = ConfigDict(extra="forbid")


def reason(wrong: ValidationError) -> UserError | None:
    """The `UserError` that the first wrong field raised, if it raised one."""
    cause = wrong.errors(include_url=False)[0].get("ctx", {}).get("error")
    return cause if isinstance(cause, UserError) else None


def refused(code: str, **args: Arg) -> WrapValidator:
    """Make a validator for ``Annotated`` that raises ``UserError(code, **args)`` for a bad value.

    If a nested type has raised a `UserError`, that one is raised instead.
    """

    def check(value: Any, take: ValidatorFunctionWrapHandler) -> Any:
        try:
            return take(value)
        except ValidationError as wrong:
            raise reason(wrong) or UserError(code, **args) from None

    return WrapValidator(check)


def read_epochs(value: object, info: ValidationInfo) -> int:
    """Read a number of epochs; ``info.context`` is the service, which has the limit.

    Raises ``bad_epochs`` (min, max).
    """
    service: Any = info.context
    if type(value) is not int or not 1 <= value <= service.max_epochs:
        raise UserError("bad_epochs", min=1, max=service.max_epochs)
    return value


def read_net(value: object) -> Architecture:
    """Read a net in the form of a snapshot: ``{h, bias1, activation, loss}``, all optional.

    Raises
    ------
    UserError
        ``bad_architecture``, ``bad_hidden`` (min, max)
    """
    if not isinstance(value, dict) or not set(value) <= set(vars(LECTURE)):
        raise UserError("bad_architecture")
    net: dict[str, Any] = vars(LECTURE) | value
    if type(net["bias1"]) is not bool:
        raise UserError("bad_architecture")
    if type(net["h"]) is not int:
        net["h"] = 0  # raises bad_hidden below
    return Architecture(**net)


def read_optimizer(value: object) -> OptimizerOptions:
    """Read an optimizer: its ``kind``, and optional hyperparameters by name.

    Raises
    ------
    UserError
        ``bad_lr`` (max), ``bad_momentum``, ``bad_optimizer``
    """
    named: dict[str, Any] = value if isinstance(value, dict) else {}
    for kind, made in OPTIMIZERS.items():
        if named.get("kind") == kind:
            names = [field.name for field in fields(made) if field.name in named]
            return made(**{name: _number(named[name]) for name in names})
    raise UserError("bad_optimizer")


def _number(value: Any) -> float:
    """A float; for anything else NaN, which every range check refuses."""
    is_number = type(value) in (int, float) and abs(value) <= sys.float_info.max
    return float(value) if is_number else math.nan


Seed: TypeAlias = Annotated[
    int, Field(strict=True, ge=0, le=MAX_SEED), refused("bad_seed", max=MAX_SEED)
]
Epochs: TypeAlias = Annotated[int, PlainValidator(read_epochs)]
Net: TypeAlias = Annotated[Architecture, PlainValidator(read_net)]
Optimizer: TypeAlias = Annotated[OptimizerOptions, PlainValidator(read_optimizer)]
Engine: TypeAlias = Annotated[str, Field(strict=True, min_length=1), refused("bad_engine", name="")]
Param: TypeAlias = Annotated[
    float, Field(strict=True, ge=-MAX_PARAM, le=MAX_PARAM, allow_inf_nan=False)
]
Params: TypeAlias = Annotated[list[Param], refused("bad_params", max=MAX_PARAM)]
Share: TypeAlias = Annotated[
    float, Field(strict=True, ge=0, le=MAX_HELD_OUT), refused("bad_held_out")
]
