"""Small pieces that both sections are made of.

Every word is a span with its catalogue key in ``data-t``, so that the browser can change the
language in place, without a request and without losing what the visitor did.
"""

from __future__ import annotations

import json
from typing import Any

from dash import ClientsideFunction, dcc, html

from pwlapp.ui.i18n import t

NOT_LECTURES = ("held-out", "test-loss", "others")  # roles in legends


def in_browser(function: str) -> ClientsideFunction:
    """A function of ``assets/main.ts`` as a clientside callback."""
    return ClientsideFunction(namespace="pwlapp", function_name=function)


def text(key: str, mse: str | None = None, numbers: str | None = None, **args: str) -> html.Span:
    """A word or sentence from the catalogue, and what is said in its place elsewhere.

    Parameters
    ----------
    key, mse, numbers : str or None
        Catalogue keys; `mse` for nets of that loss, `numbers` for data whose y is no yes and no.
    **args : str
        For the placeholders in the message.
    """
    others = {"data-t-mse": mse, "data-t-numbers": numbers}
    told = {name: other for name, other in others.items() if other}
    if told:
        told["data-t-bce"] = key
    if args:
        told["data-t-args"] = json.dumps(args)
    words = t(key).format(**args) if args else t(key)
    return html.Span(words, **{"data-t": key, **told})


def labelled(component: Any, key: str, mse: str | None = None) -> Any:
    """Give a component an accessible name from the catalogue (changes `component`)."""
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
    """A push button whose clicks Dash counts for a callback; never disabled here.

    React drops the clicks on a button that it disabled itself, whatever the browser code does to it
    later, so that one is the browser code's to disable.
    """
    made = button(id_, key, **more)
    made.n_clicks = 0
    return made


def live_number(id_: str, value: str = "–", class_name: str = "") -> html.Output:
    """A number that follows a drag; too fast to be read aloud (the announcer does that, calmly)."""
    return html.Output(value, id=id_, className=class_name, **{"aria-live": "off"})


def card(
    *children: Any, title: str | None = None, mse: str | None = None, class_name: str = ""
) -> html.Section:
    """A titled surface; for `mse` see `text`."""
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

    `title` and `label`, which the button says if it is not the title, are catalogue keys.

    One is open at a time: ``assets/fit/drawers.ts`` closes the others.
    """
    close = labelled(html.Button("✕", className="icon drawer-close"), "drawer.close")
    head = html.Div([html.H3(text(title)), close], className="drawer-head")
    body = html.Div([head, *children], className=f"drawer-body {class_name}".strip())
    summary = html.Summary(text(label or title), className="button")
    return html.Details([summary, body], id=id_, className="drawer", hidden=hidden)


def graph(
    label: str, class_name: str, *layers: tuple[str, dict[str, Any]], mse: str | None = None
) -> html.Div:
    """A plot in a box of fixed height (no layout jump), with an accessible name.

    Parameters
    ----------
    label : str
        Catalogue key of the accessible name.
    class_name : str
        ``tall``, ``medium``, or ``fills`` for what its card has left.
    *layers : tuple of (str, dict)
        Id and figure of the Plotly graphs; the last one is on top and gets the mouse. The browser
        draws them: ``assets/core/plots/painting.ts``.
    mse : str, optional
        See `text`.
    """
    graphs = [dcc.Graph(id=id_, figure=figure) for id_, figure in layers]
    return labelled(html.Div(graphs, className=f"graph {class_name}", role="img"), label, mse)


def legend(*entries: tuple[str, ...]) -> html.Ul:
    """The key of a plot: (role, catalogue keys as for `text`); the role's colour is in the CSS.

    What the lecture's net and data have not is hidden until the browser shows others.
    """
    items = [
        html.Li([html.I(className=f"swatch {role}"), text(*keys)], hidden=role in NOT_LECTURES)
        for role, *keys in entries
    ]
    return html.Ul(items, className="legend")


def field(id_: str, key: str, value: str, *, mode: Any = "numeric", size: int = 8) -> html.Label:
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


def choice(id_: str, key: str, *options: tuple[str, Any]) -> html.Div:
    """A named group of radio buttons: pairs of (value, label), the first one chosen."""
    listed = [{"value": value, "label": label} for value, label in options]
    radio = dcc.RadioItems(id=id_, options=listed, value=options[0][0], className="radios")
    return html.Div(
        [text(key), labelled(html.Div(radio, role="radiogroup"), key)], className="field choice"
    )


def check(id_: str, key: str, value: str) -> html.Div:
    """A box to tick; ticked, its component's value is ``[value]``."""
    return html.Div(
        dcc.Checklist(id=id_, options=[{"label": text(key), "value": value}], value=[]),
        className="check",
    )
