"""Compare runs: plots and a table of several runs that the student has kept.

Kept runs are stored in the browser tab; see ``assets/explore/compare/``.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, empty_graph, legend, table_box, text
from pwlapp.ui.components import card as surface


def card() -> html.Section:
    """The whole card; the browser fills it."""
    losses = empty_graph("compare.loss_label", ids.COMPARE_LOSS_PLOT)
    fits = empty_graph("compare.fit_label", ids.COMPARE_POINTS_PLOT, ids.COMPARE_FIT_PLOT)
    plots = [_titled("compare.loss_title", losses), _titled("compare.fit_title", fits)]
    return surface(
        html.P(text("compare.lead"), className="hint"),
        html.Div(
            [
                keep_button(ids.COMPARE_KEEP, ids.COMPARE_SAID, kind="primary"),
                html.Div(id=ids.COMPARE_AXES, className="compare-axes"),
            ],
            className="spread",
        ),
        legend(("data", "role.data"), ("truth", "compare.truth"), ("yhat", "compare.live")),
        html.Div(plots, className="grid halves"),
        html.P(id=ids.COMPARE_NOTE, className="hint compare-note"),
        table_box(ids.COMPARE_TABLE, "compare.table_label"),
        title="compare.title",
    )


def keep_button(button_id: str, said_id: str, *, kind: str = "plain") -> html.Div:
    """The button that keeps the present run, and a message beside it."""
    said = html.Span(id=said_id, className="hint compare-said", role="status")
    return html.Div([button(button_id, "compare.keep", kind=kind), said], className="compare-keep")


def _titled(title: str, plot: html.Div) -> html.Div:
    return html.Div([html.H4(text(title), className="plot-title"), plot])
