"""What Fit says of a run that is stuck; filled and shown by ``assets/explore/stuck.js``."""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, text


def box() -> html.Section:
    """The box under the plots, hidden until there is something to say."""
    return html.Section(
        [
            html.H3(text("stuck.title"), className="card-title"),
            html.P(id=ids.STUCK_REASON),
            html.P(id=ids.STUCK_LIMIT),
            html.Div(
                [
                    button(ids.STUCK_BIAS, "stuck.bias"),
                    button(ids.STUCK_SEED, "stuck.seed"),
                    button(ids.STUCK_UNITS, "stuck.units"),
                ],
                className="buttons",
            ),
            html.P(id=ids.STUCK_HINT, className="hint"),
        ],
        id=ids.FIT_STUCK,
        className="card stuck",
        hidden=True,
    )
