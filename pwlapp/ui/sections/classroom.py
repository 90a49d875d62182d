"""The class: joining a room as a student, or opening one as a teacher.

The scripts in ``assets/class/`` fill the view and the bar under the header. Most visitors never
open them, so their texts and elements are not part of the page.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import text


def layout() -> html.Section:
    """The empty view."""
    return html.Section(
        [html.H2(text("nav.class")), html.Div(id=ids.CLASS_BODY, className="grid halves")],
        id=ids.CLASS,
        className="view",
    )
