"""Fills in the placeholders of messages, as `t` of ``assets/core/text/i18n.ts`` does."""

from __future__ import annotations


class _Arguments(dict[str, object]):
    def __missing__(self, placeholder: str) -> str:
        name, _, words = placeholder.partition("|")
        if not words:
            raise KeyError(placeholder)
        one, other = words.split("|")
        return one if str(self[name]) == "1" else other


def fill(message: str, **arguments: object) -> str:
    """Replace ``{name}`` by an argument, and ``{name|one|other}`` by its singular or plural form.

    Raises
    ------
    KeyError
        If an argument is missing.
    """
    return message.format_map(_Arguments(arguments))
