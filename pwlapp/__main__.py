"""The command line, ``python -m pwlapp``.

``fit`` trains and prints the weights, ``serve`` runs the web server, and ``class`` runs it for the
local network and opens a room.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, get_args

from pwlapp import exit_codes
from pwlapp.compute import numba_cache, warmup
from pwlapp.core import engines
from pwlapp.core.data.files import read_points
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.data.points import Points
from pwlapp.core.messages import fill
from pwlapp.core.net import LECTURE, Activation, Architecture, Loss, from_vector, mse
from pwlapp.core.optimizers import OPTIMIZERS, OptimizerOptions, SgdOptions
from pwlapp.core.state import MAX_EPOCHS, Budget, TrainState
from pwlapp.core.training import initial_state, train_slice
from pwlapp.errors import UserError
from pwlapp.settings import Settings
from pwlapp.ui.i18n import catalogue

EVERY = 5000  # epochs between two printed lines, as on the page
SLICE_MS = 1000.0  # Ctrl-C is handled between slices
MAX_BYTES = 100_000_000
TIMEOUT_S = 10.0
MAX_PRINTED_HIDDEN = 8  # wider nets have too many weights for one line


class Parser(argparse.ArgumentParser):
    """An argument parser that prints errors as one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and exit."""
        self.exit(exit_codes.BAD_SETTING, f"{self.prog}: {message}\n")


def make_parser() -> Parser:
    """Make the parser of the commands and their options."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="pwlapp",
        description="Piecewise-linear regression, live.",
        epilog=exit_codes.table(),
        formatter_class=layout,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_fit_options(commands.add_parser("fit", help="train as the app does and print the weights"))
    for name, what in (
        ("serve", "open the app"),
        ("class", "open the app to the local network, with a room for a class"),
    ):
        commands.add_parser(
            name,
            help=f"{what}; settings are environment variables ({name} --help lists them)",
            description=f"{what.capitalize()}, until Ctrl-C or SIGTERM.",
            epilog=f"{settings_table()}\n\n{exit_codes.table()}",
            formatter_class=layout,
        )
    return parser


def settings_table() -> str:
    """The settings with their defaults and descriptions, for a terminal."""
    lines = ["settings, as environment variables:"]
    for variable, default, what in Settings.table():
        lines += [f"  {variable} ({default or 'empty'})", f"      {what}"]
    return "\n".join(lines)


def add_fit_options(fit: argparse.ArgumentParser) -> None:
    """Add the options for data, net, optimizer and engine."""
    add, activations, losses = fit.add_argument, get_args(Activation), get_args(Loss)
    add("--data", metavar="FILE", help="CSV with x, prob, y (file or URL)")
    add("--seed", type=int, default=1, help="initial weights (default 1)")
    add("--epochs", type=int, default=EVERY, help=f"default {EVERY}")
    add("--optimizer", choices=tuple(OPTIMIZERS), default="adam", help="default adam")
    add("--lr", type=float, help="default 0.001 for adam, 0.1 for sgd")
    add("--momentum", type=float, help="of sgd; default 0")
    add("--engine", default=engines.AUTO, help="auto (default), torch@cpu, fused@cpu, ...")
    add("--json", action="store_true", help="exact numbers, for programs")
    add("--hidden", type=int, default=LECTURE.h, help="hidden units (default 2)")
    add("--bias", action="store_true", help="a bias in the first layer, too")
    add("--activation", choices=activations, default=LECTURE.activation, help="default relu")
    add("--loss", choices=losses, default=LECTURE.loss, help="mse: no sigmoid at the end")


class Run(NamedTuple):
    """The training run that the arguments describe."""

    seed: int
    epochs: int
    options: OptimizerOptions
    net: Architecture
    points: Points
    engine: str

    @property
    def optimizer(self) -> str:
        """``"adam"`` or ``"sgd"``."""
        return "sgd" if isinstance(self.options, SgdOptions) else "adam"

    @property
    def true_loss(self) -> float | None:
        """The loss of prob, with the net's loss function."""
        if self.net.loss == "mse" and self.points.prob is not None:
            return mse(self.points.prob, self.points.y)
        return self.points.true_loss


def make_run(args: argparse.Namespace) -> Run:
    """Check the arguments, read the data and choose the engine. Raises UserError."""
    if not 0 <= args.epochs <= MAX_EPOCHS:
        raise UserError("bad_epochs", min=0, max=MAX_EPOCHS)
    given = {key: vars(args)[key] for key in ("lr", "momentum") if vars(args)[key] is not None}
    options = OPTIMIZERS[args.optimizer](**given)
    net = Architecture(args.hidden, args.bias, args.activation, args.loss)
    if args.data is None:
        points = lecture_points()
    else:
        points = read_points(args.data, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES)
    engine = choose_engine(args.engine, net, points.x.size)
    return Run(args.seed, args.epochs, options, net, points, engine)


def choose_engine(asked: str, net: Architecture, n: int) -> str:
    """The id of the engine to use.

    If the compiled engine can't be loaded, ``"auto"`` is PyTorch, with a message on stderr.

    Raises
    ------
    UserError
        ``bad_engine`` (name); ``training_failed`` (engine) if an engine that was asked for can't be
        loaded.
    """
    engine = engines.resolve(asked, net, n)
    try:
        if engine == engines.FUSED_CPU:
            numba_cache.use_cache(Settings.from_env(os.environ).data_dir / "numba")
            warmup.load_compiled()
    except Exception as error:  # a compiler or damaged files can raise any exception
        if asked != engines.AUTO:
            raise UserError("training_failed", engine=engine) from error
        print(f"pwlapp fit: no {engine} here ({error}), torch@cpu instead", file=sys.stderr)
        engine = engines.TORCH_CPU
    return engines.pick(engine, net, n).name


def checkpoints(run: Run, start: TrainState) -> Iterator[TrainState]:
    """Train, and yield the state at the start, every `EVERY` epochs, and at the end."""
    x, y = run.points.x, run.points.y
    state = start
    yield state
    for stop in (*range(EVERY, run.epochs, EVERY), run.epochs):
        before = state.epoch
        while state.epoch < stop:
            budget = Budget(stop, slice_ms=SLICE_MS)
            result = train_slice(state, x, y, run.options, budget, run.engine)
            state = result.state
            if result.diverged:
                break
        if state.epoch > before:
            yield state
        if state.epoch < stop:
            return


def print_table(run: Run, states: Iterator[TrainState]) -> int:
    """Print a table, each line as soon as it is computed; return the last epoch."""
    net, points = run.net, run.points
    name = points.label or "of the lecture"
    units = f"{net.h:,} {net.activation} unit{'s' if net.h > 1 else ''}"
    momentum = f", momentum {run.options.momentum:g}" if isinstance(run.options, SgdOptions) else ""
    print(
        f"data {name}: {points.x.size:,} points, loss of prob {run.true_loss:.6f}; "
        f"{units}{' with b1' if net.bias1 else ''}, {net.loss}, {run.optimizer}, "
        f"lr {run.options.lr:g}{momentum}; seed {run.seed}, {run.engine}"
    )
    layers = ["W1", *(["b1"] if net.bias1 else []), "W2"]
    names = [*(f"{layer}[{i}]" for layer in layers for i in range(net.h)), "b2"]
    if net.h > MAX_PRINTED_HIDDEN:
        names = []
    print(" ".join(f"{column:>9}" for column in ("epoch", *names, "loss")))
    for state in states:
        weights = "".join(f" {weight:9.4f}" for weight in state.params[: len(names)])
        print(f"{state.epoch:9,}{weights} {state.loss:9.6f}", flush=True)
    return state.epoch


def print_json(run: Run, states: Iterator[TrainState]) -> int:
    """Print the run as JSON, once it has ended; return the last epoch."""
    rows = [json_row(state) for state in states]
    last: int = rows[-1]["epoch"]
    summary = {
        "data": run.points.label,
        "n_points": run.points.x.size,
        "true_loss": run.true_loss,
        "seed": run.seed,
        "net": vars(run.net),
        "optimizer": {"kind": run.optimizer, **vars(run.options)},
        "lr": run.options.lr,
        "engine": run.engine,
        "diverged": last < run.epochs,
        "checkpoints": rows,
    }
    print(json.dumps(summary, ensure_ascii=False))
    return last


def json_row(state: TrainState) -> dict[str, Any]:
    """One state as JSON, by layer."""
    params = from_vector(state.params, state.net.bias1)
    b1 = {} if params.b1 is None else {"b1": params.b1.tolist()}
    weights = {"W1": params.W1.tolist(), **b1, "W2": params.W2.tolist(), "b2": params.b2}
    return {"epoch": state.epoch, **weights, "loss": state.loss}


def fit(args: argparse.Namespace) -> str | None:
    """Train and print; return an error message or None."""
    if args.optimizer == "adam" and args.momentum is not None:
        return "--momentum belongs to --optimizer sgd"
    try:
        run = make_run(args)
        start = initial_state(run.seed, run.points.x, run.points.y, run.net)
    except UserError as error:
        return sentence(error)
    last = (print_json if args.json else print_table)(run, checkpoints(run, start))
    if last < run.epochs:
        return f"diverged after epoch {last}; the last weights are the last good ones"
    return None


def sentence(error: UserError) -> str:
    """The English message of an error; its code if it has no message."""
    text = catalogue("en").get(f"error.{error.code}")
    written = {
        name: value if isinstance(value, str) else f"{value:,.10g}"
        for name, value in error.args_.items()
    }
    return fill(text, **written) if text else str(error)


def serve() -> int:
    """Run the web server; return the exit code."""
    import app  # the web server takes a second to import, and `fit` does not need it

    return app.main()


def serve_class() -> int:
    """Run the web server for a class; return the exit code."""
    from pwlapp import classroom

    return classroom.serve()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code, one of `exit_codes.EXIT_CODES`."""
    args = make_parser().parse_args(argv)
    try:
        if args.command != "fit":
            return serve() if args.command == "serve" else serve_class()
        problem = fit(args)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if problem is None:
        return 0
    print(f"pwlapp fit: {problem}", file=sys.stderr)
    return exit_codes.BAD_SETTING


if __name__ == "__main__":
    sys.exit(main())
