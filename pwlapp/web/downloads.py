"""Downloads of a session, ``GET /export/<sid>/<kind>``, and QR codes, ``POST /qr``.

Each file has a URL of its own, because browsers inside messenger apps cannot save a file that a
script has made. The comments of a program are in the language of the page.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import numpy as np
from fastapi import APIRouter, Request, Response

from pwlapp.commands import saved
from pwlapp.commands.fields import Body
from pwlapp.core.export import notebooks, programs, qr
from pwlapp.core.export.checkpoint import state_dict_file
from pwlapp.core.export.file import File
from pwlapp.core.export.programs import Program
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.web import frame_table
from pwlapp.web.event_stream import list_of_texts
from pwlapp.web.http.bodies import read_json
from pwlapp.web.http.json_answers import RefusingRoute, attachment, to_text
from pwlapp.web.http.rate_limits import visitor

MAX_QR_BYTES = 16_000
MAX_BUILD = 2_000  # characters of the JSON with the state of Build
RUN_FORMAT = 1  # as in assets/share/run-file.ts
EXAMPLE = "x,y\n-1,0\n-0.6,0\n-0.4,1\n-0.2,1\n0,1\n0.3,1\n0.5,0\n0.7,1\n1,0\n"


Words: TypeAlias = Mapping[str, str]
Make: TypeAlias = Callable[[SessionService, str, Words], Awaitable[File]]


async def _program(service: SessionService, sid: str) -> Program:
    state = await service.state(sid)
    points = await service.points_of(state)
    return Program(state.seed, state.optimizer, state.train, points, state.by_recipe)


async def script(service: SessionService, sid: str, words: Words) -> File:
    """The run as a PyTorch script."""
    program = await _program(service, sid)
    text = programs.script(program, words)
    return File(f"{program.name}.py", "text/x-python; charset=utf-8", text)


async def notebook(service: SessionService, sid: str, words: Words) -> File:
    """The run as a Jupyter notebook."""
    program = await _program(service, sid)
    text = notebooks.notebook(program, words)
    return File(f"{program.name}.ipynb", "application/x-ipynb+json", text)


async def weights(service: SessionService, sid: str, _words: Words) -> File:
    """The weights as a ``state_dict``."""
    program = await _program(service, sid)
    train = program.train
    content = base64.b64decode(await service.runner.call(state_dict_file, train.params, train.net))
    return File(f"{program.name}.pt", "application/octet-stream", content)


async def frames(service: SessionService, sid: str, _words: Words) -> File:
    """The frames of the run as CSV."""
    program = await _program(service, sid)
    _, recorded = await service.state_and_frames(sid)
    rows = await asyncio.to_thread(frame_table.lines, recorded)
    head = ",".join(frame_table.columns(program.train.net, program.points))
    return File(f"{program.name}.csv", "text/csv; charset=utf-8", "\n".join([head, *rows, ""]))


async def data(service: SessionService, sid: str, _words: Words) -> File:
    """The points as CSV."""
    columns = programs.training(await service.points_of(await service.state(sid)))
    table = zip(*(values.tolist() for values in columns.values()), strict=True)
    lines = [",".join(str(np.float32(value)) for value in row) for row in table]
    text = "\n".join([",".join(columns), *lines, ""])
    return File(programs.DATA_FILE, "text/csv; charset=utf-8", text)


async def run(service: SessionService, sid: str, build: str) -> File:
    """The whole run as a file that the page can open; `build` is the state of Build as JSON.

    Raises
    ------
    UserError
        ``bad_request``
    """
    session = (await saved.save(service, sid, Body()))["saved"]
    _, rows = await service.read(sid)
    head = {
        "program": "pwlapp",
        "kind": "run",
        "format": RUN_FORMAT,
        "build": _json_object(build),
        "saved": session,
    }
    text = f'{to_text(head)[:-1]},"frames":{list_of_texts(rows)}}}'
    return File("pwlapp-run.json", "application/json", text)


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text) if len(text) <= MAX_BUILD else None
        to_text(value)  # refuses NaN, which is not JSON
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UserError("bad_request")
    return value


KINDS: dict[str, Make] = {
    "script": script,
    "notebook": notebook,
    "weights": weights,
    "frames": frames,
    "data": data,
}


def routes(service: SessionService, words: Callable[[], Words]) -> APIRouter:
    """The routes; `words` returns the catalogue in the language of the request."""
    router = APIRouter(route_class=RefusingRoute)

    @router.get("/export/points.csv")
    async def example() -> Response:
        return attachment(File("points.csv", "text/csv; charset=utf-8", EXAMPLE))

    @router.get("/export/{sid}/run")
    async def whole(sid: str, build: str = "") -> Response:
        visitor().command(sid, "export")
        with visitor().computing():
            return attachment(await run(service, sid, build))

    @router.get("/export/{sid}/{kind}")
    async def take(sid: str, kind: str) -> Response:
        if (make := KINDS.get(kind)) is None:
            raise UserError("bad_request")
        visitor().command(sid, "export")
        with visitor().computing():
            return attachment(await make(service, sid, words()))

    @router.post("/qr")
    async def code(request: Request) -> Response:
        body = await read_json(request, MAX_QR_BYTES)
        link = qr.check_link(body.get("text"))
        with visitor().computing():
            picture = await service.runner.call(qr.svg, link)
        headers = {"Cache-Control": "no-store"}
        return Response(picture, media_type="image/svg+xml", headers=headers)

    return router
