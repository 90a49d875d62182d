"""Encodes the types of messages between web processes and Celery workers as JSON.

Pickle is not used, since anyone who can write to Redis could then run code. The types are
registered with kombu, whose JSON Celery uses. Floats are restored exactly.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from kombu.utils import json
from numpy.typing import NDArray

from pwlapp.core.analysis.one_step import OneStep, Pull, Update
from pwlapp.core.analysis.plateaus import Plateaus
from pwlapp.core.analysis.seeds import Runs
from pwlapp.core.constructions import Result
from pwlapp.core.data.choices import Choices
from pwlapp.core.data.points import DataSpec, Points
from pwlapp.core.engines import EngineInfo
from pwlapp.core.net import Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import Budget, Frames, SliceResult, TrainState
from pwlapp.errors import UserError

RECORDS = (
    AdamOptions,
    Architecture,
    Budget,
    Choices,
    DataSpec,
    EngineInfo,
    Frames,
    OneStep,
    Plateaus,
    Points,
    Pull,
    Result,
    Runs,
    SgdOptions,
    SliceResult,
    TrainState,
    Update,
)
DTYPES = ("float32", "float64", "int64")


def dumps(value: Any) -> str:
    """Encode a value. Raises TypeError for a type that is not registered here."""
    text: str = json.dumps(value)  # type: ignore[no-untyped-call]
    return text


def loads(text: str | bytes) -> Any:
    """Decode a value encoded by `dumps`.

    Raises
    ------
    ValueError
        If the text is damaged, or written by an incompatible version of this program.
    """
    try:
        return json.loads(text)  # type: ignore[no-untyped-call]
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"not written by this program: {error!r}") from error


def _array_out(array: NDArray[Any]) -> list[Any]:
    if array.dtype.name not in DTYPES:
        raise TypeError(f"an array of {array.dtype}, expected one of {', '.join(DTYPES)}")
    little = array.astype(array.dtype.newbyteorder("<"))
    return [array.dtype.name, list(array.shape), base64.b64encode(little.tobytes()).decode()]


def _array_in(parts: list[Any]) -> NDArray[Any]:
    name, shape, text = parts
    if name not in DTYPES:
        raise ValueError(f"an array of {name!r}, expected one of {', '.join(DTYPES)}")
    flat = np.frombuffer(base64.b64decode(text), dtype=np.dtype(name).newbyteorder("<"))
    return flat.astype(name).reshape(shape)


def _record_out(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _record_in(record: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    def read(values: dict[str, Any]) -> Any:
        return record(**{name: _frozen(value) for name, value in values.items()})

    return read


def _frozen(value: Any) -> Any:
    """Convert a list back to a tuple: JSON has only lists, the records have only tuples."""
    return tuple(value) if isinstance(value, list) else value


json.register_type(np.ndarray, "pwl.array", _array_out, _array_in)
json.register_type(Path, "pwl.path", str, Path)
json.register_type(
    UserError, "pwl.user_error", lambda e: [e.code, e.args_], lambda v: UserError(v[0], **v[1])
)
for _record in RECORDS:
    json.register_type(_record, f"pwl.{_record.__name__}", _record_out, _record_in(_record))
