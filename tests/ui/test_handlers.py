"""The sections' handlers, with neither Dash nor a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pwlapp.core import constructions
from pwlapp.core.training import Device
from pwlapp.errors import UserError
from pwlapp.runtime.trainer import Limits
from pwlapp.ui.sections import build, fit

SESSION = {"sid": "a-session"}


class RecordingTrainer:
    """Remembers what it was asked; answers with a snapshot, or refuses."""

    def __init__(self, refusal: UserError | None = None) -> None:
        self.limits = Limits(max_epochs=1_000_000, max_lr=1000, max_seed=2**32 - 1, max_param=1e6)
        self.devices = (Device("cpu", "a processor", "cpu"),)
        self.refusal = refusal
        self.asked: list[tuple[Any, ...]] = []
        self.snapshot = {"epoch": 0, "seed": 1}

    def __getattr__(self, verb: str) -> Any:
        async def answer(*args: Any) -> dict[str, Any]:
            self.asked.append((verb, *args))
            if self.refusal:
                raise self.refusal
            return self.snapshot

        return answer


async def test_start_run_reads_what_was_typed() -> None:
    trainer = RecordingTrainer()
    reply = await fit.start_run(trainer, SESSION, "5,000", "1/1000", "cpu", "1")
    assert reply == fit.Reply(trainer.snapshot, None)
    assert trainer.asked[1:] == [("start_run", "a-session", 5000, 0.001, "cpu")]


async def test_a_fresh_net_takes_the_seed_in_the_field() -> None:
    trainer = RecordingTrainer()
    await fit.start_run(trainer, SESSION, "5", "0.1", "cpu", "7")
    assert [asked[:3] for asked in trainer.asked[1:]] == [
        ("reset", "a-session", 7),
        ("start_run", "a-session", 5),
    ]


async def test_a_trained_net_is_not_thrown_away_for_another_seed() -> None:
    trainer = RecordingTrainer()
    trainer.snapshot = {"epoch": 10, "seed": 1}
    reply = await fit.start_run(trainer, SESSION, "5", "0.1", "cpu", "7")
    assert reply.error == {"code": "seed_differs", "args": {"seed": 1, "typed": 7}}
    assert trainer.asked == [("look", "a-session")]


@pytest.mark.parametrize(
    ("epochs", "lr", "code"),
    [("0", "0.001", "bad_epochs"), ("1.5", "0.001", "bad_epochs"), (None, "0.001", "bad_epochs"),
     ("1000001", "0.001", "bad_epochs"), ("5", "0", "bad_lr"), ("5", [], "bad_lr"),
     ("5", "1001", "bad_lr")],
)  # fmt: skip
async def test_start_run_refuses_nonsense(epochs: Any, lr: Any, code: str) -> None:
    trainer = RecordingTrainer()
    reply = await fit.start_run(trainer, SESSION, epochs, lr, "cpu", "1")
    assert reply.snapshot is None
    assert reply.error is not None
    assert reply.error["code"] == code
    assert trainer.asked == []


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_simple_commands(verb: str) -> None:
    trainer = RecordingTrainer()
    assert (await getattr(fit, verb)(trainer, SESSION)).error is None
    assert trainer.asked == [(verb, "a-session")]
    unknown = await getattr(fit, verb)(trainer, None)
    assert unknown.error == {"code": "session_unknown", "args": {}}


async def test_step_reset_and_edit() -> None:
    trainer = RecordingTrainer()
    await fit.step(trainer, SESSION, "0.01")
    await fit.reset(trainer, SESSION, "7")
    await fit.edit_params(trainer, SESSION, {"params": [1, 2, 3, 4, 5]})
    await fit.edit_params(trainer, SESSION, "forged")
    assert trainer.asked == [
        ("step", "a-session", 0.01),
        ("reset", "a-session", 7),
        ("set_params", "a-session", [1, 2, 3, 4, 5]),
        ("set_params", "a-session", None),  # the trainer's own check refuses it
    ]


async def test_what_the_trainer_refuses_reaches_the_browser_as_a_code() -> None:
    trainer = RecordingTrainer(UserError("bad_device", name="cuda:9"))
    reply = await fit.start_run(trainer, SESSION, 5, 0.1, "cuda:9", 1)
    assert reply == fit.Reply(None, {"code": "bad_device", "args": {"name": "cuda:9"}})


async def test_a_session_that_cannot_be_opened_says_why() -> None:
    trainer = RecordingTrainer(UserError("storage_failed"))
    opened = await fit.open_session(trainer, {"sid": "a-session"})
    assert opened == {"sid": None, "error": {"code": "storage_failed", "args": {}}}


class Inline:
    """A runner that computes here."""

    async def call(self, function: Any, /, *args: Any) -> Any:
        return function(*args)


async def test_constructions_run_the_code_that_they_show() -> None:
    answer = await build.run_constructions(Inline(), {"params": [2, -1, 0.5, 3, -1]})
    assert answer.error is None
    x = np.linspace(-1, 1, 1001)
    expected = 0.5 * np.maximum(2 * x, 0) + 3 * np.maximum(-x, 0) - 1
    assert len(answer.results) == 6
    for result in answer.results:
        assert np.abs(np.array(result["y"]) - expected).max() < 1e-5
        namespace: dict[str, Any] = {}
        exec(result["code"], namespace)
        y = namespace["y"].detach().flatten().numpy()
        assert np.array_equal(y, np.array(result["y"], np.float32))


@pytest.mark.parametrize("data", [None, [], {}, {"params": "x"}, {"params": [1, 2]},
                                  {"params": [1, 2, 3, 4, float("nan")]},
                                  {"params": [1, 2, 3, 4, "__import__('os')"]}])  # fmt: skip
async def test_constructions_refuse_nonsense(data: Any) -> None:
    answer = await build.run_constructions(Inline(), data)
    assert answer.results == []
    assert answer.error is not None
    assert answer.error["code"] == "bad_params"


def test_results_have_the_names_that_the_browser_reads() -> None:
    assert {"number", "code", "y", "max_difference"} <= set(constructions.Result._fields)
