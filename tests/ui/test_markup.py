"""The page as HTML, and the components that Dash renders."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from dash import dcc, html
from dash.development.base_component import Component

from pwlapp.ui import ids, layout, markup
from pwlapp.ui.sections import fit

PAGE = markup.write(layout.page())


class Reader(HTMLParser):
    """Collects open elements, ids, the places for Dash, and errors after a place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.places: list[str] = []
        self.after_copies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if self.open and "had-copy" in self.open[-1] and "data-copy" not in found:
            self.after_copies.append(tag)
        if self.open and "data-copy" in found:
            self.open[-1]["had-copy"] = ""
        self.ids += [found["id"] or ""] if "id" in found else []
        self.places += [found["data-dash"] or ""] if "data-dash" in found else []
        if tag not in markup.VOID:
            self.tags.append(tag)
            self.open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self.tags.pop() == tag
        self.open.pop()


@pytest.fixture(scope="module")
def read() -> Reader:
    reader = Reader()
    reader.feed(PAGE.html)
    return reader


def placed() -> list[markup.Placed]:
    return [each for each in PAGE.dash if isinstance(each, markup.Placed)]


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (
            html.Div(
                [html.A("a < b", href="#fit", className="skip"), None, html.Br()],
                **{"data-t": "key"},
            ),
            '<div data-t="key"><a class="skip" href="#fit">a &lt; b</a><br></div>',
        ),
        (html.P("later", hidden=True), "<p hidden>later</p>"),
        (html.P("now", hidden=False), "<p>now</p>"),
        (html.Div(tabIndex="0", **{"data-x": '"'}), '<div tabindex="0" data-x="&quot;"></div>'),
    ],
)
def test_components_become_html(node: Component, written: str) -> None:
    assert markup.write(node) == (written, [], {})


def test_dash_renders_fields_and_their_copies_are_disabled() -> None:
    button = html.Button(html.B("go"), id="go", className="button", n_clicks=0)
    page = markup.write(html.P(["press ", button, dcc.Store(id="s")]))
    assert page.html == (
        '<p data-dash="0">press <button id="go" class="button" disabled data-copy>'
        "<b>go</b></button></p>"
    )
    first, store = page.dash
    assert (first.children, first.into, store.id) == ([button], "0", "s")


def test_figures_are_left_to_the_browser() -> None:
    page = markup.write(html.Div(dcc.Graph(id="plot", figure={"data": []})))
    assert page.html == (
        '<div><div id="plot" class="layer"><div class="js-plotly-plot"></div></div></div>'
    )
    assert page.figures == {"plot": {"data": []}}


def test_the_page_is_complete_and_ids_are_unique(read: Reader) -> None:
    assert read.tags == []
    assert len(set(read.ids)) == len(read.ids)
    assert {ids.FIT_SEED, ids.FIT_TRAIN, ids.COUNT_LOSS, ids.BUILD_WEIGHTS} <= set(read.ids)
    assert 'size="6" value="1"' in PAGE.html
    assert "Linear(1, 2, bias=False)" in PAGE.html
    assert set(PAGE.figures) <= set(read.ids)


def test_each_place_for_dash_is_unique_and_at_the_end(read: Reader) -> None:
    assert sorted(read.places) == sorted(each.into for each in placed())
    assert read.after_copies == []


def test_dash_renders_all_that_callbacks_need() -> None:
    made = {child.id for each in placed() for child in each.children}
    made |= {each.id for each in PAGE.dash if isinstance(each, dcc.Store)}
    pressed = [each for controls, _ in fit.CONTROLS.values() for each in controls]
    assert {each.component_id for each in pressed} <= made
