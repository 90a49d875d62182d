"""Microseconds per epoch on a GPU: ``python -m benchmarks.gpu``.

The lecture's net on 2,000 points: the lecture's loop on the GPU, the same loop captured as a CUDA
graph, the same loop through torch.compile, and the Triton kernel with one net and with many.
Without a CUDA device it prints a line and exits with 0.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from pwlapp.core.data.lecture import lecture_points
from pwlapp.core.engines.torch_engine import LectureLoop
from pwlapp.core.engines.triton_nets import Nets
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.training import initial_state

DEVICE = "cuda:0"
REPEATS = 5
TORCH_EPOCHS = 1000
FUSED_EPOCHS = 20_000
POPULATIONS = (1, 32, 132, 264, 1000)  # an H100 has 132 multiprocessors
WARPS = (1, 2, 4, 8, 16)
RESULTS = Path(__file__).parent / "results"

POINTS = lecture_points()


def microseconds(run: Callable[[], object], epochs: int) -> float:
    """Median time of an epoch, after one run that compiles and warms up."""
    run()
    times = []
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times) / epochs * 1e6


def lecture_loop() -> LectureLoop:
    """The lecture's net, loss and Adam on the GPU."""
    start = initial_state(1, POINTS.x, POINTS.y)
    return LectureLoop(start, POINTS.x, POINTS.y, AdamOptions(), DEVICE)


def eager() -> float:
    """The lecture's four steps, without reading the loss."""
    loop = lecture_loop()

    def run() -> None:
        for _ in range(TORCH_EPOCHS):
            loop.step(loop.loss_fn(loop.net(loop.x), loop.y))

    return microseconds(run, TORCH_EPOCHS)


def capturable(loop: LectureLoop) -> Callable[[], None]:
    """One epoch that a CUDA graph can hold: Adam counts its steps on the GPU."""
    adam = torch.optim.Adam(loop.net.parameters(), capturable=True)

    def epoch() -> None:
        adam.zero_grad()
        loop.loss_fn(loop.net(loop.x), loop.y).backward()
        adam.step()

    return epoch


def graphed() -> float:
    """The lecture's loop, captured once as a CUDA graph and replayed."""
    epoch = capturable(lecture_loop())
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            epoch()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        epoch()

    def run() -> None:
        for _ in range(TORCH_EPOCHS):
            graph.replay()

    return microseconds(run, TORCH_EPOCHS)


def compiled() -> float:
    """The lecture's loop through torch.compile."""
    epoch = torch.compile(capturable(lecture_loop()))

    def run() -> None:
        for _ in range(TORCH_EPOCHS):
            epoch()

    return microseconds(run, TORCH_EPOCHS)


def fused(n_nets: int, num_warps: int | None = None) -> float:
    """The Triton kernel, all epochs in one launch."""
    states = [initial_state(seed, POINTS.x, POINTS.y) for seed in range(n_nets)]
    nets = Nets(states, POINTS.x, POINTS.y, AdamOptions(), DEVICE, num_warps)
    return microseconds(lambda: nets.advance(FUSED_EPOCHS), FUSED_EPOCHS)


def main() -> None:
    """Print a table and write it to results/gpu.json."""
    if not torch.cuda.is_available():
        print("no CUDA device here")
        return
    rows = {"eager": eager(), "CUDA graph": graphed(), "torch.compile": compiled()}
    for num_warps in WARPS:
        rows[f"fused, 1 net, {num_warps} warps"] = fused(1, num_warps)
    for n_nets in POPULATIONS:
        rows[f"fused, {n_nets} nets, per net"] = fused(n_nets) / n_nets
    name = torch.cuda.get_device_name(DEVICE)
    print(f"{name}, torch {torch.__version__}, {POINTS.x.size} points, µs per epoch of a net")
    for label, value in rows.items():
        print(f"{label:28} {value:10.3f}")
    RESULTS.mkdir(exist_ok=True)
    found = {"gpu": name, "torch": torch.__version__, "points": POINTS.x.size, "us_per_epoch": rows}
    (RESULTS / "gpu.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
