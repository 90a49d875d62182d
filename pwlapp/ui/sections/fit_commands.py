"""What can be asked of the net in Fit: typed fields in, a snapshot of the session or a refusal out.

Neither Dash nor a browser is needed to call these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, NamedTuple, TypeAlias

from pwlapp.commands.table import run
from pwlapp.core.net import Architecture
from pwlapp.errors import UserError
from pwlapp.sessions.service import SessionService
from pwlapp.ui import inputs
from pwlapp.ui.inputs import NetFields, OptimizerFields

Command: TypeAlias = Callable[..., Awaitable[dict[str, Any]]]


class Reply(NamedTuple):
    """Answer to a command: the session as it is now, or why the command was refused."""

    snapshot: dict[str, Any] | None
    error: dict[str, Any] | None


class Start(NamedTuple):
    """What an untrained net is made from, and what the page knows of the session's net."""

    seed: Any
    net: NetFields
    known: Any  # {"seed", "net"} as in a snapshot; None if the page does not know


async def _answer(command: Awaitable[dict[str, Any]]) -> Reply:
    try:
        return Reply(await command, None)
    except UserError as error:
        return Reply(None, {"code": error.code, "args": error.args_})


async def open_session(service: SessionService, tab: Any) -> dict[str, Any]:
    """Find the session that the tab remembers, or begin a new one; or say why neither can be."""
    remembered = tab.get("sid") if isinstance(tab, dict) else None
    try:
        sid, snapshot = await service.open(remembered)
    except UserError as error:
        return {"sid": None, "error": {"code": error.code, "args": error.args_}}
    problem = service.data_problem
    return {
        "sid": sid,
        "snapshot": snapshot,
        # beside the data itself, which browsers keep for a year by its numbers alone
        "data": {"origin": service.points.origin, "label": service.points.label},
        "data_problem": problem and {"code": problem.code, "args": problem.args_},
    }


async def start_run(
    service: SessionService,
    session: Any,
    epochs: Any,
    engine: Any,
    start: Start,
    optimizer: OptimizerFields,
) -> Reply:
    """Train for `epochs` more, from where the net stands.

    A net that has not been trained takes the seed and the architecture that stand in the fields.
    One that has been would be lost by that, so it is refused until the student says which of the
    two is meant.
    """

    async def command() -> dict[str, Any]:
        count = inputs.whole_number(epochs, "bad_epochs", 1, service.max_epochs)

        async def verb(sid: str, *chosen: Any) -> dict[str, Any]:
            return await service.start_run(sid, count, *chosen)

        return await _train(service, verb, session, engine, start, optimizer)

    return await _answer(command())


async def pause(service: SessionService, session: Any) -> Reply:
    """Stop after the slice in flight; the rest of the run can be resumed."""
    return await _answer(_with_session(session, service.pause))


async def resume(
    service: SessionService, session: Any, engine: Any, start: Start, optimizer: OptimizerFields
) -> Reply:
    """Go on with a paused run, with the optimizer and the engine in the fields."""
    return await _answer(_train(service, service.resume, session, engine, start, optimizer))


async def step(
    service: SessionService, session: Any, engine: Any, start: Start, optimizer: OptimizerFields
) -> Reply:
    """Train one epoch; seed and architecture as for `start_run`."""
    return await _answer(_train(service, service.step, session, engine, start, optimizer))


async def take(service: SessionService, session: Any, start: Start) -> Reply:
    """Make an untrained net the one in the fields; a trained one is only reset by its button."""

    async def command() -> dict[str, Any]:
        sid = inputs.session_id(session)
        await _make(service, sid, start)
        return await service.look(sid)

    return await _answer(command())


async def reset(service: SessionService, session: Any, seed: Any, net: NetFields) -> Reply:
    """Back to epoch 0, at the initial weights that `seed` gives to the net in the fields."""

    async def command() -> dict[str, Any]:
        number, architecture = inputs.seed(seed), inputs.architecture(net)
        return await service.reset(inputs.session_id(session), number, architecture)

    return await _answer(command())


async def edit_params(service: SessionService, session: Any, edit: Any) -> Reply:
    """Replace the weights by those that were set by hand."""

    async def command() -> dict[str, Any]:
        params = edit.get("params") if isinstance(edit, dict) else None
        answer = await run(service, inputs.session_id(session), "edit", {"params": params})
        return answer["snapshot"]

    return await _answer(command())


async def _train(
    service: SessionService,
    verb: Command,
    session: Any,
    engine: Any,
    start: Start,
    optimizer: OptimizerFields,
) -> dict[str, Any]:
    """Do what trains, to the net in the fields and with the optimizer and engine in the fields."""
    sid = inputs.session_id(session)
    options, chosen = inputs.optimizer(optimizer), inputs.engine(engine)
    await _make(service, sid, start)
    return await verb(sid, options, chosen)


async def _make(service: SessionService, sid: str, start: Start) -> None:
    """See to it that the session's net is the one in the fields.

    Where the page knows that it is, nothing is asked: only a reset by that very page could have
    changed it. The page is believed in nothing else, so the worst that a forged word for it does
    is that the net trains on as it is.

    Raises
    ------
    UserError
        ``net_differs``, or ``seed_differs`` (seed, typed) if the net has been trained.
    """
    seed, net = inputs.seed(start.seed), inputs.architecture(start.net)
    if _stands(start.known, seed, net):
        return
    now = await service.look(sid)
    if _stands(now, seed, net):
        return
    if now["epoch"] > 0:
        if now["net"] != asdict(net):
            raise UserError("net_differs")
        raise UserError("seed_differs", seed=now["seed"], typed=seed)
    await service.reset(sid, seed, net)


def _stands(session: Any, seed: int, net: Architecture) -> bool:
    wanted = {"seed": seed, "net": asdict(net)}
    return isinstance(session, dict) and {key: session.get(key) for key in wanted} == wanted


async def _with_session(session: Any, verb: Any) -> dict[str, Any]:
    snapshot: dict[str, Any] = await verb(inputs.session_id(session))
    return snapshot
