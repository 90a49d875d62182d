"""The HTML that is painted before Dash has rendered the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from dash import dcc, html

from pwlapp.ui import first_paint, ids
from pwlapp.ui.first_paint import to_html
from pwlapp.ui.sections import build, fit


class Balance(HTMLParser):
    """Collects the open elements, the ids and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in first_paint.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_components_become_html() -> None:
    node = html.Div(
        [html.A("a < b", href="#fit", className="skip"), None, html.Br(), dcc.Store(id="s")],
        **{"data-t": "key"},
    )
    assert to_html(node) == '<div><a class="skip" href="#fit">a &lt; b</a><br></div>'


@pytest.mark.parametrize(
    ("node", "seen"),
    [
        (html.P("not seen", hidden=True), '<p hidden="True"></p>'),
        (
            html.Details([html.Summary("open"), "not seen"]),
            "<details><summary>open</summary></details>",
        ),
        (html.Button("press"), "<button disabled>press</button>"),
    ],
)
def test_hidden_parts_are_left_out_and_buttons_are_disabled(node: html.P, seen: str) -> None:
    assert to_html(node) == seen


def test_fit_and_build_have_their_texts_and_boxes() -> None:
    page = Balance()
    text = to_html([build.layout(), fit.layout()])
    page.feed(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert {ids.FIT_SEED, ids.FIT_TRAIN, ids.COUNT_LOSS, ids.BUILD_WEIGHTS} <= set(page.ids)
    assert 'size="6" value="1"' in text
    assert "Linear(1, 2, bias=False)" in text
    assert len(re.findall('class="dash-graph layer"', text)) >= 10
