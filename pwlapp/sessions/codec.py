"""Encodes states, frames, history steps and points for the stores.

Pickle is not used, since a database file from another source could then run code.

A state is written as 4 bytes of magic, the CRC-32 of header and numbers, the length of the header,
the header in JSON, the loss as float64, and the parameters, m and v as float32. Format 1 had only
the lecture's net, Adam with its default settings, and PyTorch.

Points are written as 4 bytes of magic, the length of the header, the header in JSON, and the
columns as float32. All numbers are little-endian.
"""

from __future__ import annotations

import logging
import struct
import zlib
from typing import Any, get_args

import msgspec
import numpy as np

from pwlapp.core.data.points import DataSpec, Origin, Points
from pwlapp.core.engines import AUTO
from pwlapp.core.net import Architecture, Array
from pwlapp.core.optimizers import OPTIMIZERS, OptimizerOptions
from pwlapp.core.state import TrainState
from pwlapp.errors import Arg, UserError
from pwlapp.sessions.frames import Frame, Mark
from pwlapp.sessions.history import Step, StepKind
from pwlapp.sessions.state import (
    NO_HISTORY,
    UNKNOWN_SPEED,
    History,
    Notice,
    Run,
    SessionState,
    Speed,
    UnknownSession,
)
from pwlapp.sessions.stores.protocol import Data, short_id

logger = logging.getLogger(__name__)

STATE_MAGIC, STATE_FORMAT = b"PWLS", 2
POINTS_MAGIC, POINTS_FORMAT = b"PWLP", 1
MARKS = get_args(Mark)

_STATE_PREFIX = struct.Struct("<4sII")  # magic, CRC-32, header length
_POINTS_PREFIX = struct.Struct("<4sI")  # magic, header length
_LOSS = struct.Struct("<d")
_FRAME = struct.Struct("<qdB")  # epoch, loss, mark; float32s follow
# Raised for damaged bytes; msgspec's own errors are ValueErrors.
_DAMAGE = (KeyError, TypeError, ValueError, RecursionError, struct.error)


class CorruptState(ValueError):
    """Raised for bytes that are not the state of a session, or are damaged."""


class _StateHeader(msgspec.Struct):
    """A `SessionState` without its arrays; fields with a default were added to format 2 later."""

    format: int
    version: int
    seed: int
    net: dict[str, Any]
    optimizer: dict[str, Any]
    optimizer_epoch: int
    engine: str
    data_key: str
    epoch: int
    run: Run | None
    notice: Notice | None
    first_seq: int
    next_seq: int
    speed: Speed = UNKNOWN_SPEED
    by_recipe: bool = False
    history: History = NO_HISTORY
    locked: bool = False


class _Format(msgspec.Struct):
    format: int


class _PointsHeader(msgspec.Struct):
    format: int
    origin: Origin
    label: str
    spec: DataSpec
    columns: int


_read_format = msgspec.json.Decoder(_Format).decode
_read_state_header = msgspec.json.Decoder(_StateHeader).decode
_read_points_header = msgspec.json.Decoder(_PointsHeader).decode
_read_step = msgspec.msgpack.Decoder(tuple[StepKind, bytes, list[bytes] | None]).decode
_read_data = msgspec.msgpack.Decoder(tuple[tuple[str, dict[str, Arg]] | None, bytes]).decode


def encode(state: SessionState) -> bytes:
    """Encode a state; `decode` restores the same numbers, bit for bit."""
    train = state.train
    fields = {
        **vars(state),
        "format": STATE_FORMAT,
        "net": vars(train.net),
        "optimizer": optimizer_header(state.optimizer),
        "optimizer_epoch": train.optimizer_epoch,
        "epoch": train.epoch,
    }
    del fields["train"]
    header = msgspec.json.encode(fields)
    arrays = (_float32_bytes(array) for array in (train.params, train.m, train.v))
    body = b"".join((header, _LOSS.pack(train.loss), *arrays))
    return _STATE_PREFIX.pack(STATE_MAGIC, zlib.crc32(body, len(header)), len(header)) + body


def decode(blob: bytes) -> SessionState:
    """Decode a state that this or an earlier version of the program wrote.

    Raises
    ------
    CorruptState
        If the bytes are damaged, truncated, or of an unknown format.
    """
    if len(blob) < _STATE_PREFIX.size:
        raise CorruptState(f"{len(blob)} bytes, expected at least {_STATE_PREFIX.size}")
    magic, checksum, size = _STATE_PREFIX.unpack_from(blob)
    body = memoryview(blob)[_STATE_PREFIX.size :]
    if magic != STATE_MAGIC:
        raise CorruptState(f"begins with {magic!r}, expected {STATE_MAGIC!r}")
    if checksum != zlib.crc32(body, size):
        raise CorruptState("the checksum is wrong")
    try:
        return _state(_state_header(body[:size]), body[size:])
    except _DAMAGE as error:
        raise CorruptState(f"not a state: {error!r}") from error


def read_state(blob: bytes, sid: str) -> SessionState:
    """Decode a state from a store; if it is damaged, log that and raise UnknownSession."""
    try:
        return decode(blob)
    except CorruptState as error:
        logger.error("session %s is damaged: %s", short_id(sid), error)
        raise UnknownSession() from error


def optimizer_header(options: OptimizerOptions) -> dict[str, Any]:
    """All hyperparameters of an optimizer and its ``kind``, as JSON."""
    kind = next(name for name, made in OPTIMIZERS.items() if isinstance(options, made))
    return {"kind": kind, **vars(options)}


def optimizer_from(header: dict[str, Any]) -> OptimizerOptions:
    """The inverse of `optimizer_header`; KeyError, TypeError or ValueError for other values."""
    fields = dict(header)
    return OPTIMIZERS[fields.pop("kind")](**fields)


def encode_frame(frame: Frame) -> bytes:
    """Encode a frame without its number."""
    head = _FRAME.pack(frame.epoch, frame.loss, MARKS.index(frame.mark))
    return head + _float32_bytes(frame.numbers)


def decode_frame(seq: int, blob: bytes) -> Frame | None:
    """Decode a frame; None if it is damaged: the browser draws the others."""
    try:
        epoch, loss, mark = _FRAME.unpack_from(blob)
        return Frame(seq, epoch, loss, float32_array(blob, _FRAME.size), MARKS[mark])
    except (struct.error, ValueError, IndexError):
        return None


def encode_step(step: Step) -> bytes:
    """Encode a step without its number."""
    frames = None if step.frames is None else [encode_frame(frame) for frame in step.frames]
    return msgspec.msgpack.encode((step.kind, encode(step.state), frames))


def read_step(number: int, blob: bytes, sid: str) -> Step | None:
    """Decode a step, without its damaged frames; None, and a log line, if the step is damaged."""
    try:
        kind, state, rows = _read_step(blob)
        frames = None
        if rows is not None:
            frames = [frame for row in rows if (frame := decode_frame(0, row)) is not None]
        return Step(number, kind, decode(state), frames)
    except ValueError as error:
        logger.error("step %d of session %s is damaged: %s", number, short_id(sid), error)
        return None


def encode_points(points: Points) -> bytes:
    """Encode points; `decode_points` restores the same numbers, bit for bit."""
    columns = [column for column in (points.x, points.y, points.prob) if column is not None]
    header = msgspec.json.encode(
        _PointsHeader(POINTS_FORMAT, points.origin, points.label, points.spec, len(columns))
    )
    prefix = _POINTS_PREFIX.pack(POINTS_MAGIC, len(header))
    return b"".join((prefix, header, *map(_float32_bytes, columns)))


def decode_points(blob: bytes) -> Points:
    """Decode points.

    Raises
    ------
    ValueError
        If the bytes are damaged, truncated, or of an unknown format.
    """
    try:
        magic, size = _POINTS_PREFIX.unpack_from(blob)
        if magic != POINTS_MAGIC:
            raise ValueError(f"begins with {magic!r}, expected {POINTS_MAGIC!r}")
        end = _POINTS_PREFIX.size + size
        header = _read_points_header(blob[_POINTS_PREFIX.size : end])
        if header.format != POINTS_FORMAT:
            raise ValueError(f"format {header.format}, expected {POINTS_FORMAT}")
        x, y, *prob = float32_array(blob, end).reshape(header.columns, -1)
    except _DAMAGE as error:
        raise ValueError(f"not points: {error!r}") from error
    return Points(x, prob[0] if prob else None, y, header.origin, header.label, header.spec)


def read_points(blob: bytes, key: str) -> Points | None:
    """Decode points from a store; if they are damaged, log that and return None."""
    try:
        points = decode_points(blob)
    except ValueError as error:
        logger.error("data %s can't be read: %s", key, error)
        return None
    if points.key != key:
        logger.error("data %s are damaged: their content has the key %s", key, points.key)
        return None
    return points


def encode_data(data: Data) -> bytes:
    """Encode the data that servers share."""
    problem = data.problem and (data.problem.code, data.problem.args_)
    return msgspec.msgpack.encode((problem, encode_points(data.points)))


def decode_data(blob: bytes) -> Data:
    """Decode the data that servers share. Raises ValueError for other bytes."""
    problem, points = _read_data(blob)
    return Data(decode_points(points), problem and UserError(problem[0], **problem[1]))


def float32_array(blob: bytes | memoryview, offset: int = 0) -> Array:
    """Read little-endian float32 numbers into a writable array."""
    return np.frombuffer(blob, dtype="<f4", offset=offset).astype(np.float32)


def _float32_bytes(array: Array) -> bytes:
    return array.astype("<f4", copy=False).tobytes()


def _state_header(text: memoryview) -> _StateHeader:
    known = _read_format(text).format
    if known == 1:
        return msgspec.convert(_from_format_1(msgspec.json.decode(text)), _StateHeader)
    if known != STATE_FORMAT:
        raise CorruptState(f"format {known}, expected {STATE_FORMAT} or 1")
    return _read_state_header(text)


def _from_format_1(header: dict[str, Any]) -> dict[str, Any]:
    """Convert a header of format 1 to format 2.

    In format 1 the CPU was the default, which is ``"auto"`` now. A GPU was the user's choice, so it
    stays.
    """
    device = header.get("device")
    return header | {
        "format": STATE_FORMAT,
        "net": {},
        "optimizer": {"kind": "adam", "lr": header.get("lr")},
        "optimizer_epoch": 0,
        "engine": AUTO if device == "cpu" else f"torch@{device}",
    }


def _state(header: _StateHeader, numbers: memoryview) -> SessionState:
    fields = msgspec.structs.asdict(header)
    del fields["format"]
    net = Architecture(**fields.pop("net"))
    (loss,) = _LOSS.unpack_from(numbers)
    params, m, v = float32_array(numbers, _LOSS.size).reshape(3, net.size)
    epoch, optimizer_epoch = fields.pop("epoch"), fields.pop("optimizer_epoch")
    return SessionState(
        train=TrainState(params, m, v, epoch, loss, net, optimizer_epoch),
        optimizer=optimizer_from(fields.pop("optimizer")),
        **fields,
    )
