"""``python -m tests.faults``: shows that training is exactly once in effect, whatever fails."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from tests.faults import drill
from tests.faults.drill import Outcome
from tests.faults.script import Plan

ROUNDS, QUICK_ROUNDS = 100, 15
STUDENTS = 10


def main() -> int:
    """Hold the drill and tell; 0 if all was well."""
    args = _arguments()
    seed = random.SystemRandom().randrange(1_000_000) if args.seed is None else args.seed
    rounds = QUICK_ROUNDS if args.quick else args.rounds
    folder = args.folder or Path(tempfile.mkdtemp(prefix="pwlapp-faults-"))
    began = time.monotonic()

    def log(line: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s {line}")

    signal.signal(signal.SIGTERM, _leave)  # so that nothing outlives this process
    say(f"seed {seed}, {rounds} events, {args.students} students; logs in {folder}")
    outcome = asyncio.run(drill.hold(folder, Plan(seed, rounds), args.students, log))
    say(table(outcome))
    for violation in outcome.violations:
        say(f"VIOLATION: {violation}")
    if outcome.violations:
        again = f"python -m tests.faults --seed {seed} --rounds {rounds}"
        say(f"Look at {folder}; once more: {again}")
    return 1 if outcome.violations else 0


def say(line: str) -> None:
    """Print at once, also into a file that is followed."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(outcome: Outcome) -> str:
    """The figures, one a line."""
    rows = [(kind, float(count)) for kind, count in sorted(outcome.events.items())]
    rows += [*outcome.figures.items(), ("violations", float(len(outcome.violations)))]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {_written(value):>12}" for name, value in rows)


def _written(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"events (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help=f"only {QUICK_ROUNDS} events")
    parser.add_argument("--seed", type=int, help="of the script of events; default: another one")
    parser.add_argument("--students", type=int, default=STUDENTS, help=f"default {STUDENTS}")
    parser.add_argument("--folder", type=Path, help="for data and logs; default: a temporary one")
    return parser.parse_args()


def _leave(*_: object) -> NoReturn:
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
