"""Undo and redo as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pwlapp.core.data.points import Points
from pwlapp.core.net import bce, from_vector, yhat
from pwlapp.core.optimizers import SgdOptions
from pwlapp.core.state import TrainState
from pwlapp.sessions import history, transitions
from pwlapp.sessions.frames import Frame
from pwlapp.sessions.history import MAX_STEPS, Step, StepKind, record, swap
from pwlapp.sessions.state import NO_HISTORY, History, Notice, Run, SessionState, Speed
from tests.support.sessions import appended, make_frame, make_state

X = np.linspace(-1, 1, 11, dtype=np.float32)
POINTS = Points(x=X, prob=np.full_like(X, 0.5), y=(X > 0).astype(np.float32), origin="embedded")
START = make_state(data_key=POINTS.key)


class Session:
    """A session in memory, with its frames and steps as a store keeps them."""

    def __init__(self, state: SessionState = START, frames: Sequence[Frame] = ()) -> None:
        self.state = state
        self.frames = list(frames)
        self.steps: dict[int, Step] = {}
        self.now = 1000.0

    def do(self, kind: StepKind, after: SessionState, added: Sequence[Frame]) -> None:
        self.now += 10
        recorded, step = record(self.state, self.frames, after, kind, self.now)
        self._save(recorded, added, step)

    def set(self, *params: float, soon: bool = False) -> None:
        after, added = transitions.edit(self.state, params, POINTS) or pytest.fail("no move")
        self.do("weights", after, added)

    def reset(self, seed: int) -> None:
        fresh = replace(self.state.train, epoch=0)
        self.do("session", *transitions.reset(self.state, seed, fresh, POINTS))

    def train(self, epoch: int) -> None:
        self._save(replace(self.state, train=replace(self.state.train, epoch=epoch)), ())

    def undo(self) -> None:
        self._swap(self.state.history.now - 1)

    def redo(self) -> None:
        self._swap(self.state.history.now)

    @property
    def counts(self) -> tuple[int, int]:
        return self.state.history.can_undo, self.state.history.can_redo

    def _swap(self, number: int) -> None:
        after, added, step = swap(self.state, self.frames, self.steps[number], POINTS)
        assert after.version == self.state.version + 1
        self._save(after, added, step)

    def _save(self, state: SessionState, added: Sequence[Frame], step: Step | None = None) -> None:
        self.state = state
        self.frames = [frame for frame in [*self.frames, *added] if frame.seq >= state.first_seq]
        kept = state.history
        if step is not None:
            self.steps[step.number] = step
        self.steps = {n: step for n, step in self.steps.items() if kept.first <= n < kept.end}
        assert sorted(self.steps) == list(range(kept.first, kept.end))


def looks(session: Session) -> tuple[object, ...]:
    """Everything of a session that undo restores."""
    state = session.state
    rest = replace(state, version=0, first_seq=0, next_seq=0, history=NO_HISTORY)
    frames = [(each.epoch, each.loss, each.mark, each.numbers.tobytes()) for each in session.frames]
    return tuple(vars(rest).values()), frames


def test_undo_restores_the_whole_session_and_redo_reverses_it() -> None:
    speed, notice = Speed("fused@cpu", 0, 5, 1.0, 5.0), Notice("diverged", {"epoch": 7, "lr": 0.5})
    state, frames = appended(replace(START, optimizer=SgdOptions(0.5), speed=speed), 5)
    session = Session(replace(state, seed=4, notice=notice), frames)
    before = looks(session)
    session.reset(9)
    assert session.counts == (1, 0)
    session.train(30)
    reset = looks(session)
    session.undo()
    assert looks(session) == before
    assert session.counts == (0, 1)
    assert [frame.seq for frame in session.frames] == [7, 8, 9, 10, 11]
    assert (session.state.first_seq, session.state.next_seq) == (7, 12)
    session.redo()
    assert looks(session) == reset
    assert session.counts == (1, 0)
    session.undo()
    assert looks(session) == before


def test_steps_are_undone_in_turn_and_a_new_step_drops_those_to_redo() -> None:
    session = Session()
    for seed in (2, 3, 4):
        session.reset(seed)
    seen = []
    while session.state.history.can_undo:
        session.undo()
        seen.append(session.state.seed)
    while session.state.history.can_redo:
        session.redo()
        seen.append(session.state.seed)
    assert seen == [3, 2, 1, 2, 3, 4]
    session.undo()
    session.undo()
    assert session.counts == (1, 2)
    session.reset(7)
    assert session.counts == (2, 0)
    session.undo()
    assert session.state.seed == 2


@pytest.mark.parametrize("status", ["running", "paused"])
def test_a_run_is_restored_as_paused(status: str) -> None:
    run = Run(0, 100, status)  # type: ignore[arg-type]
    session = Session(replace(START, run=run))
    session.reset(2)
    session.undo()
    assert session.state.run == Run(0, 100, "paused")
    assert session.state.notice == Notice("back_paused", {"epoch": 7})
    session.redo()
    assert session.state.run is None
    assert session.state.notice == Notice("back_halted", {"epoch": 0})


def test_an_earlier_notice_does_not_come_back() -> None:
    session = Session(replace(START, notice=Notice("session_new")))
    session.reset(2)
    session.undo()
    assert session.state.notice is None


def test_the_frames_of_a_very_long_run_are_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_FRAME_NUMBERS", 50)
    state, frames = appended(START, 11)
    session = Session(state, frames)
    session.reset(2)
    assert session.steps[1].frames is None
    assert session.state.history.sizes == (15,)
    session.undo()
    [frame] = session.frames
    assert (frame.epoch, frame.mark) == (7, "start")
    assert frame.numbers.tobytes() == START.train.params.tobytes()
    assert session.state.notice == Notice("back_no_curve", {"epoch": 7})
    just_fits = Session(*appended(START, 10))
    just_fits.reset(2)
    assert just_fits.state.history.sizes == (15 + 50,)


def test_weights_are_swapped_as_weights() -> None:
    session = Session()
    session.set(1, 2, 3, 4, 5)
    assert session.counts == (1, 0)
    assert session.steps[1].frames == ()
    session.undo()
    train = session.state.train
    assert train.params.tobytes() == START.train.params.tobytes()
    assert (train.m is START.train.m, train.v is START.train.v) == (True, True)
    expected = bce(yhat(from_vector(START.train.params), POINTS.x), POINTS.y)
    assert train.loss == pytest.approx(expected)
    assert session.state.notice is None
    assert session.frames[-1].mark == "edit"
    session.redo()
    assert session.state.train.params.tolist() == [1, 2, 3, 4, 5]


def test_epochs_that_were_trained_after_an_edit_stay_counted() -> None:
    run = Run(0, 100, "running")
    session = Session(replace(START, run=run))
    session.set(1, 2, 3, 4, 5)
    session.train(50)
    trained = replace(session.state.train, params=np.ones(5, dtype=np.float32))
    session.state = replace(session.state, train=trained)
    session.undo()
    assert session.state.train.params.tobytes() == START.train.params.tobytes()
    assert (session.state.train.epoch, session.state.run) == (50, run)
    assert session.state.notice == Notice("undo_trained_since", {"epoch": 50, "then": 7})
    session.redo()
    assert session.state.train.params.tolist() == [1, 1, 1, 1, 1]
    assert session.state.notice is None


def test_restoring_equal_weights_adds_no_frame() -> None:
    session = Session()
    session.set(1, 2, 3, 4, 5)
    session.state = replace(session.state, train=START.train)
    count = len(session.frames)
    session.undo()
    assert len(session.frames) == count
    assert session.counts == (0, 1)


@pytest.mark.parametrize(
    ("params", "seconds", "is_merged"),
    [
        ([10, -1, -4.5, -9, 4.5], 0.69, True),
        ([10, -1, -4.5, -9, 4.5], 0.7, False),
        ([8, -1, -4.5, -9, 4.5], 0.1, True),
        ([9, 1, -4.5, -9, 4.5], 0.1, False),  # another weight
        ([8, 1, -4.5, -9, 4.5], 0.1, False),  # two weights
    ],
)
def test_quick_edits_of_one_weight_are_one_step(
    params: list[float], seconds: float, is_merged: bool
) -> None:
    first, added = transitions.edit(START, [9, -1, -4.5, -9, 4.5], POINTS) or pytest.fail("no move")
    first, step = record(START, [], first, "weights", at=0.0)
    assert step is not None
    second, _ = transitions.edit(first, params, POINTS) or pytest.fail("no move")
    second, merged = record(first, added, second, "weights", at=seconds)
    assert (merged is None) is is_merged
    assert second.history.can_undo == (1 if is_merged else 2)
    assert second.history.at == seconds
    if is_merged:
        undone, _, other = swap(second, added, step, POINTS)
        assert undone.train.params.tobytes() == START.train.params.tobytes()
        assert other.state.train.params.tolist() == params
        third, _ = transitions.edit(undone, params, POINTS) or pytest.fail("no move")
        _, step = record(undone, [], third, "weights", at=seconds)
        assert step is not None  # not after an undo


def test_resets_in_quick_succession_are_steps_of_their_own() -> None:
    first, _ = record(START, [], transitions.reset(START, 2, START.train, POINTS)[0], "session", 0)
    second, step = record(
        first, [], transitions.reset(first, 3, first.train, POINTS)[0], "session", 0
    )
    assert step is not None
    assert second.history.can_undo == 2


def test_the_oldest_of_too_many_steps_are_dropped() -> None:
    session = Session()
    for seed in range(2, MAX_STEPS + 12):
        session.reset(seed)
    assert session.counts == (MAX_STEPS, 0)
    for _ in range(MAX_STEPS):
        session.undo()
    assert (session.state.seed, session.counts) == (11, (0, MAX_STEPS))


def test_the_oldest_of_too_large_steps_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_NUMBERS", 100)
    session = Session(*appended(START, 5))
    session.reset(2)
    assert session.state.history.sizes == (15 + 25,)
    for seed in (3, 4, 5):
        session.reset(seed)
    assert session.state.history == replace(
        session.state.history, first=1, now=5, sizes=(40, 20, 20, 20)
    )
    session.reset(6)
    assert session.state.history == replace(
        session.state.history, first=2, now=6, sizes=(20, 20, 20, 20)
    )
    wide = np.zeros(200, dtype=np.float32)
    session.frames += [replace(make_frame(session.state.next_seq), numbers=wide)]
    session.state = replace(session.state, next_seq=session.state.next_seq + 1)
    session.reset(7)
    assert session.state.history.sizes == (15 + 5 + 200,)  # the newest is stored, however large
    session.undo()
    assert session.state.seed == 6
    assert session.state.history.sizes == (20,)  # of the state that redo restores


def test_the_sizes_are_those_of_the_stored_steps() -> None:
    session = Session(*appended(START, 3))
    for count in (2, 4, 6):
        session.reset(count)
        state, frames = appended(session.state, count)
        session.state, session.frames = state, [*session.frames, *frames]
    sizes = [15 + 5 * n for n in (3, 1 + 2, 1 + 4, 1 + 6)]
    assert session.state.history.sizes == tuple(sizes[:3])
    session.undo()
    assert session.state.history.sizes == (sizes[0], sizes[1], sizes[3])
    session.undo()
    assert session.state.history.sizes == (sizes[0], sizes[2], sizes[3])
    session.redo()
    assert session.state.history.sizes == (sizes[0], sizes[1], sizes[3])


def test_a_step_keeps_no_history_of_its_own() -> None:
    session = Session()
    session.reset(2)
    session.reset(3)
    assert [step.state.history for step in session.steps.values()] == [NO_HISTORY, NO_HISTORY]


def test_the_numbers_of_a_step_are_those_of_a_train_state() -> None:
    assert history._size(Step(1, "weights", START, ())) == 3 * 5
    train = TrainState(*np.zeros((3, 5), dtype=np.float32), epoch=0, loss=0.0)
    frames = [make_frame(1), make_frame(2)]
    assert history._size(Step(1, "session", replace(START, train=train), frames)) == 3 * 5 + 10


def test_history_counts() -> None:
    steps = History(first=3, now=5, sizes=(1, 1, 1))
    assert (steps.can_undo, steps.can_redo, steps.end) == (2, 1, 6)
