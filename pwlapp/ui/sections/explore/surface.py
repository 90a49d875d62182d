"""The loss surface: the loss over two parameters of the net, or over a plane through its run.

``assets/explore/surface/`` draws it when it is first shown.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, labelled, legend, live_number, text
from pwlapp.ui.components import card as plain_card


def card() -> html.Section:
    """The whole card."""
    views = html.Div([_plot(), _numbers(), _solid(), _words()], className="grid surface-views")
    body = html.Div([_choices(), views], id=ids.SURFACE_BODY, className="surface-body")
    return plain_card(
        html.P(text("surface.lead"), className="hint"),
        html.P(id=ids.SURFACE_WIDE, className="surface-wide", hidden=True),
        body,
        title="surface.title",
        class_name="surface",
    )


def _choices() -> html.Div:
    """The controls that choose a plane and the zoom; the browser fills the lists."""
    zoom = [
        _icon(ids.SURFACE_ZOOM_IN, "+", "surface.zoom_in"),
        _icon(ids.SURFACE_ZOOM_OUT, "−", "surface.zoom_out"),
        button(ids.SURFACE_ZOOM_RESET, "surface.zoom_reset"),
        button(ids.SURFACE_SOLID_SWITCH, "surface.solid"),
    ]
    two = [_select(ids.SURFACE_X, "surface.x"), _select(ids.SURFACE_Y, "surface.y")]
    return html.Div(
        [
            _select(ids.SURFACE_VIEW, "surface.view"),
            html.Div(two, id=ids.SURFACE_TWO, className="fields"),
            html.Div(
                [_select(ids.SURFACE_THIRD, "surface.third")],
                id=ids.SURFACE_RUN,
                className="fields",
                hidden=True,
            ),
            html.Div(zoom, className="buttons surface-zoom"),
        ],
        className="fields surface-choices",
    )


def _select(id_: str, key: str) -> html.Label:
    return html.Label([text(key), html.Select(id=id_)], className="field")


def _icon(id_: str, sign: str, key: str) -> html.Button:
    return labelled(html.Button(sign, id=id_, className="icon"), key)


def _plot() -> html.Div:
    plot = html.Div(id=ids.SURFACE_PLOT, className="graph surface-graph")
    return html.Div(
        [
            legend(
                ("path", "surface.role_path"),
                ("start", "surface.role_start"),
                ("handle", "surface.role_now"),
                ("lowest", "surface.role_lowest"),
            ),
            plot,
        ],
        className="surface-side",
    )


def _numbers() -> html.Div:
    readouts = (
        ("surface.loss_now", ids.SURFACE_LOSS),
        ("surface.loss_lowest", ids.SURFACE_LOWEST),
    )
    return html.Div(
        [html.Div([text(key), live_number(id_)]) for key, id_ in readouts],
        className="surface-numbers",
    )


def _solid() -> html.Div:
    """The 3-D view, hidden until the visitor opens it."""
    box = html.Div(id=ids.SURFACE_SOLID, className="graph surface-graph", hidden=True, role="group")
    return labelled(box, "surface.solid_label")


def _words() -> html.Div:
    return html.Div(
        [
            html.P(id=ids.SURFACE_PROBLEM, className="surface-problem"),
            html.Div(id=ids.SURFACE_NOTE),
        ],
        className="surface-words",
    )
