"""The drawer of Fit for a run that is stuck; ``assets/explore/seeds/stuck.ts`` fills it."""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, buttons, drawer


def stuck_drawer() -> html.Details:
    """The drawer, hidden until a run is stuck."""
    return drawer(
        ids.FIT_STUCK,
        "stuck.title",
        html.P(id=ids.STUCK_REASON),
        html.P(id=ids.STUCK_LIMIT),
        buttons(
            button(ids.STUCK_BIAS, "stuck.bias"),
            button(ids.STUCK_SEED, "stuck.seed"),
            button(ids.STUCK_UNITS, "stuck.units"),
        ),
        html.P(id=ids.STUCK_HINT, className="hint"),
        label="stuck.button",
        hidden=True,
        class_name="stuck",
    )
