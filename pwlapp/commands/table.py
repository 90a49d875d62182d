"""All commands by name, and the functions that check their bodies and run them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from pydantic import ValidationError

from pwlapp.commands import data, one_step, saved, seeds, training
from pwlapp.commands.fields import Body, Empty, reason
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService

B = TypeVar("B", bound=Body)
F = TypeVar("F")
Json: TypeAlias = dict[str, Any]


class Command(NamedTuple, Generic[F]):
    """A command: the model of its body, and a function that returns the JSON of the answer."""

    model: type[Body]
    function: F


COMMANDS: dict[str, Command[Callable[[SessionService, str, Any], Awaitable[Json]]]] = {
    "begin": Command(training.Begin, training.begin),
    "edit": Command(training.Edit, training.edit),
    "move_points": Command(data.MovePoints, data.move_points),
    "one_step": Command(one_step.Explain, one_step.explain),
    "params": Command(Empty, training.params),
    "pause": Command(Empty, training.pause),
    "plateaus": Command(Body, seeds.find_plateaus),
    "preview": Command(data.Preview, data.preview),
    "prepare": Command(training.Prepare, training.prepare),
    "redo": Command(Empty, training.redo),
    "reset": Command(training.Reset, training.reset),
    "restore": Command(saved.Restore, saved.restore),
    "resume": Command(training.TrainingBody, training.resume),
    "saved": Command(Body, saved.save),
    "step": Command(training.TrainingBody, training.step),
    "train": Command(training.Train, training.train),
    "undo": Command(Empty, training.undo),
    "upload": Command(data.Upload, data.upload),
    "use_data": Command(data.UseData, data.use_data),
}


# Commands that answer in parts.
STREAMS: dict[str, Command[Callable[[SessionService, str, Any], AsyncIterator[Json]]]] = {
    "seeds": Command(seeds.Seeds, seeds.seeds)
}


async def run(service: SessionService, sid: str, name: str, body: Mapping[str, Any]) -> Json:
    """Check a command's body and run it.

    Raises
    ------
    UserError
        ``bad_request`` for an unknown command; the errors of its fields and of its function.
    """
    if (command := COMMANDS.get(name)) is None:
        raise UserError("bad_request")
    return await command.function(service, sid, checked(command.model, body, service))


def stream(
    service: SessionService, sid: str, name: str, body: Mapping[str, Any]
) -> AsyncIterator[Json]:
    """Check the body of a command that answers in parts, and run it; see `run`."""
    command = STREAMS[name]
    return command.function(service, sid, checked(command.model, body, service))


def checked(model: type[B], body: Mapping[str, Any], service: SessionService) -> B:
    """Check a body against its model; raises the error of the first wrong field."""
    try:
        return model.model_validate(body, context=service)
    except ValidationError as wrong:
        raise reason(wrong) or UserError("bad_request") from None
