"""Sends malformed requests to the app in this process, and generates them with hypothesis."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

T = TypeVar("T")

EACH = {"max_examples": 25}
FEW = {"max_examples": 200}
MANY = {"max_examples": 350}
SAME_EACH_TIME: dict[str, Any] = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": [Phase.explicit, Phase.generate],  # no shrinking, which takes long
    "suppress_health_check": list(HealthCheck),
}

ANSWER_S = 20.0  # a request without an answer by then is a failure
ENOUGH = 1  # parts of a stream, after which the client disconnects

Headers = Sequence[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """The app's response; empty if the app sent no ``http.response.start``."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    body: bytes = b"",
    query: bytes = b"",
    headers: Headers = (),
    leaves: bool = False,
) -> Answer:
    """Send one request; a stream is read up to its first part.

    A client that `leaves` disconnects in the middle of the body.
    """
    path = path.encode("utf-8", "replace").decode()  # servers decode without surrogates
    given = [{"type": "http.request", "body": body, "more_body": leaves}]
    left = asyncio.Event()
    if leaves:
        left.set()
    start: Message = {"status": 0, "headers": []}
    parts: list[bytes] = []

    async def receive() -> Message:
        if given:
            return given.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))
            if len(parts) >= ENOUGH or not message.get("more_body"):
                left.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"server"), *headers],
        "client": ("192.0.2.1", 1),
        "server": ("server", 80),
        "state": {},
    }
    async with asyncio.timeout(ANSWER_S):
        await app(scope, receive, send)
    return Answer(start["status"], dict(start["headers"]), b"".join(parts))


@contextmanager
def no_faults_logged() -> Iterator[None]:
    """Fail if a traceback or an error is logged in the block."""
    records: list[logging.LogRecord] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.levelno >= logging.ERROR:
                records.append(record)

    handler = Recorder()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    formatter = logging.Formatter()
    assert not records, "\n".join(map(formatter.format, records))


# --- values -------------------------------------------------------------------------------------

ODD_TEXT = st.sampled_from(
    ["", " ", "\0", "NaN", "1e999", "-1", "0x10", "1/0", "1,5", "１２", "null", "__proto__",
     "../..", "한글", "\u202e", "\ud83d", "'; DROP TABLE sessions; --", "<script>", "{}", "%00",
     "\r\nX: y", "A" * 22, "A" * 5000]
)  # fmt: skip
NUMBERS = (
    st.sampled_from([0, 1, -1, 2, 2**31, 2**53, 2**63, 2**64, 10**30, 10**400, 0.1, 1e-320, 1e308])
    | st.integers(-10, 10)
    | st.floats(allow_nan=True, allow_infinity=True)
)
SCALARS = st.none() | st.booleans() | NUMBERS | ODD_TEXT | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["law", "h", "kind", "x", "y", "lr", "sid", "params", "a"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def to_bytes(value: Any) -> bytes:
    """JSON, or invalid JSON with NaN, single surrogates or numbers of any length."""
    return json.dumps(value).encode()


# Replacements for a value of this type, which careless checks let pass.
LIKE: dict[type, list[Any]] = {
    bool: [True, False, 0, None],
    int: [0, 1, 2, -1, 5, 20, 10_000, 2048, 2**31 - 1, 2**31, 0.5, True],
    float: [0, 1, -1, 0.25, 1e-30, 1e30, -0.0, 3],
    str: ["adam", "sgd", "relu", "sigmoid", "mse", "bce", "own", "lecture", "auto", "", "1"],
    type(None): [0, 1, {}, [], "", False],
    dict: [None, []],
    list: [None, {}],
}


@st.composite
def changed(draw: st.DrawFn, whole: Any) -> Any:
    """A value with one or two parts, at any depth, replaced, removed or repeated."""
    made = deepcopy(whole)
    for _ in range(draw(st.integers(1, 2))):
        made = _change(draw, made)
    return made


def _change(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
    elif isinstance(value, list) and value:
        key = draw(st.integers(0, min(len(value) - 1, 20)))
    else:
        return draw(st.sampled_from(LIKE.get(type(value), [None])) | JSON)
    match draw(st.sampled_from(["into", "into", "replace", "remove", "again"])):
        case "into":
            value[key] = _change(draw, value[key])
        case "replace":
            value[key] = draw(JSON)
        case "remove":
            del value[key]
        case "again" if isinstance(value, list):
            value.extend([value[key]] * draw(st.integers(1, 5)))
        case "again":
            value[draw(ODD_TEXT)] = value[key]
    return value


def near(whole: Any) -> st.SearchStrategy[Any]:
    """A valid body, one with a small error, or any JSON."""
    return st.one_of(st.just(whole), changed(whole), changed(whole), changed(whole), JSON)


def mostly(right: T, other: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """The valid strategy four times in five, otherwise the other."""
    return st.integers(0, 4).flatmap(lambda n: st.just(right) if n else other)


HEADER_NAMES = [
    b"accept", b"accept-encoding", b"accept-language", b"authorization", b"content-encoding",
    b"content-length", b"content-type", b"cookie", b"expect", b"forwarded", b"if-modified-since",
    b"if-none-match", b"last-event-id", b"origin", b"range", b"sec-fetch-site",
    b"transfer-encoding", b"upgrade", b"x-forwarded-for", b"x-forwarded-host", b"x-request-id",
]  # fmt: skip
HEADER_VALUES = st.sampled_from(
    [b"", b"*", b"br;q=x", b"gzip", b"ko;q=nan", b"ko-KR,en;q=1e999", b"pwl_lang=ko",
     b"pwl_lang=\xff", b'pwl_lang="\\', b"a=b; c=d; $Path=/", b"Bearer", b"Bearer x", b"Basic \xff",
     b"-1", b"1e9", b"9" * 30, b"null", b"http://server", b"http://[", b"same-origin", b"bytes=0-",
     b"bytes=9-1", b"text/html", b"chunked", b"\xed\x95\x9c", b"A" * 5000]
) | st.binary(max_size=12)  # fmt: skip
HEADERS = st.lists(st.tuples(st.sampled_from(HEADER_NAMES), HEADER_VALUES), max_size=4)

QUERY = st.sampled_from(
    [b"", b"since=0", b"since=-1", b"since=9007199254740993", b"since=nan", b"since=1&since=2",
     b"lang=ko", b"lang=%ff", b"hide=fit,explore", b"%", b"build={}", b"build={%22a%22:NaN}",
     b"build=[[[[", b"seat=x&own=y", b"\xff\xfe"]
)  # fmt: skip


def refusals_are_json(answer: Answer) -> None:
    """Check that a JSON response is valid for browsers too, and that an error has a code."""
    kind = answer.headers.get(b"content-type", b"")
    is_plain = b"content-encoding" not in answer.headers
    if answer.body and is_plain and kind.startswith(b"application/json"):
        content = msgspec.json.decode(answer.body)
        if isinstance(content, Mapping) and answer.status >= 400:
            assert "error" in content or "detail" in content
