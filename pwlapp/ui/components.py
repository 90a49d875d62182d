"""Components that the sections share.

Every text is a span with its catalogue key in ``data-t``, so that the browser can change the
language without a request.
"""

from __future__ import annotations

import json
from typing import Any

from dash import ClientsideFunction, dcc, html

from pwlapp.core.messages import fill
from pwlapp.ui.i18n import t

NOT_LECTURES = ("held-out", "test-loss", "others")  # roles that the lecture's plots do not have


def in_browser(function: str) -> ClientsideFunction:
    """A function of ``assets/main.ts`` as a clientside callback."""
    return ClientsideFunction(namespace="pwlapp", function_name=function)


def text(key: str, mse: str | None = None, numbers: str | None = None, **args: str) -> html.Span:
    """A text from the catalogue, and the texts that replace it for other nets and data.

    Parameters
    ----------
    key : str
        Catalogue key.
    mse : str or None
        Catalogue key of the text for nets with MSE.
    numbers : str or None
        Catalogue key of the text for data whose y is not within [0, 1].
    **args : str
        Values of the placeholders in the text.
    """
    others = {"data-t-mse": mse, "data-t-numbers": numbers}
    attributes = {name: other for name, other in others.items() if other}
    if attributes:
        attributes["data-t-bce"] = key
    if args:
        attributes["data-t-args"] = json.dumps(args)
    words = fill(t(key), **args) if args else t(key)
    return html.Span(words, **{"data-t": key, **attributes})


def labelled(component: Any, key: str, mse: str | None = None) -> Any:
    """Set a component's accessible name from the catalogue; changes and returns it."""
    other = {"data-t-label-bce": key, "data-t-label-mse": mse} if mse else {}
    for name, value in {"aria-label": t(key), "data-t-label": key, **other}.items():
        setattr(component, name, value)
    return component


def button(
    id_: str, key: str, *, kind: str = "plain", hidden: bool = False, **args: str
) -> html.Button:
    """A push button; `kind` is ``plain`` or ``primary``."""
    return html.Button(text(key, **args), id=id_, className=f"button {kind}", hidden=hidden)


def command(id_: str, key: str, **more: Any) -> html.Button:
    """A push button whose clicks Dash counts for a callback.

    It is never disabled here: React would ignore its clicks even after our scripts have enabled it.
    """
    made = button(id_, key, **more)
    made.n_clicks = 0
    return made


def buttons(*children: Any) -> html.Div:
    """A row of buttons."""
    return html.Div(list(children), className="buttons")


def live_number(id_: str, value: str = "–", class_name: str = "") -> html.Output:
    """A number that changes during a drag; screen readers get it from the announcer instead."""
    return html.Output(value, id=id_, className=class_name, **{"aria-live": "off"})


def card(
    *children: Any, title: str | None = None, mse: str | None = None, class_name: str = ""
) -> html.Section:
    """A card with a title; for `mse` see `text`."""
    heading = [html.H3(text(title, mse), className="card-title")] if title else []
    return html.Section([*heading, *children], className=f"card {class_name}".strip())


def drawer(
    id_: str,
    title: str,
    *children: Any,
    label: str = "",
    hidden: bool = False,
    class_name: str = "",
) -> html.Details:
    """A panel that opens over the stage, below its button.

    `title` and `label` are catalogue keys; the button shows `label`, by default the title. Only one
    drawer is open at a time: ``assets/fit/drawers.ts`` closes the others.
    """
    close = labelled(html.Button("✕", className="icon drawer-close"), "drawer.close")
    head = html.Div([html.H3(text(title)), close], className="drawer-head")
    body = html.Div([head, *children], className=f"drawer-body {class_name}".strip())
    summary = html.Summary(text(label or title), className="button")
    return html.Details([summary, body], id=id_, className="drawer", hidden=hidden)


def graph(
    label: str, class_name: str, *layers: tuple[str, dict[str, Any]], mse: str | None = None
) -> html.Div:
    """A plot in a box of fixed height, with an accessible name.

    Parameters
    ----------
    label : str
        Catalogue key of the accessible name.
    class_name : str
        ``tall``, ``medium``, or ``fills`` for the rest of its card.
    *layers : tuple of (str, dict)
        Id and figure of each Plotly graph; the last one is on top and gets mouse events. The
        browser draws them: ``assets/core/plots/painting.ts``.
    mse : str, optional
        See `text`.
    """
    graphs = [dcc.Graph(id=id_, figure=figure) for id_, figure in layers]
    return labelled(html.Div(graphs, className=f"graph {class_name}", role="img"), label, mse)


def empty_graph(label: str, *ids: str, size: str = "tall") -> html.Div:
    """An empty plot with a layer for each id, which the browser draws; see `graph`."""
    layers = [html.Div(id=id_, className="layer") for id_ in ids]
    return labelled(html.Div(layers, className=f"graph {size}", role="img"), label)


def table_box(id_: str, label: str) -> html.Div:
    """A scrollable container for a table that the browser makes."""
    box = html.Div(id=id_, className="table-box", tabIndex="0", role="region")
    return labelled(box, label)


def legend(*entries: tuple[str, ...]) -> html.Ul:
    """The legend of a plot.

    An entry is a role, whose colour is in the CSS, and catalogue keys as in `text`. Roles that the
    lecture's net and data do not have are hidden until the browser shows them.
    """
    items = [
        html.Li([html.I(className=f"swatch {role}"), text(*keys)], hidden=role in NOT_LECTURES)
        for role, *keys in entries
    ]
    return html.Ul(items, className="legend")


def field(id_: str, key: str, value: str, *, mode: Any = "numeric", size: int = 8) -> html.Label:
    """A labelled text field for a number; the server checks its value."""
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


def choice(id_: str, key: str, *options: tuple[str, Any]) -> html.Div:
    """A labelled group of radio buttons: pairs of (value, label), the first one selected."""
    listed = [{"value": value, "label": label} for value, label in options]
    radio = dcc.RadioItems(id=id_, options=listed, value=options[0][0], className="radios")
    return html.Div(
        [text(key), labelled(html.Div(radio, role="radiogroup"), key)], className="field choice"
    )


def check(id_: str, key: str, value: str) -> html.Div:
    """A checkbox; if it is checked, the value of its component is ``[value]``."""
    return html.Div(
        dcc.Checklist(id=id_, options=[{"label": text(key), "value": value}], value=[]),
        className="check",
    )
