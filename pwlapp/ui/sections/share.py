"""Take home: a link that contains the session, code and numbers as files, plots as pictures.

The scripts in ``assets/share/`` fill the cards: the browser makes and reads links, and files come
from the routes in `pwlapp.web.downloads`.
"""

from __future__ import annotations

from dash import html

from pwlapp.ui import ids
from pwlapp.ui.components import button, buttons, card, labelled, text


def layout() -> html.Section:
    """The whole section."""
    return html.Section(
        [
            html.H2(text("share.title")),
            html.P(text("share.lead"), className="lead"),
            _link_card(),
            html.Div([_files_card(), _pictures_and_import()], className="grid halves"),
            html.Footer(html.P(text("app.footer")), className="page-footer"),
        ],
        id=ids.SHARE,
        className="view",
    )


def _link_card() -> html.Section:
    words = html.Div(
        [
            html.P(text("share.link_lead"), className="hint"),
            html.P(id=ids.SHARE_HOLDS, className="share-holds"),
            html.Div(id=ids.SHARE_LINK, className="share-link"),
            buttons(
                button(ids.SHARE_COPY, "share.copy", kind="primary"),
                button(ids.SHARE_QR_SHOW, "share.qr_show"),
            ),
            html.P(id=ids.SHARE_COPIED, className="share-status", role="status"),
            html.P(id=ids.SHARE_NOTE, className="share-note"),
        ],
        className="share-words",
    )
    code = html.Div(
        [
            html.Div(id=ids.SHARE_QR, className="share-qr"),
            button(ids.SHARE_QR_LARGE, "share.qr_large"),
        ],
        className="share-code",
        hidden=True,
    )
    return card(
        html.Div([words, code], className="share-columns"),
        html.Details(
            [
                html.Summary(text("lecturer.title")),
                html.Div(id=ids.SHARE_LECTURER, className="lecturer"),
            ],
            className="share-fold",
        ),
        html.Div(id=ids.SHARE_QR_DIALOG),
        title="share.link_title",
    )


def _files_card() -> html.Section:
    return card(
        html.P(text("files.lead"), className="hint"),
        html.Div(id=ids.SHARE_FILES, className="share-files"),
        html.P(id=ids.SHARE_FILES_STATUS, className="share-status", role="status"),
        title="files.title",
    )


def _pictures_and_import() -> html.Div:
    pictures = card(
        html.P(text("pictures.lead"), className="hint"),
        html.Div(id=ids.SHARE_PICTURES, className="share-pictures"),
        html.P(id=ids.SHARE_PICTURES_STATUS, className="share-status", role="status"),
        title="pictures.title",
    )
    back = card(
        html.P(text("runfile.lead"), className="hint"),
        labelled(
            html.Div(id=ids.SHARE_IMPORT, className="share-drop", role="group"), "runfile.title"
        ),
        html.P(id=ids.SHARE_IMPORT_STATUS, className="share-status", role="status"),
        title="runfile.title",
    )
    return html.Div([pictures, back], className="share-stack")
