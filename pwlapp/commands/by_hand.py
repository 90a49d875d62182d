"""The verbs ``edit`` and ``reset``: what buttons and sliders do, for a page that takes it back."""

from __future__ import annotations

from typing import Any

from pwlapp.commands.session_data import architecture
from pwlapp.sessions.service import SessionService
from pwlapp.web.commands import Body


async def edit(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """``{params}``: these weights take the place of the net's.

    Raises
    ------
    UserError
        As `SessionService.set_params` does.
    """
    return {"snapshot": await service.set_params(sid, body.get("params"))}


async def reset(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """``{seed, net}``: back to epoch 0, at the initial weights of this seed.

    Raises
    ------
    UserError
        As `SessionService.reset` does.
    """
    net = architecture(body.get("net"))
    return {"snapshot": await service.reset(sid, body.get("seed"), net)}
