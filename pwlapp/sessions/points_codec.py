"""A session's own data as bytes and back: a header in JSON, then the columns as float32.

No pickle: a database file from elsewhere must not be able to run code.
"""

from __future__ import annotations

import json
import logging
import struct
from dataclasses import asdict

import numpy as np

from pwlapp.core.data.points import DataSpec, Points
from pwlapp.errors import UserError
from pwlapp.sessions.stores.protocol import Data

logger = logging.getLogger(__name__)

MAGIC = b"PWLP"

_PREFIX = struct.Struct("<4sI")  # magic, header length


def encode(points: Points) -> bytes:
    """Pack points; `decode` gives back the same numbers, bit for bit."""
    columns = [column for column in (points.x, points.y, points.prob) if column is not None]
    header = {
        "format": 1,
        "origin": points.origin,
        "label": points.label,
        "spec": asdict(points.spec),
        "columns": len(columns),
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    body = b"".join(column.astype("<f4").tobytes() for column in columns)
    return _PREFIX.pack(MAGIC, len(text)) + text + body


def decode(blob: bytes) -> Points:
    """Unpack what `encode` made.

    Raises
    ------
    ValueError
        If the bytes are damaged, cut short, or of another version of this program.
    """
    try:
        magic, size = _PREFIX.unpack_from(blob)
        if magic != MAGIC:
            raise ValueError(f"begins with {magic!r}, expected {MAGIC!r}")
        header = json.loads(blob[_PREFIX.size : _PREFIX.size + size])
        if header["format"] != 1:
            raise ValueError(f"format {header['format']}, expected 1")
        numbers = np.frombuffer(blob, dtype="<f4", offset=_PREFIX.size + size).astype(np.float32)
        x, y, *prob = numbers.reshape(header["columns"], -1)
        spec = DataSpec(**header["spec"])
        return Points(x, prob[0] if prob else None, y, header["origin"], header["label"], spec)
    except (KeyError, TypeError, struct.error, RecursionError) as error:
        raise ValueError(f"no data: {error!r}") from error


def encode_data(data: Data) -> bytes:
    """Pack the data that servers agree on; `decode_data` undoes it."""
    problem = data.problem and [data.problem.code, data.problem.args_]
    return json.dumps(problem).encode() + b"\n" + encode(data.points)


def decode_data(blob: bytes) -> Data:
    """Unpack what `encode_data` made. Raises ValueError for anything else."""
    text, _, points = blob.partition(b"\n")
    try:
        problem = json.loads(text)
        return Data(decode(points), problem and UserError(problem[0], **problem[1]))
    except (TypeError, LookupError) as error:
        raise ValueError(f"no data: {error!r}") from error


def read(blob: bytes, key: str) -> Points | None:
    """`decode` what a store kept under this key; None, with a line in the log, if it is damaged."""
    try:
        points = decode(blob)
    except ValueError as error:
        logger.error("data %s can't be read: %s", key, error)
        return None
    if points.key != key:
        logger.error("data %s are damaged: their numbers are of %s", key, points.key)
        return None
    return points
