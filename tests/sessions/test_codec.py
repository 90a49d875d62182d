from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pwlapp.core.data.points import DataSpec, Points
from pwlapp.core.net import LECTURE, Architecture
from pwlapp.core.optimizers import AdamOptions, SgdOptions
from pwlapp.core.state import TrainState
from pwlapp.sessions import codec
from pwlapp.sessions.codec import CorruptState, decode, encode
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import Step
from pwlapp.sessions.state import History, Notice, Run, SessionState, Speed
from tests.support.sessions import make_state

counts = st.integers(0, 2**53)
shares = st.floats(0, 1, exclude_max=True)
amounts = st.floats(0, 1e9)
rates = st.floats(1e-300, 1000)
nets = st.builds(
    Architecture,
    h=st.integers(1, 40),
    bias1=st.booleans(),
    activation=st.sampled_from(["relu", "sigmoid"]),
    loss=st.sampled_from(["bce", "mse"]),
)


@st.composite
def train_states(draw: st.DrawFn) -> TrainState:
    net = draw(nets)
    numbers = arrays(np.float32, (3, net.size), elements=st.floats(width=32, allow_nan=True))
    return TrainState(*draw(numbers), draw(counts), draw(st.floats()), net, draw(counts))


states = st.builds(
    SessionState,
    version=counts,
    seed=st.integers(0, 2**32 - 1),
    optimizer=st.builds(AdamOptions, rates, shares, shares, shares, shares)
    | st.builds(SgdOptions, rates, shares, shares),
    engine=st.text(max_size=20),
    data_key=st.text(max_size=20),
    train=train_states(),
    run=st.none() | st.builds(Run, counts, counts, st.sampled_from(["running", "paused"])),
    notice=st.none()
    | st.builds(Notice, st.text(), st.dictionaries(st.text(), st.integers() | st.text())),
    first_seq=counts,
    next_seq=counts,
    speed=st.builds(
        Speed,
        st.none() | st.text(),
        st.none() | counts,
        counts,
        st.floats(0, 1e9),
        st.floats(0, 1e9),
    ),
    by_recipe=st.booleans(),
    history=st.builds(
        History, counts, counts, st.lists(counts).map(tuple), st.text(), st.floats(0, 1e12)
    ),
    locked=st.booleans(),
)


def assert_same(one: SessionState, other: SessionState) -> None:
    """Equal to the last bit, including NaN."""
    for field in dataclasses.fields(SessionState):
        if field.name != "train":
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    for name in ("epoch", "net", "optimizer_epoch"):
        assert getattr(one.train, name) == getattr(other.train, name), name
    assert struct.pack("<d", one.train.loss) == struct.pack("<d", other.train.loss)
    for name in ("params", "m", "v"):
        ours, theirs = getattr(one.train, name), getattr(other.train, name)
        assert ours.dtype == theirs.dtype == np.float32
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()


@settings(deadline=None)  # it may be slow on a loaded machine
@given(states)
def test_decode_is_the_inverse_of_encode(state: SessionState) -> None:
    assert_same(state, decode(encode(state)))


def test_the_widest_net_is_packed_and_unpacked() -> None:
    net = Architecture(h=2048, bias1=True, activation="sigmoid", loss="mse")
    numbers = np.arange(net.size, dtype=np.float32)
    train = TrainState(numbers, numbers + 1, numbers + 2, epoch=3, loss=0.5, net=net)
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


def test_truncated_bytes_are_noticed() -> None:
    blob = encode(make_state())
    for size in range(len(blob)):
        with pytest.raises(CorruptState):
            decode(blob[:size])


@pytest.mark.parametrize("blob", [b"", b"\x80\x04N.", b"PWLS" + bytes(100), b"x" * 500])
def test_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(CorruptState):
        decode(blob)


def packed(header: dict[str, Any], numbers: bytes) -> bytes:
    """A blob with a valid checksum."""
    text = json.dumps(header, separators=(",", ":")).encode()
    body = text + numbers
    return struct.pack("<4sII", b"PWLS", zlib.crc32(body, len(text)), len(text)) + body


def unpacked(blob: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack_from("<I", blob, 8)
    return json.loads(blob[12 : 12 + size]), blob[12 + size :]


def test_a_format_from_the_future_is_refused() -> None:
    header, numbers = unpacked(encode(make_state()))
    assert_same(decode(packed(header, numbers)), make_state())
    with pytest.raises(CorruptState, match="format 3, expected 2 or 1"):
        decode(packed(header | {"format": 3}, numbers))


@pytest.mark.parametrize(
    "change",
    [
        {"net": {"h": 3}},
        {"net": {"h": 0}},
        {"net": {"width": 2}},
        {"optimizer": {"kind": "adam", "lr": -1}},
        {"optimizer": {"kind": "lbfgs", "lr": 1}},
        {"run": {"start_epoch": 1}},
    ],
)
def test_an_invalid_header_is_refused(change: dict[str, Any]) -> None:
    header, numbers = unpacked(encode(make_state()))
    with pytest.raises(CorruptState):
        decode(packed(header | change, numbers))


NUMBERS_OF_FORMAT_1 = struct.pack(
    "<d15f", 0.25, 1, -1, -4.5, -9, 4.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
)
FORMAT_1 = {
    "format": 1,
    "size": 5,
    "version": 12,
    "seed": 3,
    "lr": 0.02,
    "device": "cpu",
    "data_key": "0" * 16,
    "epoch": 70,
    "run": {"start_epoch": 50, "target_epoch": 5050, "status": "paused"},
    "notice": {"code": "diverged", "args": {"epoch": 70, "lr": 0.02}},
    "first_seq": 4,
    "next_seq": 90,
}


@pytest.mark.parametrize(("device", "engine"), [("cpu", "auto"), ("cuda:1", "torch@cuda:1")])
def test_states_of_format_1_are_read(device: str, engine: str) -> None:
    def vector(*values: float) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.array(values, dtype=np.float32)

    expected = SessionState(
        version=12,
        seed=3,
        optimizer=AdamOptions(lr=0.02),
        engine=engine,
        data_key="0" * 16,
        train=TrainState(
            params=vector(1, -1, -4.5, -9, 4.5),
            m=vector(1, 2, 3, 4, 5),
            v=vector(6, 7, 8, 9, 10),
            epoch=70,
            loss=0.25,
            net=LECTURE,
            optimizer_epoch=0,
        ),
        run=Run(50, 5050, "paused"),
        notice=Notice("diverged", {"epoch": 70, "lr": 0.02}),
        first_seq=4,
        next_seq=90,
        by_recipe=False,  # unknown in format 1
    )
    old = decode(packed(FORMAT_1 | {"device": device}, NUMBERS_OF_FORMAT_1))
    assert_same(old, expected)
    assert_same(decode(encode(old)), expected)  # saved again in the present format


def test_a_damaged_header_of_format_1_is_refused() -> None:
    for change in ({"lr": None}, {"lr": 0}, {"run": 5}):
        with pytest.raises(CorruptState):
            decode(packed(FORMAT_1 | change, NUMBERS_OF_FORMAT_1))
    with pytest.raises(CorruptState):
        decode(packed(FORMAT_1, NUMBERS_OF_FORMAT_1[:-4]))


def test_states_of_format_2_from_before_its_later_fields_are_read() -> None:
    header, numbers = unpacked(encode(make_state(by_recipe=True, locked=True)))
    for name in ("speed", "by_recipe", "history", "locked"):
        del header[name]
    old = decode(packed(header, numbers))
    assert (old.speed, old.by_recipe, old.history) == (Speed(), False, History())
    assert not old.locked


# Points

X = np.array([np.pi, -1, 1e-45], dtype=np.float32)
POINTS = Points(X, abs(X), -X, "own", "점.csv", DataSpec("own", held_out=0.25))


def test_points_of_the_earlier_version_are_read() -> None:
    spec = {"law": "own", "n": 0, "noise": 0.0, "seed": 0, "held_out": 0.25}
    header = {"format": 1, "origin": "own", "label": "점.csv", "spec": spec, "columns": 3}
    text = json.dumps(header, separators=(",", ":")).encode()
    numbers = b"".join(column.tobytes() for column in (X, -X, abs(X)))
    points = codec.decode_points(struct.pack("<4sI", b"PWLP", len(text)) + text + numbers)
    assert (points.key, points.label, points.origin) == (POINTS.key, "점.csv", "own")


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: b"",
        lambda blob: b"PWLS" + blob[4:],
        lambda blob: blob[:20],
        lambda blob: blob[:-1],
        lambda blob: blob[:-4],
        lambda blob: blob.replace(b'"format":1', b'"format":2'),
        lambda blob: blob.replace(b'"columns":3', b'"columns":0'),
        lambda blob: blob.replace(b'"own"', b'"new"', 1),
        lambda blob: blob.replace(b'"held_out":0.25', b'"held_out":9.25'),
    ],
)
def test_damaged_points_are_refused(
    damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    blob = damage(codec.encode_points(POINTS))
    with pytest.raises(ValueError):  # noqa: PT011 -- of many kinds
        codec.decode_points(blob)
    assert codec.read_points(blob, POINTS.key) is None
    assert "can't be read" in caplog.text


def test_points_with_another_key_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    blob = codec.encode_points(POINTS)
    assert codec.read_points(blob[:-1] + b"\x01", POINTS.key) is None
    assert "are damaged" in caplog.text
    assert codec.read_points(blob, POINTS.key) is not None


def test_a_damaged_frame_is_none() -> None:
    blob = codec.encode_frame(Frame(3, 7, 0.5, X, "edit"))
    frame = codec.decode_frame(3, blob)
    assert frame is not None
    assert (frame.seq, frame.epoch, frame.loss, frame.mark) == (3, 7, 0.5, "edit")
    assert frame.numbers.tobytes() == X.tobytes()
    for damaged in (b"", blob[:16], blob[:-1], blob[:16] + b"\x09" + blob[17:]):
        assert codec.decode_frame(3, damaged) is None


def test_a_damaged_step_is_none_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    frames = [Frame(1, 7, 0.5, X), Frame(2, 8, 0.25, X)]
    blob = codec.encode_step(Step(3, "session", make_state(), frames))
    for damaged in (
        b"",
        b"\xc0",
        blob[:-1],
        blob.replace(b"session", b"reverse"),
        blob.replace(b"PWLS", b"PWLX"),
        blob.replace(b'"seed":1', b'"seed":2'),  # the state's checksum
    ):
        assert codec.read_step(3, damaged, "A" * 22) is None
        assert "step 3 of session AAAAAA is damaged" in caplog.text
        caplog.clear()
    at = blob.rindex(codec.encode_frame(frames[1]))
    step = codec.read_step(3, blob[: at + 16] + b"\x09" + blob[at + 17 :], "A" * 22)
    assert step is not None
    assert step.frames is not None
    assert [frame.epoch for frame in step.frames] == [7]  # without the damaged one
