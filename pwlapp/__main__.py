"""The command line: ``python -m pwlapp fit`` trains and prints, ``serve`` opens the app."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from pwlapp.core.data import draw_embedded, read_points
from pwlapp.core.net import Params, from_vector
from pwlapp.core.training import (
    MAX_EPOCHS,
    AdamOptions,
    Budget,
    Frames,
    initial_state,
    train_slice,
)
from pwlapp.errors import UserError
from pwlapp.ui.i18n import catalogue

EVERY = 5000  # epochs from one printed line to the next, as on the page
SLICE_MS = 1000.0  # how long a printed line may be late, and Ctrl-C too
MAX_BYTES = 100_000_000
TIMEOUT_S = 10.0
REFUSED = 2  # exit status
INTERRUPTED = 130


class Checkpoint(NamedTuple):
    """The net at one epoch."""

    epoch: int
    params: Params
    loss: float


class Parser(argparse.ArgumentParser):
    """An argument parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and leave."""
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def make_parser() -> Parser:
    """Describe the commands and their options."""
    parser = Parser(prog="pwlapp", description="Piecewise-linear regression, live.")
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", help="train with the app's engine and print the weights")
    fit.add_argument("--data", metavar="FILE", help="CSV with x, prob, y (file or URL)")
    fit.add_argument("--seed", type=int, default=1, help="initial weights (default 1)")
    fit.add_argument("--epochs", type=int, default=EVERY, help=f"default {EVERY}")
    fit.add_argument("--lr", type=float, default=AdamOptions.lr, help="default 0.001")
    fit.add_argument("--device", default="cpu", help="cpu (default), cuda:0, ...")
    fit.add_argument("--json", action="store_true", help="exact numbers, for programs")
    commands.add_parser("serve", help="open the app; its settings are environment variables")
    return parser


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
        self.device: str = args.device
        self.options = AdamOptions(lr=args.lr)
        self.points = (
            draw_embedded()
            if args.data is None
            else read_points(args.data, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES)
        )
        self.state = initial_state(self.seed, self.points.x, self.points.y, self.device)
        self.diverged = False

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Train, and yield the net at epoch 0, every `EVERY` epochs, and where the run ends."""
        yield Checkpoint(0, from_vector(self.state.params), self.state.loss)
        between = range(EVERY, self.epochs, EVERY)
        while self.state.epoch < self.epochs and not self.diverged:
            result = train_slice(
                self.state,
                self.points.x,
                self.points.y,
                self.options,
                Budget(self.epochs, tuple(between), SLICE_MS),
                self.device,
            )
            self.state, self.diverged = result.state, result.diverged
            yield from (row for row in to_checkpoints(result.frames) if row.epoch in between)
        if self.state.epoch > 0 and self.state.epoch not in between:
            yield Checkpoint(self.state.epoch, from_vector(self.state.params), self.state.loss)


def to_checkpoints(frames: Frames) -> Iterator[Checkpoint]:
    """Take frames apart into rows of plain numbers."""
    for epoch, loss, vector in zip(frames.epochs, frames.losses, frames.params, strict=True):
        yield Checkpoint(int(epoch), from_vector(vector), float(loss))


def print_table(run: Run) -> None:
    """Print the run for people, each line when it is reached."""
    points = run.points
    name = points.label or "drawn by the lecture's law"
    print(
        f"data {name}: {points.x.size:,} points, "
        f"loss of prob {points.true_loss:.6f}; seed {run.seed}, lr {run.options.lr:g}"
    )
    columns = ("epoch", "W1[0]", "W1[1]", "W2[0]", "W2[1]", "b2", "loss")
    print(" ".join(f"{column:>9}" for column in columns))
    for epoch, (W1, W2, b2), loss in run.checkpoints():
        weights = " ".join(f"{weight:9.4f}" for weight in (*W1, *W2, b2))
        print(f"{epoch:9,} {weights} {loss:9.6f}", flush=True)


def print_json(run: Run) -> None:
    """Print the run for programs, once it has ended, every float32 exactly."""
    rows = [
        {"epoch": epoch, "W1": W1.tolist(), "W2": W2.tolist(), "b2": b2, "loss": loss}
        for epoch, (W1, W2, b2), loss in run.checkpoints()
    ]
    points = run.points
    summary = {
        "data": points.label,
        "n_points": points.x.size,
        "true_loss": points.true_loss,
        "seed": run.seed,
        "lr": run.options.lr,
        "device": run.device,
        "diverged": run.diverged,
        "checkpoints": rows,
    }
    print(json.dumps(summary, ensure_ascii=False))


def fit(args: argparse.Namespace) -> str | None:
    """Train and print; return what went wrong in one line, or None."""
    try:
        run = Run(args)
    except UserError as error:
        return sentence(error)
    (print_json if args.json else print_table)(run)
    if run.diverged:
        return f"diverged after epoch {run.state.epoch}; the last weights are the last good ones"
    return None


def serve() -> None:
    """Open the app."""
    import app  # brings the whole web stack along

    app.main()


def sentence(error: UserError) -> str:
    """Say in English what an error's code means, or the code itself where no text is known."""
    text = catalogue("en").get(f"error.{error.code}")
    return text.format(**error.args_) if text else str(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, 2 for an error, 130 for Ctrl-C."""
    args = make_parser().parse_args(argv)
    try:
        if args.command == "serve":
            serve()
            return 0
        problem = fit(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    if problem is None:
        return 0
    print(f"pwlapp fit: {problem}", file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
