"""The exit codes of the command line, and the exception that ends it with one of them."""

from __future__ import annotations

FAILED = 1
BAD_SETTING = 2
NO_PORT = 3
NO_FOLDER = 4
NO_REDIS = 5
INTERRUPTED = 130

EXIT_CODES = {
    0: "success, or stopped by SIGTERM",
    FAILED: "an unexpected error, which the lines before describe",
    BAD_SETTING: "a setting or an argument can't be used",
    NO_PORT: "the port is taken, or may not be used",
    NO_FOLDER: "the data folder can't be written, or another server uses it",
    NO_REDIS: "Redis can't be reached",
    INTERRUPTED: "Ctrl-C",
}


def table() -> str:
    """The exit codes for a terminal."""
    return "\n".join(["exit codes:", *(f"  {code:<5}{what}" for code, what in EXIT_CODES.items())])


class Refusal(Exception):
    """Raised if the server can't start; the text is one line with the reason.

    Attributes
    ----------
    status : int
        An exit code; see `EXIT_CODES`.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
