"""The exception whose message is shown to the user."""

from __future__ import annotations

from typing import Any

Arg = str | int | float


class UserError(ValueError):
    """An error that the user can correct: a code and the arguments of its message.

    The message is ``error.<code>`` in the catalogue of each language, with placeholders for the
    arguments. Instances can be pickled, so a worker process can raise one;
    a subclass therefore takes the code, too.

    Parameters
    ----------
    code : str
        What went wrong, in snake case, for example ``"data_missing_column"``.
    **args : str, int or float
        Arguments of the message, for example ``column="prob"``.

    Attributes
    ----------
    code : str
    args_ : dict of str to (str, int or float)
    """

    def __init__(self, code: str, **args: Arg) -> None:
        super().__init__(code)
        self.code = code
        self.args_: dict[str, Arg] = args

    def to_json(self) -> dict[str, Any]:
        """Code and arguments, from which the browser makes the message."""
        return {"code": self.code, "args": self.args_}

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.args_.items())
        return f"{self.code}: {details}" if details else self.code
