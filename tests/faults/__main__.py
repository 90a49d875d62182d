"""``python -m tests.faults``: tests that every epoch is trained exactly once, whatever fails."""

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

from tests.faults import embedded, scenario
from tests.faults.scenario import Outcome
from tests.faults.schedule import Plan

ROUNDS, QUICK_ROUNDS = 100, 15
STUDENTS, EMBEDDED_STUDENTS = 10, 4


def main() -> int:
    """Run the scenario and print its result; 0 if there was no violation."""
    args = _arguments()
    seed = random.SystemRandom().randrange(1_000_000) if args.seed is None else args.seed
    rounds = QUICK_ROUNDS if args.quick else args.rounds
    folder = args.folder or Path(tempfile.mkdtemp(prefix="pwlapp-faults-"))
    began = time.monotonic()

    def log(line: str) -> None:
        print_line(f"{time.monotonic() - began:7.1f} s {line}")

    signal.signal(signal.SIGTERM, _exit)  # its exception stops the cluster's processes
    print_line(f"seed {seed}, {rounds} events, {args.students} students; logs in {folder}")
    outcome = asyncio.run(scenario.run(folder, Plan(seed, rounds), args.students, log))
    print_line(table(outcome))
    print_line(f"one server in embedded mode, {rounds} kills, {EMBEDDED_STUDENTS} students")
    alone = folder / "embedded"
    alone.mkdir()
    done, violations = asyncio.run(
        embedded.run(alone, seed, rounds, EMBEDDED_STUDENTS, log, long_lock_s=embedded.LONG_LOCK_S)
    )
    print_line(", ".join(f"{count} times {kind}" for kind, count in done.items()))
    violations = outcome.violations + violations
    for violation in violations:
        print_line(f"VIOLATION: {violation}")
    if violations:
        again = f"python -m tests.faults --seed {seed} --rounds {rounds}"
        print_line(f"Look at {folder}; repeat with: {again}")
    return 1 if violations else 0


def print_line(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(outcome: Outcome) -> str:
    """The figures, one per line."""
    rows = [(kind, float(count)) for kind, count in sorted(outcome.events.items())]
    rows += [*outcome.figures.items(), ("violations", float(len(outcome.violations)))]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {_formatted(value):>12}" for name, value in rows)


def _formatted(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"events (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help=f"only {QUICK_ROUNDS} events")
    parser.add_argument("--seed", type=int, help="of the schedule; default: random")
    parser.add_argument("--students", type=int, default=STUDENTS, help=f"default {STUDENTS}")
    parser.add_argument("--folder", type=Path, help="for data and logs; default: a temporary one")
    return parser.parse_args()


def _exit(*_: object) -> NoReturn:
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
