"""Explore: one card for each question, for example why most seeds fail.

One card is shown at a time, and each has its own URL. A card has a module here and a folder in
``assets/explore/``, whose scripts make its plots when it is first shown.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import labelled, text
from pwlapp.ui.sections import (
    explore_by_hand,
    explore_compare,
    explore_one_step,
    explore_pieces,
    explore_seeds,
    explore_surface,
)

# The cards by their anchor in the URL, in the order of the navigation.
CARDS = {
    "explore-seeds": ("seeds.title", explore_seeds.card),
    "explore-surface": ("surface.title", explore_surface.card),
    "explore-byhand": ("byhand.title", explore_by_hand.card),
    "explore-compare": ("compare.title", explore_compare.card),
    "explore-pieces": ("pieces.title", explore_pieces.card),
    "explore-onestep": ("step.title", explore_one_step.card),
}


def layout() -> html.Section:
    """The whole section."""
    links = [html.A(text(title), href=f"#{id_}") for id_, (title, _) in CARDS.items()]
    cards = [html.Div(card(), id=id_, className="explore-card") for id_, (_, card) in CARDS.items()]
    return html.Section(
        [
            html.H2(text("explore.title")),
            labelled(html.Nav(links, id=ids.EXPLORE_PICK), "explore.pick"),
            html.Div(cards, className="explore-cards"),
        ],
        id=ids.EXPLORE,
        className="view",
    )
