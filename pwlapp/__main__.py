"""The command line: ``python -m pwlapp fit`` trains and prints, ``serve`` opens the app."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, get_args

from pwlapp import serving
from pwlapp.compute import warmup
from pwlapp.core import engines
from pwlapp.core.data.files import read_points
from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.net import LECTURE, Activation, Architecture, Array, Loss, from_vector, mse
from pwlapp.core.training import (
    MAX_EPOCHS,
    AdamOptions,
    Budget,
    OptimizerOptions,
    SgdOptions,
    initial_state,
    train_slice,
)
from pwlapp.errors import UserError
from pwlapp.serving import BAD_SETTING, INTERRUPTED
from pwlapp.settings import Settings
from pwlapp.ui.i18n import catalogue

EVERY = 5000  # epochs from one printed line to the next, as on the page
SLICE_MS = 1000.0  # how long a printed line may be late, and Ctrl-C too
MAX_BYTES = 100_000_000
TIMEOUT_S = 10.0
MAX_PRINTED_HIDDEN = 8  # wider nets have too many weights for a line


class Checkpoint(NamedTuple):
    """The net at one epoch."""

    epoch: int
    params: Array
    loss: float


class Parser(argparse.ArgumentParser):
    """An argument parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and leave."""
        self.exit(BAD_SETTING, f"{self.prog}: {message}\n")


def make_parser() -> Parser:
    """Describe the commands and their options."""
    parser = Parser(
        prog="pwlapp",
        description="Piecewise-linear regression, live.",
        epilog=serving.exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", help="train with the app's engine and print the weights")
    fit.add_argument("--data", metavar="FILE", help="CSV with x, prob, y (file or URL)")
    fit.add_argument("--seed", type=int, default=1, help="initial weights (default 1)")
    fit.add_argument("--epochs", type=int, default=EVERY, help=f"default {EVERY}")
    fit.add_argument("--optimizer", choices=("adam", "sgd"), default="adam", help="default adam")
    fit.add_argument("--lr", type=float, help="default 0.001 for adam, 0.1 for sgd")
    fit.add_argument("--momentum", type=float, help="of sgd; default 0")
    fit.add_argument(
        "--engine",
        default=engines.AUTO,
        help="auto (default), torch@cpu, fused@cpu, torch@cuda:0, ...",
    )
    fit.add_argument("--json", action="store_true", help="exact numbers, for programs")
    add_architecture(fit)
    commands.add_parser(
        "serve",
        help="open the app; its settings are environment variables (serve --help lists them)",
        description="Open the app, until Ctrl-C or SIGTERM.",
        epilog=f"{serving.settings_table()}\n\n{serving.exit_codes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_architecture(fit: argparse.ArgumentParser) -> None:
    """Describe the options that make another net than the lecture's."""
    fit.add_argument("--hidden", type=int, default=LECTURE.h, help="hidden units (default 2)")
    fit.add_argument("--bias", action="store_true", help="a bias in the first layer, too")
    fit.add_argument(
        "--activation",
        choices=get_args(Activation),
        default=LECTURE.activation,
        help="default relu",
    )
    fit.add_argument(
        "--loss", choices=get_args(Loss), default=LECTURE.loss, help="mse: no sigmoid at the end"
    )


def make_optimizer(args: argparse.Namespace) -> OptimizerOptions:
    """Make the optimizer that the arguments describe. Raises UserError."""
    given = {name: vars(args)[name] for name in ("lr", "momentum") if vars(args)[name] is not None}
    if args.optimizer == "sgd":
        return SgdOptions(**given)
    return AdamOptions(**given)


class Run:
    """One training run, as the arguments describe it.

    Raises
    ------
    UserError
        On making it, for everything that can be wrong with the arguments.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        if not 0 <= args.epochs <= MAX_EPOCHS:
            raise UserError("bad_epochs", min=0, max=MAX_EPOCHS)
        self.seed: int = args.seed
        self.epochs: int = args.epochs
        self.options = make_optimizer(args)
        self.net = Architecture(args.hidden, args.bias, args.activation, args.loss)
        self.points = (
            lecture_points()
            if args.data is None
            else read_points(args.data, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES)
        )
        self.engine = choose_engine(args.engine, self.net, self.points.x.size)
        self.state = initial_state(self.seed, self.points.x, self.points.y, self.net)
        self.diverged = False

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Train, and yield the net at epoch 0, every `EVERY` epochs, and where the run ends."""
        yield Checkpoint(0, self.state.params, self.state.loss)
        between = range(EVERY, self.epochs, EVERY)
        while self.state.epoch < self.epochs and not self.diverged:
            result = train_slice(
                self.state,
                self.points.x,
                self.points.y,
                self.options,
                Budget(self.epochs, tuple(between), SLICE_MS),
                self.engine,
            )
            self.state, self.diverged, frames = result.state, result.diverged, result.frames
            rows = zip(frames.epochs.tolist(), frames.params, frames.losses.tolist(), strict=True)
            yield from (Checkpoint(*row) for row in rows if row[0] in between)
        if self.state.epoch > 0 and self.state.epoch not in between:
            yield Checkpoint(self.state.epoch, self.state.params, self.state.loss)


def choose_engine(asked: str, net: Architecture, n: int) -> str:
    """The engine's id; under ``auto`` PyTorch's, and a word about it, where nothing compiles.

    Raises
    ------
    UserError
        ``bad_engine`` (name), or ``training_failed`` (engine) if it was asked for and can't be.
    """
    engine = engines.resolve(asked, net, n)
    try:
        if engine == engines.FUSED_CPU:
            warmup.use_cache(Settings.from_env(os.environ).data_dir / "numba")
            warmup.load_compiled()
    except Exception as error:  # whatever a broken compiler or its files raise
        if asked != engines.AUTO:
            raise UserError("training_failed", engine=engine) from error
        print(f"pwlapp fit: no {engine} here ({error}), torch@cpu instead", file=sys.stderr)
        engine = engines.TORCH_CPU
    return engines.pick(engine, net, n).name


def weight_names(net: Architecture) -> list[str]:
    """Column titles of a net's weights, in the order of `net.to_vector`; none if they are many."""
    if net.h > MAX_PRINTED_HIDDEN:
        return []
    layers = ["W1", *(["b1"] if net.bias1 else []), "W2"]
    return [f"{layer}[{i}]" for layer in layers for i in range(net.h)] + ["b2"]


def print_table(run: Run) -> None:
    """Print the run for people, each line when it is reached."""
    points = run.points
    name = points.label or "of the lecture"
    print(
        f"data {name}: {points.x.size:,} points, loss of prob {true_loss(run):.6f}; "
        f"{described(run)}; seed {run.seed}, {run.engine}"
    )
    names = weight_names(run.net)
    print(" ".join(f"{column:>9}" for column in ("epoch", *names, "loss")))
    for epoch, params, loss in run.checkpoints():
        weights = "".join(f" {weight:9.4f}" for weight in params.tolist()) if names else ""
        print(f"{epoch:9,}{weights} {loss:9.6f}", flush=True)


def described(run: Run) -> str:
    """Name the net and its optimizer: ``2 relu units, bce, adam, lr 0.001``."""
    net, options = run.net, run.options
    bias = " with b1" if net.bias1 else ""
    momentum = f", momentum {options.momentum:g}" if isinstance(options, SgdOptions) else ""
    units = f"{net.h:,} {net.activation} unit{'s' if net.h > 1 else ''}"
    return f"{units}{bias}, {net.loss}, {optimizer_name(run)}, lr {options.lr:g}{momentum}"


def optimizer_name(run: Run) -> str:
    """``"adam"`` or ``"sgd"``."""
    return "sgd" if isinstance(run.options, SgdOptions) else "adam"


def true_loss(run: Run) -> float:
    """The loss of prob itself, by the net's measure."""
    points = run.points
    if points.prob is None or points.true_loss is None:
        raise RuntimeError("data without a truth cannot be given here")
    return points.true_loss if run.net.loss == "bce" else mse(points.prob, points.y)


def json_row(run: Run, checkpoint: Checkpoint) -> dict[str, Any]:
    """One checkpoint for programs, each layer apart."""
    params = from_vector(checkpoint.params, run.net.bias1)
    b1 = {} if params.b1 is None else {"b1": params.b1.tolist()}
    weights = {"W1": params.W1.tolist(), **b1, "W2": params.W2.tolist(), "b2": params.b2}
    return {"epoch": checkpoint.epoch, **weights, "loss": checkpoint.loss}


def print_json(run: Run) -> None:
    """Print the run for programs, once it has ended, every float32 exactly."""
    rows = [json_row(run, checkpoint) for checkpoint in run.checkpoints()]
    points = run.points
    summary = {
        "data": points.label,
        "n_points": points.x.size,
        "true_loss": true_loss(run),
        "seed": run.seed,
        "net": vars(run.net),
        "optimizer": {"kind": optimizer_name(run), **vars(run.options)},
        "lr": run.options.lr,
        "engine": run.engine,
        "diverged": run.diverged,
        "checkpoints": rows,
    }
    print(json.dumps(summary, ensure_ascii=False))


def fit(args: argparse.Namespace) -> str | None:
    """Train and print; return what went wrong in one line, or None."""
    if args.optimizer == "adam" and args.momentum is not None:
        return "--momentum belongs to --optimizer sgd"
    try:
        run = Run(args)
    except UserError as error:
        return sentence(error)
    (print_json if args.json else print_table)(run)
    if run.diverged:
        return f"diverged after epoch {run.state.epoch}; the last weights are the last good ones"
    return None


def serve() -> int:
    """Open the app; return the exit status."""
    import app  # brings the whole web stack along

    return app.main()


def sentence(error: UserError) -> str:
    """Say in English what an error's code means, or the code itself where no text is known."""
    text = catalogue("en").get(f"error.{error.code}")
    written = {
        name: value if isinstance(value, str) else f"{value:,.10g}"
        for name, value in error.args_.items()
    }
    return text.format(**written) if text else str(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status, one of `serving.EXIT_CODES`."""
    args = make_parser().parse_args(argv)
    try:
        if args.command == "serve":
            return serve()
        problem = fit(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if problem is None:
        return 0
    print(f"pwlapp fit: {problem}", file=sys.stderr)
    return BAD_SETTING


if __name__ == "__main__":
    sys.exit(main())
