"""The parameters of a session's net, for what the page does not get with every frame.

A wide net's frames carry its curve (see `drawing`); its units are looked at when the run rests.
"""

from __future__ import annotations

from typing import Any

from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.snapshot import json_numbers


async def params(service: SessionService, sid: str, body: dict[str, Any]) -> dict[str, Any]:
    """The net as it stands.

    Parameters
    ----------
    service : SessionService
    sid : str
    body : dict
        Empty: there is nothing to choose.

    Returns
    -------
    dict
        ``epoch`` and ``version`` of the session, and ``params`` in the order of `net.to_vector`,
        with nine digits, from which float32 comes back to the last bit; null where one is not
        finite.

    Raises
    ------
    UserError
        ``bad_request``; ``session_unknown``.
    """
    if body:
        raise UserError("bad_request")
    state = await service.state(sid)
    return {
        "epoch": state.train.epoch,
        "version": state.version,
        "params": json_numbers(state.train.params),
    }
