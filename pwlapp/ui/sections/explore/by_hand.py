"""By hand against Adam: the student's own weights and Fit's net on the same data.

All of it runs in the browser, in ``assets/explore/by-hand/``.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, buttons, empty_graph, legend, live_number, text
from pwlapp.ui.components import card as plain_card


def card() -> html.Section:
    """The whole card."""
    return plain_card(
        html.P(text("byhand.lead"), className="hint"),
        html.Div([_plot(), _weights()], className="grid plot-and-controls"),
        title="byhand.title",
        class_name="by-hand",
    )


def _plot() -> html.Div:
    return html.Div(
        [
            legend(
                ("hand", "byhand.role_hand"),
                ("yhat", "byhand.role_adam"),
                ("truth", "byhand.role_truth"),
                ("data", "role.data"),
            ),
            empty_graph("byhand.plot_label", ids.BY_HAND_POINTS, ids.BY_HAND_PLOT),
            _score(),
        ],
        className="by-hand-side",
    )


def _score() -> html.Div:
    losses = [
        html.Div([text(key), live_number(id_, "–", "big-number")], className=f"by-hand-loss {who}")
        for who, key, id_ in (
            ("hand", "byhand.loss_hand", ids.BY_HAND_LOSS),
            ("adam", "byhand.loss_adam", ids.BY_HAND_ADAM_LOSS),
        )
    ]
    return html.Div(
        [*losses, html.P(id=ids.BY_HAND_VERDICT, className="by-hand-verdict")],
        className="by-hand-score",
    )


def _weights() -> html.Div:
    return html.Div(
        [
            html.Div(id=ids.BY_HAND_WEIGHTS, className="weights"),
            buttons(
                button(ids.BY_HAND_FROM_BUILD, "byhand.from_build"),
                button(ids.BY_HAND_FROM_ADAM, "byhand.from_adam"),
                button(ids.BY_HAND_BEST, "byhand.best"),
            ),
            html.P(text("byhand.best_hint"), className="hint"),
        ],
        className="by-hand-side",
    )
