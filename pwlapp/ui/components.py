"""Small pieces that both sections are made of.

Every word is a span with its catalogue key in ``data-t``, so that the browser can change the
language in place, without a request and without losing what the visitor did.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from pwlapp.ui.i18n import t

GRAPH_CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": False}


def text(key: str) -> html.Span:
    """A word or sentence from the catalogue."""
    return html.Span(t(key), **{"data-t": key})


def labelled(component: Any, key: str) -> Any:
    """Give a component an accessible name from the catalogue (changes `component`)."""
    setattr(component, "aria-label", t(key))
    setattr(component, "data-t-label", key)
    return component


def button(id_: str, key: str, *, kind: str = "plain", hidden: bool = False) -> html.Button:
    """A push button; `kind` is ``plain`` or ``primary``, never disabled here.

    React drops the clicks on a button that it disabled itself, whatever the browser code does to it
    later, so that one is the browser code's to disable.
    """
    return html.Button(text(key), id=id_, n_clicks=0, className=f"button {kind}", hidden=hidden)


def live_number(id_: str, value: str = "–", class_name: str = "") -> html.Output:
    """A number that follows a drag; too fast to be read aloud (the announcer does that, calmly)."""
    return html.Output(value, id=id_, className=class_name, **{"aria-live": "off"})


def card(*children: Any, title: str | None = None, class_name: str = "") -> html.Section:
    """A titled surface."""
    heading = [html.H3(text(title), className="card-title")] if title else []
    return html.Section([*heading, *children], className=f"card {class_name}".strip())


def graph(label: str, class_name: str, *layers: tuple[str, dict[str, Any]]) -> html.Div:
    """A plot in a box of fixed height (no layout jump), with an accessible name.

    Parameters
    ----------
    label : str
        Catalogue key of the accessible name.
    class_name : str
        ``tall``, ``medium`` or ``small``.
    *layers : tuple of (str, dict)
        Id and figure of the Plotly graphs; the last one is on top and gets the mouse.
    """
    graphs = [
        dcc.Graph(id=id_, figure=figure, config=GRAPH_CONFIG, responsive=True, className="layer")
        for id_, figure in layers
    ]
    return labelled(html.Div(graphs, className=f"graph {class_name}", role="img"), label)


def legend(*entries: tuple[str, str]) -> html.Ul:
    """The key of a plot: pairs of (role, catalogue key); the role's colour is in the CSS."""
    return html.Ul(
        [html.Li([html.I(className=f"swatch {role}"), text(key)]) for role, key in entries],
        className="legend",
    )


def field(id_: str, key: str, value: str, *, mode: str = "numeric", size: int = 8) -> html.Label:
    """A labelled one-line field that takes typed numbers; the server checks what was typed."""
    return html.Label(
        [
            text(key),
            dcc.Input(
                id=id_,
                type="text",
                inputMode=mode,
                value=value,
                size=str(size),
                autoComplete="off",
                maxLength=40,
            ),
        ],
        className="field",
        htmlFor=id_,
    )
