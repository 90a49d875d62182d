"""Explore: why most seeds fail, the loss surface, other data; what the lecture's page does not say.

Each card has a module of its own here and a script of its own in ``assets/explore/``, which makes
its plot when it comes near the screen and asks the server by ``POST /session/<sid>/<verb>``.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import text
from pwlapp.ui.sections import (
    explore_by_hand,
    explore_compare,
    explore_one_step,
    explore_pieces,
    explore_seeds,
    explore_surface,
)


def layout() -> html.Section:
    """The whole section."""
    return html.Section(
        [
            html.H2(text("explore.title")),
            html.P(text("explore.lead"), className="lead"),
            explore_seeds.card(),
            explore_surface.card(),
            explore_by_hand.card(),
            explore_compare.card(),
            explore_pieces.card(),
            explore_one_step.card(),
        ],
        id=ids.EXPLORE,
        className="section",
    )
