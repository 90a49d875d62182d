"""Commands to a session's net: start over, train, one epoch, set weights, undo, redo."""

from __future__ import annotations

from typing import Any

from pwlapp.commands.fields import Body, Empty, Epochs, Net, Optimizer, Seed
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers


class Begin(Body):
    """Start over with this seed, net and optimizer, and train."""

    seed: Seed
    net: Net
    optimizer: Optimizer
    epochs: Epochs


class Edit(Body):
    """Weights set by hand, in the order of `net.to_vector`."""

    params: Any = None  # how many there must be depends on the session's net


class Step(Body):
    """One epoch with this optimizer; None: the session's own."""

    optimizer: Optimizer | None = None


class Reset(Body):
    """Back to epoch 0, at the initial weights of this seed; None: the session's own."""

    net: Net
    seed: Seed | None = None


async def begin(service: SessionService, sid: str, body: Begin) -> dict[str, Any]:
    """See `SessionService.begin_run`."""
    return {
        "snapshot": await service.begin_run(sid, body.seed, body.net, body.optimizer, body.epochs)
    }


async def edit(service: SessionService, sid: str, body: Edit) -> dict[str, Any]:
    """See `SessionService.set_params`."""
    return {"snapshot": await service.set_params(sid, body.params)}


async def step(service: SessionService, sid: str, body: Step) -> dict[str, Any]:
    """See `SessionService.step`."""
    optimizer = body.optimizer or (await service.state(sid)).optimizer
    return {"snapshot": await service.step(sid, optimizer)}


async def reset(service: SessionService, sid: str, body: Reset) -> dict[str, Any]:
    """See `SessionService.reset`."""
    return {"snapshot": await service.reset(sid, body.seed, body.net)}


async def undo(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """See `SessionService.undo`."""
    return {"snapshot": await service.undo(sid)}


async def redo(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """See `SessionService.redo`."""
    return {"snapshot": await service.redo(sid)}


async def params(service: SessionService, sid: str, _body: Empty) -> dict[str, Any]:
    """The net's parameters. Frames of a wide net have its curve in their place.

    Returns
    -------
    dict
        ``epoch`` and ``version`` of the session, and ``params`` in the order of `net.to_vector`,
        with nine digits, from which float32 comes back to the last bit; null where one is not
        finite.
    """
    state = await service.state(sid)
    return {
        "epoch": state.train.epoch,
        "version": state.version,
        "params": json_numbers(state.train.params),
    }
