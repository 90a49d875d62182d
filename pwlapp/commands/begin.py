"""The verb ``begin``: start over with another seed, net or optimizer, and train at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pwlapp.commands.session_data import architecture
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web.commands import Body


async def begin(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """``{seed, net, optimizer, epochs}``: the session starts over with these, and trains.

    Raises
    ------
    UserError
        As `SessionService.begin_run` does.
    """
    net, optimizer = architecture(body.get("net")), read_optimizer(body.get("optimizer"))
    return {
        "snapshot": await service.begin_run(
            sid, body.get("seed"), net, optimizer, body.get("epochs")
        )
    }


def read_optimizer(value: object) -> OptimizerOptions:
    """An optimizer as a snapshot describes it: ``{kind, lr}``, with ``momentum`` for SGD.

    Raises
    ------
    UserError
        ``bad_lr``, ``bad_momentum``, ``bad_optimizer``
    """
    if not isinstance(value, Mapping):
        raise UserError("bad_optimizer")
    lr, momentum = _number(value.get("lr")), _number(value.get("momentum", 0.0))
    if value.get("kind") == "adam":
        return AdamOptions(lr=lr)
    if value.get("kind") == "sgd":
        return SgdOptions(lr=lr, momentum=momentum)
    raise UserError("bad_optimizer")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError("bad_optimizer")
    return value
