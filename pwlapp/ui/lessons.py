"""The lessons as data; the scripts in ``assets/lessons/`` carry them out.

The texts of step n, from 1, are ``lesson.<id>_<n>`` (what there is to see) and
``lesson.<id>_<n>_do`` (what to do).

A visitor who comes from the step before keeps its result, and the page applies only what the new
step sets. A visitor who jumps to a step, by its number or by a URL, also gets the results of the
steps before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pwlapp.core import net as nets
from pwlapp.core.data import datasets
from pwlapp.ui import ids

# What a step can set and check; the functions are in assets/lessons/.
SETTERS = ("build", "fit", "params", "trained", "epochs")
CHECKS = (
    "read", "build_mse", "build_moved", "w1_moved", "construction", "epoch", "at_epoch", "seed",
    "loss", "width", "bias1", "activation", "optimizer", "lr", "momentum", "status", "both_sides",
    "steep", "edges", "seeds", "unit", "weight", "moved", "more_epochs", "looking_back", "edited",
)  # fmt: skip

START = tuple(nets.to_vector(nets.START).tolist())
# Seed 3 after 5,000 epochs on the lecture's data, one W1 of it set to 1.
HELPED = (1.0, -2.0526, -1.5177, -1.9014, 2.3080)


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes
    ----------
    target : str
        Id of the element that the step is about.
    done : dict
        The conditions that complete the step: names in `CHECKS`, each with a value to compare with.
    set : dict
        What the step sets when the visitor comes from the step before: names in `SETTERS`. May be
        empty.
    jump : dict
        What the step sets when the visitor jumps to it; by default what the latest step with a
        non-empty `set` sets.
    """

    target: str
    done: dict[str, Any]
    set: dict[str, Any] = field(default_factory=dict)
    jump: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """A lesson: a title, ``lesson.<id>``, and steps."""

    id: str
    steps: tuple[Step, ...]


def at_least(value: float) -> dict[str, float]:
    """The condition that a number is at least `value`."""
    return {"min": value}


def at_most(value: float) -> dict[str, float]:
    """The condition that a number is at most `value`."""
    return {"max": value}


def fit(
    seed: int = 1,
    net: dict[str, Any] | None = None,
    lr: float = 0.001,
    data: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An untrained net in Fit, by default the lecture's; 5,000 in the field of epochs."""
    described = {
        "seed": seed,
        "net": vars(nets.LECTURE) | (net or {}),
        "optimizer": {"kind": "adam", "lr": lr},
        "data": data or {"law": "lecture"},
    }
    return {"fit": described, "epochs": 5000}


def trained(epochs: int, of: dict[str, Any] | None = None) -> dict[str, Any]:
    """A net in Fit, by default the lecture's, after `epochs` of training."""
    return (of or fit()) | {"trained": epochs}


def drawn(law: str) -> dict[str, Any]:
    """The data of a law, with its default size, noise and seed."""
    found = datasets.TABLE[law]
    return {"law": law, "n": found.n, "noise": found.noise, "seed": found.seed, "held_out": 0}


SMOOTH = {"bias1": True, "activation": "sigmoid", "loss": "mse"}

# The tour sets nothing, so that it never discards a visitor's work.
TOUR = Lesson(
    "tour",
    (
        Step(ids.BUILD_WEIGHTS, {"moved": True}),
        Step(ids.FIT_TRAIN, {"more_epochs": at_least(1000)}),
        Step(ids.FIT_PLAYBACK, {"looking_back": True}),
        Step(ids.FIT_TRAIN, {"more_epochs": at_least(1000)}),
        Step(ids.FIT_WEIGHTS, {"edited": True}),
        Step(ids.PIECES_UNITS, {"unit": True}),
        Step(ids.SHARE_LINK, {"read": True}),
    ),
)

PAGE = Lesson(
    "page",
    (
        Step(ids.BUILD_PLOT, {"build_moved": True}, {"build": START}),
        Step(ids.CONSTRUCTION_TABS, {"construction": 6}),
        Step("panel-y", {"w1_moved": True}, {"build": START}),
        Step(ids.BUILD_EQUATIONS, {"build_mse": at_most(1e-6)}, {"build": (1, -1, -3, -6, 3)}),
        Step(ids.FIT_YHAT_PLOT, {"read": True}, fit()),
        Step(ids.FIT_WEIGHTS, {"epoch": at_least(1)}),
        Step(ids.FIT_TRAIN, {"epoch": at_least(5000)}),
        Step(ids.FIT_CHECKPOINTS, {"at_epoch": 0}, jump=trained(5000)),
        Step(ids.FIT_TRAIN, {"epoch": at_least(10_000)}, jump=trained(5000)),
        Step(ids.FIT_LOGIT_PLOT, {"read": True}, jump=trained(10_000)),
    ),
)

ONE_STEP = Lesson(
    "onestep",
    (
        Step(ids.ONE_STEP_YHAT, {"read": True}, fit()),
        Step(ids.ONE_STEP_BACKWARD, {"weight": 2}),
        Step(ids.ONE_STEP_OPTIMIZER, {"epoch": at_least(1)}),
        Step(
            ids.FIT_OPTIONS,
            {"optimizer": "sgd", "momentum": at_least(0.9), "epoch": at_least(3)},
            fit(),
        ),
        Step(ids.ONE_STEP_BACKWARD, {"weight": 4}, fit(seed=3)),
    ),
)

SEEDS = Lesson(
    "seeds",
    (
        Step(ids.FIT_TRAIN, {"seed": 3, "epoch": at_least(5000)}, fit(seed=3)),
        Step(ids.FIT_WEIGHTS, {"both_sides": True}, jump=trained(5000, fit(seed=3))),
        Step(
            ids.FIT_TRAIN,
            {"both_sides": True, "loss": at_most(0.3)},
            jump=fit(seed=3) | {"params": HELPED},
        ),
        Step(ids.SEEDS_TRAIN, {"seeds": at_least(50)}),
        Step(ids.FIT_OPTIONS, {"bias1": True, "epoch": at_least(1000)}),
    ),
)

WIDE = Lesson(
    "wide",
    (
        Step(
            ids.FIT_TRAIN,
            {"width": at_most(2), "epoch": at_least(1000)},
            fit(net={"bias1": True}, data=drawn("step_like")),
        ),
        Step(ids.FIT_OPTIONS, {"width": at_least(8), "epoch": at_least(1000)}),
        Step(ids.FIT_OPTIONS, {"width": at_least(512), "epoch": at_least(1000)}),
        Step(
            ids.PIECES_UNITS,
            {"width": at_least(8), "unit": True},
            jump=trained(5000, fit(net={"h": 64, "bias1": True}, data=drawn("step_like"))),
        ),
    ),
)

STEPS = Lesson(
    "steps",
    (
        Step(
            ids.FIT_YHAT_PLOT,
            {"read": True},
            fit(net=SMOOTH, lr=0.05, data=drawn("step")) | {"params": (-5, 5, 10, 10, 1, 1, -1)},
        ),
        Step(ids.FIT_WEIGHTS, {"steep": at_least(10), "edges": 2}),
        Step(
            ids.FIT_YHAT_PLOT,
            {"read": True},
            fit(net=SMOOTH | {"h": 4}, lr=0.05, data=drawn("two_steps"))
            | {"params": (5, -5, 5, -5, 20, -5, -5, 20, 1, 1, 2, 2, -3)},
        ),
        Step(
            ids.FIT_TRAIN,
            {"activation": "sigmoid", "epoch": at_least(5000)},
            fit(net=SMOOTH | {"h": 8}, lr=0.05, data=drawn("two_steps")),
        ),
    ),
)

LR = Lesson(
    "lr",
    (
        Step(
            ids.FIT_TRAIN,
            {"lr": at_most(0.0001), "epoch": at_least(5000)},
            fit(lr=0.0001),
        ),
        Step(ids.FIT_TRAIN, {"lr": at_least(0.01), "loss": at_most(0.27)}, fit(lr=0.01)),
        Step(ids.FIT_OPTIONS, {"lr": at_least(10), "status": "diverged"}, fit()),
        Step(ids.FIT_OPTIONS, {"optimizer": "sgd", "epoch": at_least(5000)}, fit()),
        Step(
            ids.FIT_OPTIONS,
            {"optimizer": "sgd", "momentum": at_least(0.9), "epoch": at_least(5000)},
            fit(),
        ),
    ),
)

LESSONS = (TOUR, PAGE, ONE_STEP, SEEDS, WIDE, STEPS, LR)


def as_json() -> list[dict[str, Any]]:
    """The lessons as JSON."""
    return [{"id": lesson.id, "steps": _steps(lesson)} for lesson in LESSONS]


def _steps(lesson: Lesson) -> list[dict[str, Any]]:
    """The steps of a lesson as JSON; ``start`` is what a step sets for visitors who jump to it."""
    start: dict[str, Any] = {}
    steps = []
    for step in lesson.steps:
        start = step.set or start
        begun = step.jump or start
        steps.append({"target": step.target, "done": step.done, "set": step.set, "start": begun})
    return steps


@cache
def as_file() -> tuple[bytes, str]:
    """`as_json` as bytes, and an ETag for them."""
    body = json.dumps(as_json(), separators=(",", ":")).encode()
    return body, f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
