"""The settings, read from environment variables; docs/settings.md contains `Settings.table`."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pwlapp.core.engines import AUTO, ID_PATTERN

LOG_LEVELS = ("critical", "error", "warning", "info", "debug")
LOG_FORMATS = ("text", "json")


class Row(NamedTuple):
    """One line of the settings table."""

    variable: str
    default: str
    doc: str


class _Kind(NamedTuple):
    """Reads a setting from the text of its variable.

    Attributes
    ----------
    read : callable
        Raises ValueError for a text that is not allowed.
    allowed : str
        The allowed values, for the error message.
    is_secret : bool
        Whether the error message leaves the text out.
    """

    read: Callable[[str], Any]
    allowed: str
    is_secret: bool = False


def _number(convert: Callable[[str], float], low: float, high: float) -> _Kind:
    def read(text: str) -> float:
        number = convert(text)
        if not low <= number <= high:  # also refuses NaN
            raise ValueError
        return number

    kind = "a whole number" if convert is int else "a number"
    return _Kind(read, f"{kind} from {low:.10g} to {high:.10g}")


def _matching(
    pattern: str, allowed: str, *, is_secret: bool = False, any_case: bool = False
) -> _Kind:
    def read(text: str) -> str:
        text = text.lower() if any_case else text
        if re.fullmatch(pattern, text) is None:
            raise ValueError
        return text

    return _Kind(read, allowed, is_secret)


def _choice(*options: str) -> _Kind:
    return _matching("|".join(options), "one of " + ", ".join(options), any_case=True)


def _networks(text: str) -> str:
    hosts = [host.strip() for host in text.split(",")]
    for host in hosts:
        if host != "*":
            ipaddress.ip_network(host, strict=False)  # raises ValueError
    return ",".join(hosts)


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # the home folder of an unknown user
        raise ValueError from error


_TEXT = _Kind(str, "text")
_FOLDER = _Kind(_folder, "a folder")
_ENGINES = "auto, or torch or fused, then @cpu or @cuda:0"
_ENGINE = _matching(f"{AUTO}|{ID_PATTERN}", _ENGINES, any_case=True)
_PATH = _matching(r"/([A-Za-z0-9._~@%-]+/)*", "a path such as /pwl/")
_NETWORKS = _Kind(_networks, "addresses or networks with commas between, or *")
_REDIS = _matching(
    "(rediss?|unix)://.+", "an address such as redis://127.0.0.1:6379/0", is_secret=True
)
_TOKEN = _matching(
    "[A-Za-z0-9_.~+/=-]{16,}", "16 or more characters of a Bearer token", is_secret=True
)
_ALSO = {"port": ("PORT",)}  # variables that are used if the field's own is not set
_DATA_DIR = "~/.local/share/pwlapp"


def _setting(default: Any, kind: _Kind, doc: str, *, shown: str | None = None) -> Any:
    metadata = {"kind": kind, "doc": doc, "shown": str(default) if shown is None else shown}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The settings; each field is read from ``PWLAPP_<FIELD>``."""

    host: str = _setting(
        "127.0.0.1",
        _TEXT,
        "Address to listen on; 0.0.0.0 for all IPv4 addresses, :: for IPv6 too.",
    )
    port: int = _setting(
        8050,
        _number(int, 0, 65535),
        "Port to listen on; 0: a free one. If unset, PORT is used, which many hosts set.",
    )
    base_path: str = _setting("/", _PATH, "Path before all URLs, if a proxy in front passes it on.")
    proxies: str = _setting(
        "127.0.0.1",
        _NETWORKS,
        "Proxies whose X-Forwarded-For and -Proto are trusted: addresses, networks, or * for all.",
    )
    data: str = _setting(
        "", _TEXT, "CSV or .xlsx file or URL with columns x, prob, y; empty: the lecture's data."
    )
    data_dir: Path = _setting(  # noqa: RUF009 -- a Path can't be changed either
        _folder(_DATA_DIR), _FOLDER, "Folder for the sessions and caches.", shown=_DATA_DIR
    )
    workers: int = _setting(
        os.cpu_count() or 1,
        _number(int, 1, 256),
        "Training processes.",
        shown="number of CPU cores",
    )
    engine: str = _setting(AUTO, _ENGINE, f"Engine of new nets: {_ENGINES}.")
    slice_ms: float = _setting(
        20.0,
        _number(float, 1, 1000),
        "Milliseconds of training until other runs have their turn.",
    )
    session_days: float = _setting(
        7.0, _number(float, 0.001, 3650), "Days that an unused session is kept."
    )
    max_data_mb: float = _setting(
        5.0, _number(float, 0.001, 1000), "Largest data file that is accepted, in megabytes."
    )
    max_epochs: int = _setting(
        1_000_000, _number(int, 1, 10_000_000), "Largest number of epochs in one run."
    )
    max_running: int = _setting(
        2000,
        _number(int, 1, 1_000_000),
        "Simultaneous runs; further ones are refused.",
    )
    redis_url: str = _setting(
        "",
        _REDIS,
        "Redis, for several web processes and Celery workers; empty: one server without Redis.",
    )
    web_workers: int = _setting(
        1, _number(int, 1, 64), "Web processes that share the port; more than one needs Redis."
    )
    metrics_token: str = _setting(
        "",
        _TOKEN,
        "Bearer token for /metrics, 16 characters or more; empty: /metrics is off.",
    )
    log_level: str = _setting("info", _choice(*LOG_LEVELS), f"One of {', '.join(LOG_LEVELS)}.")
    log_format: str = _setting(
        "text",
        _choice(*LOG_FORMATS),
        "Log format: text for people, or json, one object per line, for programs.",
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        An unset or empty variable means the default; compose files pass unset variables as empty.

        Parameters
        ----------
        environ : mapping of str to str
            Usually `os.environ`.

        Raises
        ------
        ValueError
            If a value is not allowed (the text names the variable, its value and what is allowed),
            or if there are several web processes without Redis.
        """
        values = {}
        for item in dataclasses.fields(cls):
            for variable in (variable_name(item.name), *_ALSO.get(item.name, ())):
                if text := environ.get(variable, "").strip():
                    values[item.name] = _read(variable, text, item.metadata["kind"])
                    break
        settings = cls(**values)
        if settings.web_workers > 1 and not settings.redis_url:
            raise ValueError(
                f"PWLAPP_WEB_WORKERS={settings.web_workers}: more than one needs PWLAPP_REDIS_URL"
            )
        return settings

    @classmethod
    def table(cls) -> list[Row]:
        """The rows of the settings table in docs/settings.md."""
        return [
            Row(variable_name(item.name), item.metadata["shown"], item.metadata["doc"])
            for item in dataclasses.fields(cls)
        ]


def variable_name(field_name: str) -> str:
    """The environment variable of a field: ``slice_ms`` is ``PWLAPP_SLICE_MS``."""
    return "PWLAPP_" + field_name.upper()


def _read(variable: str, text: str, kind: _Kind) -> Any:
    try:
        return kind.read(text)
    except ValueError as error:
        shown = "***" if kind.is_secret else repr(text)
        raise ValueError(f"{variable}={shown}: expected {kind.allowed}") from error
