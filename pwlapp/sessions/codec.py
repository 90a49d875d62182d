"""A session's state as bytes and back.

Layout: 4 bytes of magic, CRC-32 of all that follows, length of the header, the header in JSON,
then the loss as float64 and the parameters, m and v as float32, all little-endian. No pickle: a
database file from elsewhere must not be able to run code.

Format 1 knew only the lecture's net, Adam with its other settings as they are, and torch.
"""

from __future__ import annotations

import json
import struct
import zlib
from operator import index
from typing import Any

import numpy as np

from pwlapp.core.engines import AUTO
from pwlapp.core.net import Architecture
from pwlapp.core.training import AdamOptions, OptimizerOptions, SgdOptions, TrainState
from pwlapp.sessions.state import Notice, Run, SessionState, Speed

MAGIC = b"PWLS"
FORMAT = 2

_PREFIX = struct.Struct("<4sII")  # magic, CRC-32, header length
_LOSS = struct.Struct("<d")
_KINDS: dict[str, type[AdamOptions] | type[SgdOptions]] = {"adam": AdamOptions, "sgd": SgdOptions}


class CorruptState(ValueError):
    """Bytes that are not a session's state, or not any more."""


def encode(state: SessionState) -> bytes:
    """Pack a state; `decode` gives back the same numbers, bit for bit."""
    train = state.train
    header = {
        "format": FORMAT,
        "version": state.version,
        "seed": state.seed,
        "net": vars(train.net),
        "optimizer": optimizer_header(state.optimizer),
        "optimizer_epoch": train.optimizer_epoch,
        "engine": state.engine,
        "data_key": state.data_key,
        "epoch": train.epoch,
        "run": vars(state.run) if state.run else None,
        "notice": {"code": state.notice.code, "args": dict(state.notice.args)}
        if state.notice
        else None,
        "first_seq": state.first_seq,
        "next_seq": state.next_seq,
        "speed": vars(state.speed),
        "by_recipe": state.by_recipe,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    arrays = b"".join(array.astype("<f4").tobytes() for array in (train.params, train.m, train.v))
    body = text + _LOSS.pack(train.loss) + arrays
    return _PREFIX.pack(MAGIC, _checksum(len(text), body), len(text)) + body


def decode(blob: bytes) -> SessionState:
    """Unpack what `encode` made, now or in an earlier version of this program.

    Raises
    ------
    CorruptState
        If the bytes are damaged, cut short, or of a format that this version does not know.
    """
    if len(blob) < _PREFIX.size:
        raise CorruptState(f"{len(blob)} bytes, expected at least {_PREFIX.size}")
    magic, checksum, header_size = _PREFIX.unpack_from(blob)
    body = blob[_PREFIX.size :]
    if magic != MAGIC:
        raise CorruptState(f"begins with {magic!r}, expected {MAGIC!r}")
    if checksum != _checksum(header_size, body):
        raise CorruptState("the checksum is wrong")
    try:
        header = json.loads(body[:header_size])
        if header["format"] == 1:
            header = _from_format_1(header)
        if header["format"] != FORMAT:
            raise CorruptState(f"format {header['format']}, expected {FORMAT} or 1")
        return _state(header, body[header_size:])
    except (KeyError, TypeError, ValueError, RecursionError, struct.error) as error:
        raise CorruptState(f"not a state: {error!r}") from error


def _checksum(header_size: int, body: bytes) -> int:
    return zlib.crc32(body, header_size)


def optimizer_header(options: OptimizerOptions) -> dict[str, Any]:
    """All hyperparameters of an optimizer, and its ``kind``, for JSON."""
    kind = next(name for name, made in _KINDS.items() if isinstance(options, made))
    return {"kind": kind, **vars(options)}


def optimizer_from(header: dict[str, Any]) -> OptimizerOptions:
    """Undo `optimizer_header`. Raises KeyError, TypeError or ValueError for anything else."""
    fields = dict(header)
    return _KINDS[fields.pop("kind")](**fields)


def _from_format_1(header: dict[str, Any]) -> dict[str, Any]:
    """Say in today's words what a header of format 1 says.

    Its CPU was torch's, for want of another; whoever chose a GPU chose it on purpose.
    """
    device = header.get("device")
    return header | {
        "format": FORMAT,
        "net": {},
        "optimizer": {"kind": "adam", "lr": header.get("lr")},
        "optimizer_epoch": 0,
        "engine": AUTO if device == "cpu" else f"torch@{device}",
    }


def _state(header: dict[str, Any], numbers: bytes) -> SessionState:
    net = Architecture(**header["net"])
    (loss,) = _LOSS.unpack_from(numbers)
    arrays = np.frombuffer(numbers, dtype="<f4", offset=_LOSS.size).astype(np.float32)
    params, m, v = arrays.reshape(3, net.size)
    run, notice = header["run"], header["notice"]
    epoch, optimizer_epoch = index(header["epoch"]), index(header["optimizer_epoch"])
    return SessionState(
        version=index(header["version"]),
        seed=index(header["seed"]),
        optimizer=optimizer_from(header["optimizer"]),
        engine=header["engine"],
        data_key=header["data_key"],
        train=TrainState(params, m, v, epoch, loss, net, optimizer_epoch),
        run=Run(**run) if run else None,
        notice=Notice(**notice) if notice else None,
        first_seq=index(header["first_seq"]),
        next_seq=index(header["next_seq"]),
        speed=Speed(**header.get("speed", {})),  # not kept by the first of this format
        by_recipe=bool(header.get("by_recipe", False)),  # nor this: nobody knows any more
    )
