"""Limits, choices and constants of the server, as JSON in the page for ``core/limits.ts``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from pwlapp.commands import data, seeds
from pwlapp.core.analysis.plateaus import MIN_GAIN
from pwlapp.core.data.points import MAX_POINTS, MIN_POINTS
from pwlapp.core.export import qr
from pwlapp.core.net import MAX_HIDDEN, MAX_PARAM, Activation, Loss
from pwlapp.core.optimizers import MAX_LR, OPTIMIZERS
from pwlapp.core.state import MAX_SEED
from pwlapp.ui.lessons import LESSONS
from pwlapp.web.http import bodies


def limits(max_epochs: int) -> dict[str, Any]:
    """Ranges of whole numbers with their error codes, and other limits and choices."""
    ranges = {
        "seed": ("bad_seed", 0, MAX_SEED),
        "epochs": ("bad_epochs", 1, max_epochs),
        "hidden": ("bad_hidden", 1, MAX_HIDDEN),
        "seeds": ("bad_count", 1, seeds.MAX_COUNT),
        "points": ("bad_n", MIN_POINTS, MAX_POINTS),
    }
    return {
        "ranges": {
            name: {"code": code, "min": low, "max": high}
            for name, (code, low, high) in ranges.items()
        },
        "max_param": MAX_PARAM,
        "max_lr": MAX_LR,
        "max_label": data.MAX_LABEL,
        "max_file": data.MAX_FILE,
        "max_body": bodies.MAX_BYTES,
        "max_link": qr.MAX_LENGTH,
        "activations": get_args(Activation),
        "losses": get_args(Loss),
        "min_gain": MIN_GAIN,
        "lessons": [lesson.id for lesson in LESSONS],
        "optimizers": {kind: asdict(made()) for kind, made in OPTIMIZERS.items()},
    }
