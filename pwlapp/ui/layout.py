"""The page: header, views and footer, and the HTML around them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dash import Dash, Input, dcc, html

from pwlapp.ui import help, ids, markup, opening
from pwlapp.ui.components import in_browser, labelled, text
from pwlapp.ui.i18n import catalogue, language
from pwlapp.ui.sections import board, build, classroom, fit, share
from pwlapp.ui.sections.explore import view as explore
from pwlapp.web import static

VIEWS = (build, fit, explore, share, classroom, board)

_INDEX = """<!DOCTYPE html>
<html lang="{lang}">
<head>
{metas}
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="icon" href="{icon}">
<script>{opening}</script>
<link rel="expect" href="#{after_first_views}" blocking="render">
{css}
<style id="plotly.js-style-global" class="no-inline-styles"></style>
{tags}
</head>
<body>
<div id="page" inert>{page}</div>
<script type="application/json" id="catalogue">{catalogue}</script>
<script type="application/json" id="addresses">{addresses}</script>
<script type="application/json" id="limits">{limits}</script>
<script type="application/json" id="figures">{figures}</script>
{app_entry}
<noscript>{noscript}</noscript>
{config}{renderer}
</body>
</html>"""


# The bent line, in the accent colour.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' "
    "stroke='%232f5be0' stroke-width='5' stroke-linecap='round' stroke-linejoin='round'%3E"
    "%3Cpath d='M4 27 15 6l13 9'/%3E%3C/svg%3E"
)


# Catalogue keys that the page does not need at first: chunks load their own texts, texts in
# exported code stay on the server, and some texts are only in the layout.
_LATER = re.compile(
    r"(board|byhand|class|code|compare|files|hide|lecturer|lesson|pictures|pieces|runfile|seeds"
    r"|share|step|surface)\."
    r"|(error|notice)\.(room_|link_|hide_|lesson_|question_|saved_|run_(damaged|future|wrong)"
    r"|long_link|bad_(answer|link|nickname|question|saved))"
    r"|(drawer|equations|help|nav|pipeline|tour)\.|app\.(?!title)"
)


def _page_words(words: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in words.items() if not _LATER.match(key)}


class Page(Dash):
    """Dash with our own index page, which has the language, the theme and the catalogue.

    Attributes
    ----------
    addresses : mapping of str to str
        URLs of the built files; see `static.addresses`.
    limits : mapping of str to object
        See `limits.limits`.
    """

    addresses: Mapping[str, str] = MappingProxyType({})
    limits: Mapping[str, Any] = MappingProxyType({})

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        lang = language()
        words = catalogue(lang)
        written = markup.write(page())
        # Modules run in order, so Dash's renderer starts after our functions are defined.
        parts["renderer"] = parts["renderer"].replace("application/javascript", "module")
        parts["title"] = words["app.title"]
        return _INDEX.format(
            **parts,
            lang=lang,
            tags=static.head_tags(self.addresses),
            page=written.html,
            icon=_ICON,
            description=words["app.description"],
            noscript=words["app.noscript"],
            addresses=json.dumps(dict(self.addresses)),
            limits=json.dumps(dict(self.limits)),
            opening=opening.script(),
            # The first paint waits until Build and Fit are parsed, so that nothing moves later.
            after_first_views=ids.EXPLORE,
            catalogue=_in_script(_page_words(words)),
            figures=_in_script(written.figures),
        )


def _in_script(value: Any) -> str:
    """JSON for a script element; `<` is escaped, since ``</script>`` would end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def dash_layout() -> html.Div:
    """The components that Dash renders, in the language of the request."""
    return html.Div([*markup.write(page()).dash, dcc.Store(id=ids.BOOT, data=True)])


def page() -> list[Any]:
    """The whole page, as components."""
    return [
        html.A(text("app.skip"), href=f"#{ids.MAIN}", className="skip"),
        _header(),
        html.Div(id=ids.CLASS_BAR, hidden=True),
        html.Main([part.layout() for part in VIEWS], id=ids.MAIN),
        _lessons(),
        help.sheet(),
        html.Div(id=ids.ANNOUNCER, className="visually-hidden", role="status"),
    ]


def _header() -> html.Header:
    nav = html.Nav(
        [
            html.A(text("nav.build"), href=f"#{ids.BUILD}"),
            html.A(text("nav.fit"), href=f"#{ids.FIT}"),
            html.A(text("nav.explore"), href=f"#{ids.EXPLORE}"),
            html.A(text("nav.share"), href=f"#{ids.SHARE}"),
            html.A(text("nav.class"), href=f"#{ids.CLASS}"),
            html.A(text("nav.board"), href=f"#{ids.BOARD}", id=ids.BOARD_LINK, hidden=True),
        ]
    )
    switches = html.Div(
        [
            html.Button(
                text("lesson.button"),
                id=ids.LESSONS_OPEN,
                className="switch",
                **{"aria-expanded": "false", "aria-controls": ids.LESSONS},
            ),
            html.Button(text("share.button"), id=ids.SHARE_OPEN, className="switch"),
            _switch("↶", ids.UNDO, "history.undo"),
            _switch("↷", ids.REDO, "history.redo"),
            _switch("?", ids.HELP_OPEN, "help.open"),
            _switch("한국어 / English", ids.LANGUAGE_SWITCH, "app.switch_language"),
            _switch("◐", ids.THEME_SWITCH, "app.switch_theme"),
            _switch(text("app.projector"), ids.PROJECTOR, "app.projector_label"),
        ],
        id=ids.SWITCHES,
        className="switches",
    )
    return html.Header(
        [
            html.H1(text("app.brand"), className="brand"),
            labelled(nav, "nav.label"),
            labelled(
                html.Button(
                    "⋯", id=ids.MENU, className="switch", **{"aria-controls": ids.SWITCHES}
                ),
                "app.menu",
            ),
            switches,
        ],
        className="page-header",
    )


def _switch(face: Any, id_: str, key: str) -> Any:
    return labelled(html.Button(face, id=id_, className="switch"), key)


def _lessons() -> html.Aside:
    """The panel of the lessons, which the browser fills when it is opened."""
    head = html.Div(
        [
            html.H2(text("lesson.title")),
            labelled(html.Button("▾", id=ids.LESSONS_FOLD, className="icon"), "lesson.fold"),
            labelled(html.Button("✕", id=ids.LESSONS_CLOSE, className="icon"), "lesson.close"),
        ],
        className="lessons-head",
    )
    panel = html.Aside(
        [head, html.Div(id=ids.LESSONS_BODY)], id=ids.LESSONS, hidden=True, tabIndex="-1"
    )
    return labelled(panel, "lesson.title")


def register(app: Dash) -> None:
    """Start our scripts when the layout is mounted."""
    app.clientside_callback(in_browser("boot"), Input(ids.BOOT, "data"))
