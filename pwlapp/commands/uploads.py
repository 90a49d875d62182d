"""The commands with points of a student's own: a CSV file, and points that move while in use."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from functools import partial
from typing import Any

from pwlapp.commands import session_data
from pwlapp.core.data.files import parse_encoded
from pwlapp.core.data.points import DataSpec, Points
from pwlapp.errors import UserError
from pwlapp.sessions import transitions, validation
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import SessionState
from pwlapp.sessions.transitions import Transition
from pwlapp.web.commands import Body

MAX_FILE = 5_000_000  # bytes; in base64 it still fits a command's body


async def upload(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """Start over on the points of a CSV file: ``name``, ``base64``, ``held_out``.

    Raises
    ------
    UserError
        ``bad_upload``, ``bad_held_out``, or what `files.parse_own` raises.
    """
    name, content = body.get("name"), body.get("base64")
    if not isinstance(name, str) or not isinstance(content, str):
        raise UserError("bad_upload")
    share = session_data.number(body.get("held_out", 0), "bad_held_out")
    spec = DataSpec("own", held_out=share)
    _check(content)
    x, prob, y = await service.runner.call(parse_encoded, content, MAX_FILE)
    label = name.strip()[-session_data.MAX_LABEL :] or "CSV"
    points = Points(x, prob, y, "own", label, spec)
    return {"snapshot": await session_data.start_over(service, sid, points, {})}


async def move_points(service: SessionService, sid: str, body: Body) -> dict[str, Any]:
    """Own points that are in use have moved: the net keeps its weights, and a run goes on.

    Raises
    ------
    UserError
        ``bad_data`` unless ``body["spec"]`` holds own points; ``needs_mse``; or what
        `session_data.use_data` raises.
    """
    spec = body.get("spec")
    if not isinstance(spec, dict) or spec.get("law") != "own":
        raise UserError("bad_data")
    points = await session_data.points_of_spec(service, spec)
    return {"snapshot": await service.apply(sid, partial(move_under, points=points), points)}


def move_under(state: SessionState, points: Points) -> Transition:
    """Other points under the same net; Adam's moments and the run stay, the loss curve begins anew.

    Raises
    ------
    UserError
        ``needs_mse`` if BCE makes no sense of the points.
    """
    if state.data_key == points.key:
        return None
    validation.net_for(state.train.net, points)
    if (adopted := transitions.adopt(state, points)) is None:
        return None
    after, frames = adopted
    return replace(after, run=state.run, notice=None), frames


def _check(content: str) -> None:
    """Refuse what is no base64 here, before a worker is troubled with it."""
    try:
        base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error):
        raise UserError("bad_upload") from None
