"""Compare runs: what was kept of several runs, one over the other.

Kept runs live in the browser tab; see ``assets/explore/compare*.js``.
"""

from __future__ import annotations

from typing import Any

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, labelled, legend, text
from pwlapp.ui.components import card as surface


def card() -> html.Section:
    """The whole card; the browser fills it."""
    plots = [
        _plot("compare.loss_title", "compare.loss_label", ids.COMPARE_LOSS_PLOT),
        _plot(
            "compare.fit_title",
            "compare.fit_label",
            ids.COMPARE_POINTS_PLOT,
            ids.COMPARE_FIT_PLOT,
        ),
    ]
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
        labelled(
            html.Div(id=ids.COMPARE_TABLE, className="table-box", tabIndex="0", role="region"),
            "compare.table_label",
        ),
        title="compare.title",
    )


def keep_button(button_id: str, said_id: str, *, kind: str = "plain") -> html.Div:
    """The button that keeps the current run, and the place beside it for what it says."""
    said = html.Span(id=said_id, className="hint compare-said", role="status")
    return html.Div([button(button_id, "compare.keep", kind=kind), said], className="compare-keep")


def _plot(title: str, label: str, *layers: str) -> html.Div:
    boxes: list[Any] = [html.Div(id=layer, className="layer") for layer in layers]
    graph = labelled(html.Div(boxes, className="graph tall", role="img"), label)
    return html.Div([html.H4(text(title), className="plot-title"), graph])
