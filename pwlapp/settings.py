"""Every knob of the app, in one place; README's table is a copy of `Settings.table`."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class _Kind:
    """How a setting is read from text, and what to tell someone who wrote something else."""

    read: Callable[[str], Any]
    allowed: str
    is_secret: bool = False


def _integer(low: int, high: int) -> _Kind:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError
        return number

    return _Kind(read, f"a whole number from {low} to {high}")


def _decimal(low: float, high: float) -> _Kind:
    def read(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError
        return number

    return _Kind(read, f"a number from {low:g} to {high:g}")


def _choice(*options: str) -> _Kind:
    def read(text: str) -> str:
        if text.lower() not in options:
            raise ValueError
        return text.lower()

    return _Kind(read, "one of " + ", ".join(options))


def _matching(pattern: str, allowed: str) -> _Kind:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text.lower()) is None:
            raise ValueError
        return text.lower()

    return _Kind(read, allowed)


def _address(pattern: str, allowed: str) -> _Kind:
    """Text that keeps its case, and is not repeated when refused: it may hold a password."""

    def read(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError
        return text

    return _Kind(read, allowed, is_secret=True)


def _folder(text: str) -> Path:
    return Path(text).expanduser()


_DATA_DIR = "~/.local/share/pwlapp"
_TEXT = _Kind(str, "text")
_FOLDER = _Kind(_folder, "a folder")


def _setting(default: Any, kind: _Kind, doc: str, *, shown: str | None = None) -> Any:
    metadata = {
        "kind": kind,
        "doc": doc,
        "shown": str(default) if shown is None else shown,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """What can be set from outside; each field is read from ``PWLAPP_<FIELD>``."""

    host: str = _setting("127.0.0.1", _TEXT, "Address to listen on; 0.0.0.0 lets a class in.")
    port: int = _setting(8050, _integer(0, 65535), "Port to listen on; 0 takes a free one.")
    data: str = _setting(
        "", _TEXT, "CSV file or URL with columns x, prob, y; empty: the lecture's data."
    )
    data_dir: Path = _setting(  # noqa: RUF009 -- a Path can't be changed either
        _folder(_DATA_DIR), _FOLDER, "Folder for the sessions and caches.", shown=_DATA_DIR
    )
    workers: int = _setting(
        os.cpu_count() or 1,
        _integer(1, 256),
        "Processes that train.",
        shown="number of CPU cores",
    )
    engine: str = _setting(
        AUTO,
        _matching(
            f"{AUTO}|{ID_PATTERN}",
            "auto, or torch or fused, then @cpu or @cuda:0",
        ),
        "What new nets train with: auto, or torch or fused, then @cpu or @cuda:0.",
    )
    slice_ms: float = _setting(
        20.0, _decimal(1, 1000), "Milliseconds that a run trains before the next one's turn."
    )
    session_days: float = _setting(
        7.0, _decimal(0.001, 3650), "Days that an unused session is kept."
    )
    max_data_mb: float = _setting(
        5.0, _decimal(0.001, 1000), "Largest data file that is accepted, in megabytes."
    )
    max_epochs: int = _setting(
        1_000_000, _integer(1, 10_000_000), "Largest number of epochs in one run."
    )
    max_running: int = _setting(
        2000, _integer(1, 1_000_000), "Runs that may go on at once; the next one is asked to wait."
    )
    redis_url: str = _setting(
        "",
        _address(r"(rediss?|unix)://.+", "an address such as redis://127.0.0.1:6379/0"),
        "Redis, for several web processes and Celery workers; empty: one process does it all.",
    )
    web_workers: int = _setting(
        1, _integer(1, 64), "Web processes on the one port; more than one needs Redis."
    )
    log_level: str = _setting("info", _choice(*LOG_LEVELS), "One of " + ", ".join(LOG_LEVELS) + ".")
    log_format: str = _setting(
        "text",
        _choice(*LOG_FORMATS),
        "Log lines: text for people, or json, one object a line, for programs.",
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        An unset variable means the default, and so does an empty one, which is what compose files
        make of an unset one.

        Parameters
        ----------
        environ : mapping of str to str
            Usually `os.environ`.

        Raises
        ------
        ValueError
            Naming the variable, its value and what is allowed.
        """
        values: dict[str, Any] = {}
        for item in dataclasses.fields(cls):
            if text := environ.get(variable_name(item.name), "").strip():
                values[item.name] = _read(variable_name(item.name), text, item.metadata["kind"])
        return cls(**values)

    @classmethod
    def table(cls) -> list[Row]:
        """The settings in order, as the documentation shows them."""
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
    except (ValueError, OverflowError, RuntimeError) as error:  # RuntimeError: no such ~user
        shown = "***" if kind.is_secret else repr(text)
        raise ValueError(f"{variable}={shown}: expected {kind.allowed}") from error
