"""Routes for monitoring: liveness, readiness and metrics."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from pwlapp.errors import UserError
from pwlapp.metrics import CONTENT_TYPE
from pwlapp.report import Counts
from pwlapp.sessions.service import SessionService
from pwlapp.web.http.json_answers import bearer

PATHS = ("/healthz", "/readyz", "/metrics")
ANSWER_S = 3.0  # a store that does not answer counts as down; probes time out after 5 s or more
_FRESH = {"Cache-Control": "no-store"}


def routes(service: SessionService, metrics_token: str) -> APIRouter:
    """The routes ``/healthz``, ``/readyz`` and ``/metrics``.

    ``/metrics`` needs the bearer token `metrics_token`; if that is empty, ``/metrics`` is off.
    """
    router = APIRouter()

    async def healthz() -> Response:
        return PlainTextResponse("ok", headers=_FRESH)

    async def readyz() -> Response:
        try:
            async with asyncio.timeout(ANSWER_S):
                health = await service.health()
        except TimeoutError:
            unknown = {"store": False, "data": None, "workers": None}
            return JSONResponse(unknown, status_code=503, headers=_FRESH)
        status = 200 if all(health) else 503
        return JSONResponse(health._asdict(), status_code=status, headers=_FRESH)

    async def metrics(request: Request) -> Response:
        if not metrics_token:
            return PlainTextResponse("off", status_code=404, headers=_FRESH)
        if not hmac.compare_digest(bearer(request).encode(), metrics_token.encode()):
            headers = {**_FRESH, "WWW-Authenticate": "Bearer"}
            return PlainTextResponse("no such token", status_code=401, headers=headers)
        counts = await _counts(service)
        body = service.metrics.exposition(counts)
        return Response(body, headers={**_FRESH, "Content-Type": CONTENT_TYPE})

    endpoints: tuple[Callable[..., Any], ...] = (healthz, readyz, metrics)
    for path, endpoint in zip(PATHS, endpoints, strict=True):
        router.add_api_route(path, endpoint, response_model=None)
    return router


async def _counts(service: SessionService) -> Counts | None:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await service.counts()
    except (UserError, TimeoutError):
        return None
