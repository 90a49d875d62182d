from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pwlapp.core.training import TrainState
from pwlapp.runtime.codec import CorruptState, decode, encode
from pwlapp.runtime.session import Notice, Run, SessionState
from tests.runtime.helpers import make_state

vectors = arrays(np.float32, 5, elements=st.floats(width=32, allow_nan=True))
counts = st.integers(0, 2**53)
states = st.builds(
    SessionState,
    version=counts,
    seed=st.integers(0, 2**32 - 1),
    lr=st.floats(1e-300, 1000),
    device=st.text(max_size=20),
    data_key=st.text(max_size=20),
    train=st.builds(
        TrainState, params=vectors, m=vectors, v=vectors, epoch=counts, loss=st.floats()
    ),
    run=st.none() | st.builds(Run, counts, counts, st.sampled_from(["running", "paused"])),
    notice=st.none()
    | st.builds(Notice, st.text(), st.dictionaries(st.text(), st.integers() | st.text())),
    first_seq=counts,
    next_seq=counts,
)


def assert_same(one: SessionState, other: SessionState) -> None:
    """Bit for bit, NaN included."""
    for field in dataclasses.fields(SessionState):
        if field.name != "train":
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert one.train.epoch == other.train.epoch
    assert struct.pack("<d", one.train.loss) == struct.pack("<d", other.train.loss)
    for name in ("params", "m", "v"):
        ours, theirs = getattr(one.train, name), getattr(other.train, name)
        assert ours.dtype == theirs.dtype == np.float32
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()


@settings(deadline=None)  # a loaded machine is no fault of the codec
@given(states)
def test_decode_undoes_encode(state: SessionState) -> None:
    assert_same(state, decode(encode(state)))


def test_a_wider_net_fits_too() -> None:
    numbers = np.arange(1025, dtype=np.float32)
    train = TrainState(numbers, numbers + 1, numbers + 2, epoch=3, loss=0.5)
    state = make_state(train=train)
    assert_same(state, decode(encode(state)))


def test_the_decoded_arrays_can_be_written_to() -> None:
    decode(encode(make_state())).train.params[0] = 2.0


def test_any_flipped_bit_is_noticed() -> None:
    blob = encode(make_state())
    for i in range(len(blob)):
        damaged = bytearray(blob)
        damaged[i] ^= 1 << (i % 8)
        with pytest.raises(CorruptState):
            decode(bytes(damaged))


def test_any_cut_is_noticed() -> None:
    blob = encode(make_state())
    for size in range(len(blob)):
        with pytest.raises(CorruptState):
            decode(blob[:size])


@pytest.mark.parametrize("blob", [b"", b"\x80\x04N.", b"PWLS" + bytes(100), b"x" * 500])
def test_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(CorruptState):
        decode(blob)


def test_a_format_from_the_future_is_refused() -> None:
    def with_format(number: int) -> bytes:
        blob = encode(make_state())
        (size,) = struct.unpack_from("<I", blob, 8)
        header: dict[str, Any] = json.loads(blob[12 : 12 + size])
        text = json.dumps(header | {"format": number}, separators=(",", ":")).encode()
        body = text + blob[12 + size :]
        checksum = zlib.crc32(body, len(text))
        return struct.pack("<4sII", b"PWLS", checksum, len(text)) + body

    assert_same(decode(with_format(1)), make_state())
    with pytest.raises(CorruptState, match="format 2, expected 1"):
        decode(with_format(2))
