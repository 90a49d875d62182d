"""Draws a link as a QR code."""

from __future__ import annotations

import io

from pwlapp.errors import UserError

MAX_LENGTH = 2000  # characters: a longer link needs modules too small to scan from the back row
QUIET = 4  # modules of white around the code, as the standard requires


def check_link(text: object) -> str:
    """Check that a value is a link that a QR code can hold, and return it.

    Raises
    ------
    UserError
        ``bad_link``, ``long_link`` (max).
    """
    if not isinstance(text, str) or not text.startswith(("http://", "https://")):
        raise UserError("bad_link")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UserError("bad_link")
    if len(text) > MAX_LENGTH:
        raise UserError("long_link", max=MAX_LENGTH)
    return text


def svg(text: str) -> str:
    """Draw a link as a QR code: black on white, with its quiet zone.

    Uses the strongest error correction that does not enlarge the code. Imports segno.

    Parameters
    ----------
    text : str
        A link; see `check_link`.

    Returns
    -------
    str
        An SVG without width and height, so that it fills its container.

    Raises
    ------
    UserError
        As `check_link`.
    """
    import segno

    code = segno.make_qr(check_link(text), error="l")
    picture = io.BytesIO()
    code.save(
        picture, kind="svg", border=QUIET, dark="#000", light="#fff", omitsize=True, xmldecl=False
    )
    return picture.getvalue().decode("ascii")
