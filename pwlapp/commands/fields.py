"""The fields of commands: each type reads one value of a request, or raises its `UserError`.

The types are strict, because a forged request can hold anything: a bool is no number here, nor is
text.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo, model_validator

from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions import validation

LARGEST = sys.float_info.max


class Body(BaseModel):
    """A command's body; fields that a command does not know are ignored."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _absent_is_null(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A field that is not there is refused by its type, as null is."""
        needed = (name for name, field in cls.model_fields.items() if field.is_required())
        return dict.fromkeys(needed) | values


class Empty(Body):
    """The body of a command that takes nothing."""

    model_config = ConfigDict(extra="forbid")


def read_net(value: object) -> Architecture:
    """A net as a snapshot describes it: ``{h, bias1, activation, loss}``, each with its default.

    Raises
    ------
    UserError
        ``bad_architecture``, ``bad_hidden`` (min, max)
    """
    if not isinstance(value, dict) or not set(value) <= set(vars(Architecture())):
        raise UserError("bad_architecture")
    net: dict[str, Any] = vars(Architecture()) | value
    if type(net["h"]) is not int or type(net["bias1"]) is not bool:
        raise UserError("bad_architecture")
    if not isinstance(net["activation"], str) or not isinstance(net["loss"], str):
        raise UserError("bad_architecture")
    return Architecture(**net)


def read_optimizer(value: object) -> OptimizerOptions:
    """An optimizer as a snapshot describes it: ``{kind, lr}``, with ``momentum`` for SGD.

    Raises
    ------
    UserError
        ``bad_lr``, ``bad_momentum``, ``bad_optimizer``
    """
    if not isinstance(value, Mapping):
        raise UserError("bad_optimizer")
    lr: Any = value.get("lr")
    momentum: Any = value.get("momentum", 0.0)
    if not all(type(number) in (int, float) for number in (lr, momentum)):
        raise UserError("bad_optimizer")
    if value.get("kind") == "adam":
        return AdamOptions(lr=lr)
    if value.get("kind") == "sgd":
        return SgdOptions(lr=lr, momentum=momentum)
    raise UserError("bad_optimizer")


def read_epochs(value: object, info: ValidationInfo) -> int:
    """Number of epochs; ``info.context`` is the server's `Limits`. Raises ``bad_epochs``."""
    limits: Any = info.context
    return validation.epochs(value, limits.max_epochs)


def read_float(value: object, code: str) -> float:
    """A real number that a float can hold, or ``UserError(code)``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
        raise UserError(code)
    return float(value)


def read_share(value: object) -> float:
    """A share of points to hold out; the data check its range. Raises ``bad_held_out``."""
    return read_float(value, "bad_held_out")


def read_spec(value: object) -> dict[str, Any]:
    """A description of data, see `data.points_of_spec`. Raises ``bad_data``."""
    if not isinstance(value, dict) or not isinstance(value.get("law"), str):
        raise UserError("bad_data")
    return value


Seed: TypeAlias = Annotated[int, PlainValidator(validation.seed)]
Net: TypeAlias = Annotated[Architecture, PlainValidator(read_net)]
Optimizer: TypeAlias = Annotated[OptimizerOptions, PlainValidator(read_optimizer)]
Epochs: TypeAlias = Annotated[int, PlainValidator(read_epochs)]
Share: TypeAlias = Annotated[float, PlainValidator(read_share)]
Spec: TypeAlias = Annotated[dict[str, Any], PlainValidator(read_spec)]
