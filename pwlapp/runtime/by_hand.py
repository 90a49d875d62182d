"""The verbs ``edit`` and ``reset``: what buttons and sliders do, for a page that takes it back."""

from __future__ import annotations

from typing import Any

from pwlapp.runtime.commands import Body
from pwlapp.runtime.session_data import architecture
from pwlapp.runtime.trainer import Trainer


async def edit(trainer: Trainer, sid: str, body: Body) -> dict[str, Any]:
    """``{params}``: these weights take the place of the net's.

    Raises
    ------
    UserError
        As `Trainer.set_params` does.
    """
    return {"snapshot": await trainer.set_params(sid, body.get("params"))}


async def reset(trainer: Trainer, sid: str, body: Body) -> dict[str, Any]:
    """``{seed, net}``: back to epoch 0, at the initial weights of this seed.

    Raises
    ------
    UserError
        As `Trainer.reset` does.
    """
    net = architecture(body.get("net"))
    return {"snapshot": await trainer.reset(sid, body.get("seed"), net)}
