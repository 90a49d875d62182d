"""JSON responses, and the table from error codes to HTTP statuses."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response

from pwlapp.errors import UserError

# All other codes are 422: the request is wrong.
STATUS = {
    "bad_request": 400,
    "busy": 429,
    "data_unknown": 404,
    "not_ready": 503,
    "session_unknown": 404,
    "storage_failed": 503,
    "too_big": 413,
    "worker_lost": 503,
}


def to_text(content: Any) -> str:
    """Compact JSON. Raises ValueError for NaN and infinities."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def answer(content: Any, status: int = 200) -> Response:
    """A JSON response that may not be cached."""
    return answer_text(to_text(content), status)


def answer_text(text: str, status: int = 200, cache: str = "no-store") -> Response:
    """A response of JSON text; `cache` is its Cache-Control."""
    headers = {"Cache-Control": cache}
    return Response(text, status_code=status, media_type="application/json", headers=headers)


def refusal(error: UserError) -> Response:
    """The response to a refused request: the error's code and arguments."""
    return answer({"error": error.to_json()}, STATUS.get(error.code, 422))
