"""Measures the time of commands, for the metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from pwlapp.metrics import Metrics
from pwlapp.ui import ids
from pwlapp.ui.sections.fit import CONTROLS
from pwlapp.web.http.guard import OUTPUT, PATH_END

STREAMS = re.compile("/stream/.*|/rooms/stream|/rooms/board")  # of sessions, seats, boards
OTHER = "other"
# Names of commands by the first input of their callback.
COMMANDS = {
    ids.CONSTRUCTION_PARAMS: "build",
    ids.TAB: "open",
    ids.EDIT: "edit",
    **{controls[0].component_id: name for name, (controls, _) in CONTROLS.items()},
}


class Timing:
    """ASGI middleware that times callbacks and counts open event streams.

    It belongs behind `guard.CallbackGuard`, which notes the callback of a request in its scope.
    `callbacks` is Dash's ``callback_map``, read at each request, since Dash fills it later.
    """

    def __init__(self, app: ASGIApp, callbacks: Mapping[str, Any], metrics: Metrics) -> None:
        self._app = app
        self._callbacks = callbacks
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif STREAMS.fullmatch(scope["path"]):
            with self._metrics.streaming():
                await self._app(scope, receive, send)
        elif scope["path"].endswith(PATH_END):
            await self._time(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _time(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = self._callbacks[scope[OUTPUT]]["inputs"][0]["id"]
        began = time.perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._metrics.answered(COMMANDS.get(first, OTHER), time.perf_counter() - began)
