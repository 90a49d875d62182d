"""Server-sent events as a browser reads them: the parser of the HTML standard."""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """One event: its name and its data."""

    event: str
    data: str


class Parser:
    """Takes the bytes of one connection as they come, and gives whole messages.

    Attributes
    ----------
    last_id : str
        Id of the last message that had one; what the browser sends as ``Last-Event-ID``.
    retry_ms : int or None
        How long the server asks the browser to wait before it comes back.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_ms: int | None = None
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._id = last_id

    def feed(self, chunk: bytes) -> list[Message]:
        """Add what has arrived; returns the messages that are complete now.

        Parameters
        ----------
        chunk : bytes

        Returns
        -------
        list of Message
        """
        # "\r\n" is one end of a line, and may come in two parts.
        text = self._rest + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        lines = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, rest = lines.split(b"\n")
        self._rest = rest + held
        found = [self._take(line.decode("utf-8", "replace")) for line in whole]
        return [message for message in found if message is not None]

    def _take(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")  # a comment has no name
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        return None

    def _dispatch(self) -> Message | None:
        self.last_id = self._id
        message = Message(self._event or "message", "\n".join(self._data)) if self._data else None
        self._event, self._data = "", []
        return message
