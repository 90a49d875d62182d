"""Explore: one card for each question, for example why most seeds fail.

One card is shown at a time, and each has its own URL. A card has a module here and a folder in
``assets/explore/``, whose scripts make its plots when it is first shown.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import labelled, text
from pwlapp.ui.sections.explore import by_hand, compare, one_step, pieces, seeds, surface

# The cards by their anchor in the URL, in the order of the navigation.
CARDS = {
    "explore-seeds": ("seeds.title", seeds.card),
    "explore-surface": ("surface.title", surface.card),
    "explore-byhand": ("byhand.title", by_hand.card),
    "explore-compare": ("compare.title", compare.card),
    "explore-pieces": ("pieces.title", pieces.card),
    "explore-onestep": ("step.title", one_step.card),
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
