"""The line in pieces: every unit's line with its knot, and the straight pieces that they add up to.

The browser computes them from the net's parameters; see ``assets/explore/pieces/``.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import card as surface
from pwlapp.ui.components import empty_graph, legend, table_box, text


def card() -> html.Section:
    """The whole card; the browser fills it."""
    return surface(
        html.P(text("pieces.lead"), className="hint"),
        html.Div([_units(), _line()], className="grid halves"),
        title="pieces.title",
    )


def _units() -> html.Div:
    return html.Div(
        [
            legend(
                ("yhat", "role.logit", "role.yhat"),
                ("unit1", "role.unit1"),
                ("unit2", "role.unit2"),
                ("others", "pieces.units"),
                ("chosen", "pieces.chosen"),
                ("knot", "pieces.knot"),
            ),
            html.Div(
                [
                    empty_graph("pieces.plot_label", ids.PIECES_PLOT),
                    html.Div(id=ids.PIECES_CHOOSE, className="pieces-choose"),
                ],
                id=ids.PIECES_UNITS,
            ),
            html.P(id=ids.PIECES_UNIT, className="pieces-unit"),
        ],
        className="pieces-part",
    )


def _line() -> html.Div:
    return html.Div(
        [
            html.P(id=ids.PIECES_WHEN, className="hint pieces-when"),
            html.P(id=ids.PIECES_COUNT, className="hint pieces-count"),
            html.Div(id=ids.PIECES_FORMULA, className="formula pieces-formula"),
            table_box(ids.PIECES_TABLE, "pieces.table_label"),
        ],
        className="pieces-part",
    )
