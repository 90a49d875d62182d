"""A locked session, which only the teacher of its room may change."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pwlapp.commands.table import COMMANDS, STREAMS, run
from pwlapp.core.optimizers import AdamOptions
from pwlapp.errors import UserError
from pwlapp.sessions import transitions
from pwlapp.sessions.service import SessionService
from pwlapp.sessions.state import SessionState, changed
from pwlapp.sessions.transitions import Transition
from tests.support.sessions import finished, has_moved, until

ADAM = AdamOptions()
NET = {"h": 2, "bias1": False, "activation": "relu", "loss": "bce"}
RUN = {"seed": 1, "net": NET, "optimizer": {"kind": "adam"}, "engine": "auto"}
LAW = {"law": "step", "n": 50, "noise": 0.1, "seed": 1}
OWN = {"law": "own", "x": [0, 1], "y": [0, 1]}
CSV = "eCx5CjAsMQoxLDAK"
CHANGES: dict[str, dict[str, Any]] = {
    "begin": {"seed": 1, "net": NET, "optimizer": {"kind": "adam"}, "epochs": 5},
    "edit": {"params": [1, 2, 3, 4, 5]},
    "move_points": {"spec": OWN},
    "redo": {},
    "reset": {"net": NET, "seed": 2},
    "resume": RUN,
    "step": RUN,
    "train": RUN | {"epochs": 5},
    "undo": {},
    "upload": {"name": "a.csv", "base64": CSV},
    "use_data": {"spec": {"law": "lecture"}},
}
READS = {"one_step", "params", "plateaus", "preview", "saved", *STREAMS}
# `prepare` resets an untrained net only; `pause` finds no run. `restore` is tested by itself.
OTHERS = {"prepare", "pause", "restore"}


def lock(state: SessionState, locked: bool = True) -> Transition:
    paused = replace(state.run, status="paused") if state.run else None
    return changed(state, run=paused, locked=locked), []


async def locked_session(service: SessionService) -> str:
    """With a step to undo, one to redo, and a paused run."""
    sid, _ = await service.open()
    await service.set_params(sid, [1, 2, 3, 4, 5])
    await service.set_params(sid, [5, 4, 3, 2, 1])
    await service.undo(sid)
    await service.start_run(sid, 1_000_000, ADAM, "torch@cpu")
    await until(lambda: has_moved(service, sid))
    await service.apply(sid, lock, as_teacher=True)
    return sid


def test_every_command_is_tested() -> None:
    assert set(CHANGES) | READS | OTHERS == set(COMMANDS) | set(STREAMS)


async def test_no_command_changes_a_locked_session(service: SessionService) -> None:
    sid = await locked_session(service)
    before = await service.read(sid)
    saved = await run(service, sid, "saved", {})
    for name, body in (CHANGES | {"restore": saved}).items():
        with pytest.raises(UserError, match=r"^frozen$"):
            await run(service, sid, name, body)
    await run(service, sid, "pause", {})
    assert await service.read(sid) == before
    assert await service.open(sid) == (sid, before[0])


async def test_an_untrained_locked_net_stays_as_it_is(service: SessionService) -> None:
    sid, _ = await service.open()
    await service.apply(sid, lock, as_teacher=True)
    with pytest.raises(UserError, match="frozen"):
        await run(service, sid, "prepare", {"seed": 9, "net": NET})


async def test_the_teacher_changes_a_locked_session(either: SessionService) -> None:
    sid = await locked_session(either)
    resume = partial(transitions.resume, optimizer=ADAM, engine="torch@cpu")
    with pytest.raises(UserError, match="frozen"):
        await either.apply_and_start(sid, resume)
    await either.apply_and_start(sid, resume, as_teacher=True)
    await either.apply(sid, partial(lock, locked=False), as_teacher=True)
    await either.resume(sid)
    assert (await either.pause(sid))["status"] == "paused"


async def test_undo_neither_locks_nor_unlocks(service: SessionService) -> None:
    """After unlocking, steps from before the lock and from within it can be undone."""
    sid, _ = await service.open()
    await service.apply(sid, lock, as_teacher=True)
    state = await service.state(sid)
    points = await service.points_of(state)
    reset = partial(transitions.reset, seed=4, train=state.train, points=points)
    await service.apply(sid, reset, None, "session", as_teacher=True)
    await service.apply(sid, partial(lock, locked=False), as_teacher=True)
    assert (await service.undo(sid))["seed"] == 1
    assert not (await service.state(sid)).locked
    assert (await service.redo(sid))["seed"] == 4


async def test_a_lock_that_comes_during_a_step_wins(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid, before = await service.open()
    scheduler = service._scheduler
    train_epoch = scheduler.train_epoch

    async def locked_meanwhile(*args: Any) -> Any:
        await service.apply(sid, lock, as_teacher=True)
        return await train_epoch(*args)

    monkeypatch.setattr(scheduler, "train_epoch", locked_meanwhile)
    with pytest.raises(UserError, match="frozen"):
        await service.step(sid, ADAM)
    assert (await service.get_snapshot(sid))["epoch"] == before["epoch"]


async def test_many_sessions_are_created_read_and_deleted(either: SessionService) -> None:
    first, _ = await either.open()
    state = await either.state(first)
    points = await either.points_of(state)
    train = await either.initial_state(7, state.train.net, points)
    waiting = transitions.new_session(7, ADAM, "torch@cpu", train, points, None)
    begun = transitions.begin_run(state, 8, ADAM, "torch@cpu", train, points, 20)
    await either.save_points(points)
    sids = [await either.create(*waiting), await either.create(*begun)]
    assert (await finished(either, sids[1]))["epoch"] == 20
    states = await either.load_many([*sids, "x" * 22, "🙂"])
    assert {sid: found.seed for sid, found in states.items()} == dict(
        zip(sids, (7, 8), strict=True)
    )
    await either.delete(sids)
    assert set(await either.load_many([*sids, first])) == {first}
    with pytest.raises(UserError, match="session_unknown"):
        await either.get_snapshot(sids[0])
