"""Commands to a session as JSON: ``POST /session/<sid>/<command>``.

They are not Dash callbacks because the page waits for their answers, and because some have large
bodies: a drawing, a whole net, a file. Dash's renderer would keep a copy of each body.
"""

from __future__ import annotations

import contextlib

from fastapi import APIRouter, Request, Response

from pwlapp.commands.table import STREAMS, run, stream
from pwlapp.sessions.service import SessionService
from pwlapp.web.http.bodies import MAX_BYTES, read_json
from pwlapp.web.http.json_answers import RefusingRoute, answer, answer_lines
from pwlapp.web.http.rate_limits import HEAVY_COMMANDS, visitor

SMALL = 250_000  # bytes; enough for the parameters of the widest net
# Limits for commands with larger bodies: files, saved runs, and a student's own points.
LARGE = {
    "preview": MAX_BYTES,
    "restore": MAX_BYTES,
    "upload": MAX_BYTES,
    "move_points": 2_000_000,
    "use_data": 2_000_000,
}


def routes(service: SessionService) -> APIRouter:
    """The route."""
    router = APIRouter(route_class=RefusingRoute)

    @router.post("/session/{sid}/{name}")
    async def command(sid: str, name: str, request: Request) -> Response:
        visitor().command(sid, name)
        body = await read_json(request, LARGE.get(name, SMALL))
        if name in STREAMS:
            parts = stream(service, sid, name, body)
            return await answer_lines(visitor().computed(parts))
        with visitor().computing() if name in HEAVY_COMMANDS else contextlib.nullcontext():
            return answer(await run(service, sid, name, body))

    return router
