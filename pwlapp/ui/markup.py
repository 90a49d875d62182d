"""Renders the page as HTML, except the components that Dash must render.

The sections are written as Dash components, but no callback changes most of them. The server
renders those as HTML: they are painted before any script runs, and Dash's renderer skips them. Dash
renders its fields, and the buttons whose clicks it counts; until then, copies of these in the HTML
are shown in their places.
"""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

from dash import dcc
from dash.development.base_component import Component

VOID = ("br", "hr", "img", "input")
NAMES = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex"}
DASH_OWN = ("children", "n_clicks")
FIELDS = (dcc.Input, dcc.Checklist, dcc.RadioItems)


class Placed(Component):
    """Components that Dash renders into the element whose ``data-dash`` is `into`.

    See ``assets/core/placed.ts``.
    """

    _namespace = "pwlapp"
    _type = "Placed"
    _base_nodes = ["children"]  # noqa: RUF012  # a list in Dash
    _prop_names = ["children", "into"]  # noqa: RUF012  # a list in Dash
    _valid_wildcard_attributes = []  # noqa: RUF012  # a list in Dash

    def __init__(self, children: list[Component], into: str) -> None:
        super().__init__(children=children, into=into)  # type: ignore[no-untyped-call]  # Dash's


class Page(NamedTuple):
    """A page, as returned by `write`.

    Attributes
    ----------
    html : str
    dash : list of Component
        The components that Dash renders: `Placed` and stores.
    figures : dict of str to dict
        The Plotly figures that the browser draws, by the ids of their graphs.
    """

    html: str
    dash: list[Component]
    figures: dict[str, Any]


def write(layout: Any) -> Page:
    """Write a layout as HTML.

    Parameters
    ----------
    layout : Component, or list of Component or str
        Components that Dash renders must be the last children of their parent.
    """
    page = Page("", [], {})
    return page._replace(html=_html(layout, page))


def _html(node: Any, page: Page) -> str:
    """The HTML of `node`; adds its figures and Dash's components to `page`."""
    if node is None:
        return ""
    if isinstance(node, list | tuple):
        return "".join(_html(each, page) for each in node)
    if not isinstance(node, Component):
        return escape(str(node), quote=False)
    if isinstance(node, dcc.Store):
        page.dash.append(node)
        return ""
    if isinstance(node, dcc.Graph):
        return _graph(node, page)
    return _element(node, page)


def _graph(node: Any, page: Page) -> str:
    page.figures[node.id] = node.figure
    return f'<div id="{node.id}" class="layer"><div class="js-plotly-plot"></div></div>'


def _element(node: Component, page: Page) -> str:
    tag = type(node).__name__.lower()
    attributes = _named(node.to_plotly_json()["props"])
    children = _listed(getattr(node, "children", None))
    made = [child for child in children if is_made_by_dash(child)]
    if made:
        attributes["data-dash"] = place = str(len(page.dash))
        page.dash.append(Placed(made, place))
    start = f"<{tag}{_attributes(attributes)}>"
    if tag in VOID:
        return start
    inner = (_copy(child) if child in made else _html(child, page) for child in children)
    return f"{start}{''.join(inner)}</{tag}>"


def is_made_by_dash(node: Any) -> bool:
    """Whether Dash must render a component, since callbacks read or set its properties."""
    return isinstance(node, FIELDS) or hasattr(node, "n_clicks")


def _listed(children: Any) -> list[Any]:
    return list(children) if isinstance(children, list | tuple) else [children]


def _named(props: dict[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): props[name] for name in props if name not in DASH_OWN}


def _attributes(values: dict[str, Any]) -> str:
    """Attributes in HTML: True is written without a value, False and None are left out."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None and value is not False
    )


def _copy(node: Component) -> str:
    """The same elements that Dash will render for a component, shown until then."""
    if isinstance(node, dcc.Input):
        return _input(node)
    if isinstance(node, dcc.Checklist):
        return _checklist(node)
    if isinstance(node, dcc.RadioItems):
        return ""  # not visible: they are in closed drawers
    props = {**node.to_plotly_json()["props"], "disabled": True, "data-copy": True}
    label: Any = getattr(node, "children", None)
    return f"<button{_attributes(_named(props))}>{write(label).html}</button>"


def _input(node: Any) -> str:
    return (
        f'<div class="dash-input-container dash-input" data-copy><input id="{node.id}" '
        f'class="dash-input-element" size="{node.size}" value="{escape(node.value)}"></div>'
    )


def _checklist(node: Any) -> str:
    options = "".join(
        '<label class="dash-options-list-option"><span class="dash-options-list-option-wrapper">'
        '<input type="checkbox" class="dash-options-list-option-checkbox"></span>'
        f'<span class="dash-options-list-option-text">{write(each["label"]).html}</span></label>'
        for each in node.options
    )
    return f'<div id="{node.id}" class="dash-options-list dash-checklist" data-copy>{options}</div>'
