"""Renders the layout as HTML, which the browser paints before any script runs.

Dash's renderer builds the page from JSON that it requests after it was loaded. Until then the
visitor sees this inert copy of the same components in the same places, which Dash's page replaces.
"""

from __future__ import annotations

from html import escape
from typing import Any

from dash import dcc
from dash.development.base_component import Component

VOID = ("br", "hr", "img", "input")
NAMES = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex", "id": "id", "href": "href"}
KEPT = (*NAMES, "role", "hidden", "max", "value", "aria-selected", "aria-hidden")


def to_html(node: Any) -> str:
    """The HTML of a component and its visible children.

    The contents of closed drawers and hidden elements are left out.

    Parameters
    ----------
    node : Component, str, list or None
    """
    if node is None:
        return ""
    if isinstance(node, list | tuple):
        return "".join(map(to_html, node))
    if not isinstance(node, Component):
        return escape(str(node), quote=False)
    if isinstance(node, dcc.Store):
        return ""
    if isinstance(node, dcc.Graph):
        return '<div class="dash-graph layer"></div>'
    if isinstance(node, dcc.Input):
        return _input(node)
    if isinstance(node, dcc.Checklist):
        return _checklist(node)
    return _element(node)


def _element(node: Component) -> str:
    tag = type(node).__name__.lower()
    props = node.to_plotly_json()["props"]
    attributes = "".join(
        f' {NAMES.get(name, name)}="{escape(str(value))}"'
        for name, value in props.items()
        if name in KEPT and value is not None and value is not False
    )
    if tag == "button":
        attributes += " disabled"
    if tag in VOID:
        return f"<{tag}{attributes}>"
    return f"<{tag}{attributes}>{to_html(_seen(node, tag))}</{tag}>"


def _seen(node: Component, tag: str) -> Any:
    children: Any = getattr(node, "children", None)
    if getattr(node, "hidden", False):
        return None
    if tag == "details":
        return children[0]
    return children


def _input(node: Any) -> str:
    """An input with the elements and classes that Dash gives it."""
    return (
        f'<div class="dash-input-container dash-input"><input id="{node.id}" '
        f'class="dash-input-element" size="{node.size}" value="{escape(node.value)}"></div>'
    )


def _checklist(node: Any) -> str:
    """A checklist with the elements and classes that Dash gives it."""
    options = "".join(
        '<label class="dash-options-list-option"><span class="dash-options-list-option-wrapper">'
        '<input type="checkbox" class="dash-options-list-option-checkbox"></span>'
        f'<span class="dash-options-list-option-text">{to_html(each["label"])}</span></label>'
        for each in node.options
    )
    return f'<div id="{node.id}" class="dash-options-list dash-checklist">{options}</div>'
