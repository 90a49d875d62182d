"""The help dialog: keyboard shortcuts, and how to use mouse and touch.

`SHORTCUTS` is the only table of shortcuts: the dialog shows it, and ``assets/help/keys.ts`` clicks
the element that the row of a key names.
"""

from __future__ import annotations

from typing import NamedTuple

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, labelled, text

BASICS = ("help.sliders", "help.fields", "help.plots", "help.replay", "help.undo_basics")


class Shortcut(NamedTuple):
    """A keyboard shortcut.

    Attributes
    ----------
    keys : tuple of str
        Values of ``KeyboardEvent.key``, letters in lower case.
    press : str
        A CSS selector, in which ``{key}`` is the key. The first matching element that can be
        clicked is clicked.
    says : str
        Catalogue key of the description.
    shown : tuple of str
        How the keys are displayed; by default in capitals.
    """

    keys: tuple[str, ...]
    press: str
    says: str
    shown: tuple[str, ...] = ()


SHORTCUTS = (
    Shortcut(("t",), f"#{ids.FIT_TRAIN}", "help.train"),
    Shortcut(("p",), f"#{ids.FIT_PAUSE}, #{ids.FIT_RESUME}", "help.pause"),
    Shortcut(("s",), f"#{ids.FIT_STEP}", "help.step"),
    Shortcut(("r",), f"#{ids.FIT_RESET}", "help.reset"),
    Shortcut((" ",), "#playback-toggle", "help.play", ("Space",)),
    Shortcut(tuple("123456"), "#construction-{key}", "help.constructions", ("1", "–", "6")),
    Shortcut(("b",), f"nav a[href='#{ids.BUILD}']", "nav.build"),
    Shortcut(("n",), f"nav a[href='#{ids.FIT}']", "nav.fit"),
    Shortcut(("e",), f"nav a[href='#{ids.EXPLORE}']", "nav.explore"),
    Shortcut(("h",), f"nav a[href='#{ids.SHARE}']", "nav.share"),
    Shortcut(("l",), f"#{ids.LESSONS_OPEN}", "lesson.button"),
    Shortcut(("z",), f"#{ids.UNDO}", "history.undo", ("Z", "Ctrl+Z")),
    Shortcut(("y",), f"#{ids.REDO}", "history.redo", ("Y", "Ctrl+Y")),
    Shortcut(("k",), f"#{ids.LANGUAGE_SWITCH}", "help.language"),
    Shortcut(("d",), f"#{ids.THEME_SWITCH}", "app.switch_theme"),
    Shortcut(("f",), f"#{ids.PROJECTOR}", "app.projector_label"),
    Shortcut(("?",), f"#{ids.HELP_OPEN}", "help.this"),
)


def sheet() -> html.Dialog:
    """The dialog, closed."""
    return html.Dialog(
        [
            html.H2(text("help.title"), id=ids.HELP_TITLE),
            button(ids.TOUR_HELP, "tour.start"),
            html.Div(
                [
                    html.Section(
                        [html.H3(text("help.keys")), html.Dl([_row(each) for each in SHORTCUTS])]
                    ),
                    html.Section(
                        [
                            html.H3(text("help.basics")),
                            html.Ul([html.Li(text(key)) for key in BASICS]),
                            html.P(text("help.quiet"), className="hint"),
                        ]
                    ),
                ],
                className="help-columns",
            ),
            labelled(button(ids.HELP_CLOSE, "help.close", kind="primary"), "help.close"),
        ],
        id=ids.HELP,
        className="help",
        **{"aria-labelledby": ids.HELP_TITLE},
    )


def _row(shortcut: Shortcut) -> html.Div:
    shown = shortcut.shown or tuple(key.upper() for key in shortcut.keys)
    keys = [html.Kbd(name) if name != "–" else html.Span(name) for name in shown]
    return html.Div(
        [html.Dt(keys), html.Dd(text(shortcut.says))],
        className="help-row",
        **{"data-keys": "".join(shortcut.keys), "data-press": shortcut.press},
    )
