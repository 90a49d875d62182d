"""Encodes function calls from a web process to a Celery worker as JSON; see `wire`."""

from __future__ import annotations

import builtins
import importlib
import traceback
from collections.abc import Callable
from typing import Any

from pwlapp.compute.celery import wire
from pwlapp.errors import UserError

# The only functions that a worker calls, whatever a message names.
ALLOWED = {
    "pwlapp.core.export.checkpoint:state_dict_file",
    "pwlapp.core.constructions:run_all",
    "pwlapp.core.data.files:load",
    "pwlapp.core.data.datasets:draw",
    "pwlapp.core.data.files:parse_encoded",
    "pwlapp.core.data.files:preview_encoded",
    "pwlapp.core.engines:engines",
    "pwlapp.core.analysis.one_step:one_step",
    "pwlapp.core.analysis.plateaus:plateaus",
    "pwlapp.core.export.qr:svg",
    "pwlapp.core.training:initial_state",
    "pwlapp.core.training:initial_states",
    "pwlapp.commands.seeds:train_part",
    "pwlapp.compute.slices:train",
}


def request(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Encode a call of a function that is defined at the top of a module.

    Raises
    ------
    TypeError
        If the function is not in `ALLOWED`, or an argument can't be encoded.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    if name not in ALLOWED:
        raise TypeError(f"{name}: expected one of {', '.join(sorted(ALLOWED))}")
    return wire.dumps([name, list(args)])


def perform(text: str) -> str:
    """Make a call encoded by `request`; returns the answer, encoded for `result`."""
    # A call may raise any exception; `result` raises it in the caller, and the worker continues.
    try:
        name, args = wire.loads(text)
        return wire.dumps(["value", _function(name)(*args)])
    except UserError as error:
        return wire.dumps(["user_error", error])
    except (Exception, SystemExit) as error:  # noqa: BLE001
        where = traceback.format_exc()
        return wire.dumps(["error", [type(error).__name__, str(error), where]])


def result(answer: str | bytes) -> Any:
    """Decode the answer of a call: return its value, or raise its exception.

    An exception that is neither a `UserError` nor built into Python becomes a RuntimeError.
    """
    kind, value = wire.loads(answer)
    if kind == "value":
        return value
    if kind == "user_error":
        raise value
    name, message, where = value
    known = getattr(builtins, name, RuntimeError)
    is_error = isinstance(known, type) and issubclass(known, Exception)
    try:
        error = known(message) if is_error else RuntimeError(message)
    except TypeError:  # its constructor needs more arguments, for example UnicodeDecodeError's
        error = RuntimeError(message)
    error.add_note("in a worker process:\n" + where)
    raise error


def _function(name: str) -> Callable[..., Any]:
    if name not in ALLOWED:
        raise ValueError(f"{name!r} may not be called")
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
