"""The Triton engine compared with the lecture's loop.

Without a GPU, Triton's interpreter runs the kernel's Python on numpy: slowly, so the cases are
small. It shows that the mathematics is right, but not how a GPU's exp, sqrt and division round:
those tests need a GPU. That the kernel compiles is shown without one.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch

from pwlapp.core import net as nets
from pwlapp.core.data.points import Points
from pwlapp.core.engines import fused_gpu, triton_nets
from pwlapp.core.engines.fused_cpu import FusedCpuEngine
from pwlapp.core.net import LECTURE, Architecture, Array
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, SliceResult, TrainState
from pwlapp.core.training import initial_state, train_slice, with_params
from pwlapp.errors import UserError
from tests.support import triton_cases

HAS_WHEEL = sys.platform == "linux" and platform.machine() == "x86_64"
# Not whether it is installed: where it can be, it must be, or these tests would be skipped unseen.
needs_triton = pytest.mark.skipif(
    not HAS_WHEEL, reason="requirements-dev.txt installs Triton on Linux on x86-64 only"
)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")

Run: TypeAlias = Callable[..., Any]

ARCHITECTURES = [
    Architecture(h, bias1, activation, loss)
    for h, bias1, activation, loss in [
        (2, False, "relu", "bce"),
        (3, True, "relu", "bce"),
        (4, False, "sigmoid", "bce"),
        (1, True, "sigmoid", "bce"),
        (1, False, "relu", "mse"),
        (4, True, "relu", "mse"),
        (2, False, "sigmoid", "mse"),
        (3, True, "sigmoid", "mse"),
    ]
]
OPTIONS = [
    AdamOptions(lr=0.01),
    AdamOptions(lr=0.05, beta1=0.3, beta2=0.9, eps=1e-3, weight_decay=0.1),
    SgdOptions(lr=0.1),
    SgdOptions(lr=0.05, momentum=0.8, weight_decay=0.1),
]
cases = pytest.mark.parametrize(
    ("net", "options"),
    [(net, OPTIONS[i % 4]) for i, net in enumerate(ARCHITECTURES)]
    + [(net, OPTIONS[(i + 2) % 4]) for i, net in enumerate(ARCHITECTURES)],
    ids=str,
)


def in_a_process(prepare: Callable[..., None], *args: str) -> Iterator[Run]:
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=prepare, initargs=args) as pool:
        yield lambda job, *args, **kwargs: pool.submit(job, *args, **kwargs).result(timeout=60)


@pytest.fixture(scope="module")
def interpreted() -> Iterator[Run]:
    """Runs a function of `triton_cases` where kernels are interpreted."""
    yield from in_a_process(triton_cases.interpret)


@pytest.fixture(scope="module")
def compiled(pytestconfig: pytest.Config) -> Iterator[Run]:
    """Runs a function of `triton_cases` where kernels are compiled, if they have changed."""
    yield from in_a_process(triton_cases.compile_into, str(pytestconfig.cache.mkdir("triton")))


def points(n: int, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1.5, n).astype(np.float32)
    return x, (rng.uniform(size=n) < nets.sigmoid(nets.target(x))).astype(np.float32)


def under_way(net: Architecture, x: Array, y: Array, options: OptimizerOptions) -> TrainState:
    """A net in the middle of training, whose optimizer was created after epoch 0."""
    start = replace(initial_state(1, x, y, net), epoch=5, optimizer_epoch=5)
    return train_slice(start, x, y, options, Budget(8)).state


def assert_close(found: TrainState, oracle: TrainState, rtol: float, atol: float) -> None:
    assert (found.epoch, found.optimizer_epoch) == (oracle.epoch, oracle.optimizer_epoch)
    assert found.net == oracle.net
    for name in ("params", "m", "v"):
        mine, its = getattr(found, name), getattr(oracle, name)
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=atol, err_msg=name)
        assert mine.dtype == np.float32
    assert found.loss == pytest.approx(oracle.loss, rel=max(rtol, 1e-6), abs=1e-6)


def assert_same(found: TrainState, oracle: TrainState) -> None:
    assert_close(found, oracle, rtol=0, atol=0)
    assert found.loss == oracle.loss


@needs_triton
class TestInterpreted:
    @cases
    def test_one_step_is_the_lecture_loops(
        self, interpreted: Run, net: Architecture, options: OptimizerOptions
    ) -> None:
        x, y = points(50)
        start = under_way(net, x, y, options)
        mine = interpreted(triton_cases.train, start, x, y, options, Budget(9))
        its = train_slice(start, x, y, options, Budget(9))
        # m is a mean of gradients, and each is a sum in which much cancels out
        assert_close(mine.state, its.state, rtol=1e-6, atol=1e-7)

    @cases
    def test_a_short_run_is_the_lecture_loops(
        self, interpreted: Run, net: Architecture, options: OptimizerOptions
    ) -> None:
        x, y = points(33)
        start = initial_state(2, x, y, net)
        budget = Budget(15, record=(1, 3, 12))
        mine: SliceResult = interpreted(triton_cases.train, start, x, y, options, budget)
        its = train_slice(start, x, y, options, budget)
        assert_close(mine.state, its.state, rtol=2e-5, atol=2e-6)
        assert mine.frames.epochs.tolist() == [1, 3, 12, 15]
        np.testing.assert_allclose(mine.frames.numbers, its.frames.numbers, rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(mine.frames.losses, its.frames.losses, rtol=2e-6)
        assert not mine.diverged
        assert mine.seconds > 0

    @pytest.mark.parametrize("options", OPTIONS, ids=str)
    def test_slices_are_the_whole_run_bit_for_bit(
        self, interpreted: Run, options: OptimizerOptions
    ) -> None:
        net = Architecture(3, True, "sigmoid")
        x, y = points(20)
        start = under_way(net, x, y, options)
        whole: SliceResult = interpreted(
            triton_cases.train, start, x, y, options, Budget(28, (20,))
        )
        state, rows = start, {}
        for target in (9, 20, 28):
            part = interpreted(triton_cases.train, state, x, y, options, Budget(target))
            state = part.state
            rows[target] = (part.frames.numbers[-1], part.frames.losses[-1])
        assert_same(state, whole.state)
        np.testing.assert_array_equal(rows[20][0], whole.frames.numbers[0])
        assert rows[20][1] == whole.frames.losses[0]

    def test_a_time_limit_ends_a_slice_at_a_state_of_the_whole_run(self, interpreted: Run) -> None:
        x, y = points(4)
        options, start = AdamOptions(), initial_state(1, x, y)
        budget = Budget(100_000, (1, 5, 99_999), slice_ms=0.001)
        part = interpreted(triton_cases.train, start, x, y, options, budget, first_launch=8)
        assert part.frames.epochs.tolist() == [1, 5, 8]
        whole = interpreted(triton_cases.train, start, x, y, options, Budget(8))
        assert_same(part.state, whole.state)

    def test_several_launches_are_one_run(self, interpreted: Run) -> None:
        x, y = points(4)
        options, start = AdamOptions(), initial_state(1, x, y)
        record = (1, 4, 5, 33)
        budget = Budget(60, record, slice_ms=1e9)
        parts = interpreted(triton_cases.train, start, x, y, options, budget, first_launch=4)
        whole = interpreted(triton_cases.train, start, x, y, options, Budget(60, record))
        assert parts.frames.epochs.tolist() == [*record, 60]
        np.testing.assert_array_equal(parts.frames.numbers, whole.frames.numbers)
        np.testing.assert_array_equal(parts.frames.losses, whole.frames.losses)
        assert_same(parts.state, whole.state)

    def test_the_initial_state_is_not_changed(self, interpreted: Run) -> None:
        x, y = points(8)
        start = initial_state(1, x, y)
        before = start.params.copy()
        both = [start, start]
        budgets = [Budget(3)] * 2
        first, second = interpreted(triton_cases.train_slices, both, x, y, AdamOptions(), budgets)
        assert_same(first.state, second.state)
        np.testing.assert_array_equal(start.params, before)

    @pytest.mark.parametrize(
        ("net", "options"),
        [
            (LECTURE, AdamOptions(lr=100)),
            (LECTURE, SgdOptions(lr=1000)),
            (Architecture(3, True, "relu", "mse"), SgdOptions(lr=3)),
            (Architecture(2, True, "sigmoid", "mse"), AdamOptions(lr=2)),
        ],
        ids=str,
    )
    def test_divergence_is_seen_at_the_same_epoch(
        self, interpreted: Run, net: Architecture, options: OptimizerOptions
    ) -> None:
        x, y = points(40)
        start = initial_state(3, x, y, net)
        budget = Budget(60, record=tuple(range(1, 61)))
        mine: SliceResult = interpreted(triton_cases.train, start, x, y, options, budget)
        its = train_slice(start, x, y, options, budget)
        assert its.diverged
        assert mine.diverged
        assert mine.frames.epochs.tolist() == its.frames.epochs.tolist()
        assert_close(mine.state, its.state, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize("bad", [3e38, -3e38])
    def test_a_start_that_has_no_finite_loss_stays_where_it_is(
        self, interpreted: Run, bad: float
    ) -> None:
        x, y = points(10)
        net = replace(LECTURE, loss="mse")
        vector = np.array([bad, bad, 1.0, 1.0, 0.0], dtype=np.float32)
        start = replace(initial_state(1, x, y, net), params=vector)
        mine: SliceResult = interpreted(
            triton_cases.train, start, x, y, AdamOptions(), Budget(9, (1, 9))
        )
        its = train_slice(start, x, y, AdamOptions(), Budget(9, (1, 9)))
        assert mine.diverged
        assert its.diverged
        assert mine.frames.epochs.size == its.frames.epochs.size == 0
        np.testing.assert_array_equal(mine.state.params, start.params)
        assert mine.state.epoch == 0
        assert not np.isfinite(mine.state.loss)

    def test_a_net_set_above_the_limit_may_train(self, interpreted: Run) -> None:
        x, y = points(30)
        start = with_params(initial_state(1, x, y), [1.0, -1.0, 0.0, 0.0, 50.0], x, y)
        assert start.loss > 10
        mine = interpreted(triton_cases.train, start, x, y, AdamOptions(lr=1.0), Budget(20))
        its = train_slice(start, x, y, AdamOptions(lr=1.0), Budget(20))
        assert not mine.diverged
        assert_close(mine.state, its.state, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("b2", [-200.0, -60.0, -25.0, 25.0, 60.0, 200.0])
    def test_saturated_sigmoids_have_torchs_loss_and_gradient(
        self, interpreted: Run, b2: float
    ) -> None:
        x = np.array([-1.0, -0.5, 0.5, 1.0], dtype=np.float32)
        y = np.array([0.0, 1.0, 0.25, 1.0], dtype=np.float32)
        start = with_params(initial_state(1, x, y), [1.0, -1.0, 2.0, 3.0, b2], x, y)
        options = SgdOptions(lr=0.1, momentum=0.5)
        mine = interpreted(triton_cases.train, start, x, y, options, Budget(1))
        its = train_slice(start, x, y, options, Budget(1))
        assert_close(mine.state, its.state, rtol=2e-6, atol=0)

    @pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize("n", [1, 2, 64])
    def test_few_points_and_equal_labels(self, interpreted: Run, n: int, label: float) -> None:
        x = np.linspace(-1, 2, n, dtype=np.float32)
        y = np.full(n, label, dtype=np.float32)
        start = initial_state(4, x, y)
        mine = interpreted(triton_cases.train, start, x, y, AdamOptions(lr=0.05), Budget(12))
        its = train_slice(start, x, y, AdamOptions(lr=0.05), Budget(12))
        assert_close(mine.state, its.state, rtol=2e-5, atol=2e-6)

    def test_no_eps_and_a_padded_unit(self, interpreted: Run) -> None:
        """A padding unit has no gradient: 0 / 0 without eps."""
        x, y = points(16)
        net, options = Architecture(3, True, "sigmoid"), AdamOptions(lr=0.01, eps=0.0)
        start = initial_state(1, x, y, net)
        mine = interpreted(triton_cases.train, start, x, y, options, Budget(5))
        its = train_slice(start, x, y, options, Budget(5))
        assert not mine.diverged
        assert_close(mine.state, its.state, rtol=1e-5, atol=1e-6)

    def test_too_many_points_are_trained_by_torch(self, interpreted: Run) -> None:
        x, y = points(triton_nets.MAX_POINTS + 1)
        start = initial_state(1, x, y)
        mine = interpreted(triton_cases.train, start, x, y, AdamOptions(), Budget(3))
        assert mine.engine == "torch@cpu"
        assert_same(mine.state, train_slice(start, x, y, AdamOptions(), Budget(3)).state)

    def test_nets_that_diverge_keep_their_last_good_state(self, interpreted: Run) -> None:
        x, y = points(30)
        start, options = initial_state(1, x, y), SgdOptions(lr=0.5)
        wild = with_params(start, [300.0, -300.0, 30.0, -40.0, 1.0], x, y)
        lost = replace(start, params=np.array([3e38, 3e38, 3e38, -3e38, 0.0], dtype=np.float32))
        budgets = [Budget(15)] * 3
        starts = [wild, start, lost]
        found = interpreted(triton_cases.train_slices, starts, x, y, options, budgets)
        for state, one in zip(starts, found, strict=True):
            alone: SliceResult = interpreted(triton_cases.train, state, x, y, options, Budget(15))
            np.testing.assert_array_equal(one.state.params, alone.state.params)
        assert [one.state.epoch for one in found[1:]] == [15, 0]
        np.testing.assert_array_equal(found[2].state.params, lost.params)

    @pytest.mark.parametrize("options", [AdamOptions(lr=0.05), SgdOptions(0.3, 0.5)], ids=str)
    def test_slices_of_many_nets_equal_those_of_single_nets(
        self, interpreted: Run, options: OptimizerOptions
    ) -> None:
        net = Architecture(3, True)
        x, y = points(30)
        states = [initial_state(seed, x, y, net) for seed in (1, 2, 3)]
        states[1] = under_way(net, x, y, options)
        later = states[1].epoch
        budgets = [
            Budget(12, (1, 2, 5, 12)),
            Budget(later + 7, (later + 3,)),
            Budget(3),  # ends before the others
        ]
        found = interpreted(triton_cases.train_slices, states, x, y, options, budgets)
        for state, budget, one in zip(states, budgets, found, strict=True):
            alone: SliceResult = interpreted(triton_cases.train, state, x, y, options, budget)
            assert_same(one.state, alone.state)
            assert one.frames.epochs.tolist() == alone.frames.epochs.tolist()
            np.testing.assert_array_equal(one.frames.numbers, alone.frames.numbers)
            np.testing.assert_array_equal(one.frames.losses, alone.frames.losses)
            assert not one.diverged

    def test_slices_of_many_nets_keep_to_the_time(self, interpreted: Run) -> None:
        x, y = points(30)
        states = [initial_state(seed, x, y) for seed in (1, 2)]
        budgets = [Budget(100_000, tuple(range(1, 1000)), slice_ms=1.0)] * 2
        found = interpreted(triton_cases.train_slices, states, x, y, AdamOptions(), budgets, 4)
        assert {0 < one.state.epoch < 100_000 for one in found} == {True}

    def test_slices_of_nets_that_diverge_end_there(self, interpreted: Run) -> None:
        x, y = points(30)
        start, options = initial_state(1, x, y), SgdOptions(lr=0.5)
        lost = replace(start, params=np.array([3e38, 3e38, 3e38, -3e38, 0.0], dtype=np.float32))
        budgets = [Budget(15, (1, 2, 3))] * 2
        found = interpreted(triton_cases.train_slices, [lost, start], x, y, options, budgets)
        assert [one.diverged for one in found] == [True, False]
        assert [one.state.epoch for one in found] == [0, 15]
        np.testing.assert_array_equal(found[0].state.params, lost.params)
        assert [one.frames.epochs.tolist() for one in found] == [[], [1, 2, 3, 15]]
        for rate in (30.0, 300.0):  # both jump out of all bounds, each at an epoch of its own
            options = SgdOptions(lr=rate)
            other = initial_state(2, x, y)
            found = interpreted(triton_cases.train_slices, [start, other], x, y, options, budgets)
            for state, one in zip([start, other], found, strict=True):
                alone = interpreted(triton_cases.train, state, x, y, options, budgets[0])
                assert one.diverged == alone.diverged
                assert_same(one.state, alone.state)
                assert one.frames.epochs.tolist() == alone.frames.epochs.tolist()

    def test_slices_of_many_nets_refuse_nets_that_do_not_fit(self, interpreted: Run) -> None:
        x, y = points(5)
        states = [initial_state(1, x, y), initial_state(1, x, y, Architecture(3))]
        wide = [initial_state(1, x, y, Architecture(17))] * 2
        for wrong in (states, wide):
            with pytest.raises(ValueError, match="not all nets"):
                interpreted(triton_cases.train_slices, wrong, x, y, AdamOptions(), [Budget(1)] * 2)

    def test_the_compiled_loop_of_the_cpu_agrees(self, interpreted: Run) -> None:
        x, y = points(48)
        start = initial_state(5, x, y)
        mine = interpreted(triton_cases.train, start, x, y, AdamOptions(), Budget(20))
        its = FusedCpuEngine().train(start, x, y, AdamOptions(), Budget(20))
        assert_close(mine.state, its.state, rtol=1e-4, atol=1e-5)


@needs_triton
@pytest.mark.parametrize("capability", [75, 80, 90])
def test_it_compiles_for_gpus_of_other_machines(compiled: Run, capability: int) -> None:
    constants = {"N": 2048, "H": 2, "BIAS1": False, "RELU": True, "BCE": True, "ADAM": True}
    assert compiled(triton_cases.machine_code, capability, 8, **constants)["cubin"] > 0


@needs_triton
def test_other_nets_compile_too(compiled: Run) -> None:
    constants = {"N": 64, "H": 4, "BIAS1": True, "RELU": False, "BCE": False, "ADAM": False}
    assert compiled(triton_cases.machine_code, 80, 1, **constants)["cubin"] > 0


def test_the_tests_own_process_does_not_interpret() -> None:
    assert "TRITON_INTERPRET" not in os.environ


def test_without_triton_there_is_no_such_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError) as refused:
        fused_gpu.FusedGpuEngine("cuda:0")
    assert refused.value.code == "bad_engine"
    assert refused.value.args_ == {"name": "fused@cuda:0"}


@pytest.mark.parametrize(
    ("h", "n", "expected"),
    [
        (2, 1, (1, 2)),
        (1, 2000, (2048, 2)),
        (3, 2048, (2048, 4)),
        (16, 2049, (4096, 16)),
    ],
)
def test_tiles_are_padded_to_powers_of_two(h: int, n: int, expected: tuple[int, int]) -> None:
    assert triton_nets.tile(Architecture(h), n) == expected


@pytest.mark.parametrize(
    ("h", "n", "expected"),
    [(2, 4096, True), (2, 4097, False), (16, 2048, True), (16, 2049, False), (17, 10, False)],
)
def test_fits(h: int, n: int, expected: bool) -> None:
    assert triton_nets.fits(Architecture(h), n) is expected


def test_adams_steps_are_torchs_in_float64_and_do_not_depend_on_the_slice() -> None:
    options = AdamOptions(lr=0.003, beta1=0.8, beta2=0.99)
    whole = triton_nets.schedule(options, 1, 5000)
    for t in (1, 2, 17, 4999):
        size, bias2 = 0.003 / (1 - 0.8**t), (1 - 0.99**t) ** 0.5
        np.testing.assert_allclose(whole[t - 1], np.float32([size, bias2]), rtol=1e-7)
    part = triton_nets.schedule(options, 1234, 2345)
    np.testing.assert_array_equal(part, whole[1233:2346])


@needs_cuda
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("net", [*ARCHITECTURES, Architecture(16, True, "sigmoid")], ids=str)
def test_a_gpu_agrees_with_the_cpu_and_with_itself(
    lecture: Points, net: Architecture, options: OptimizerOptions
) -> None:
    x, y = lecture.x, lecture.y
    start, engine = initial_state(1, x, y, net), fused_gpu.FusedGpuEngine("cuda:0")
    whole = engine.train(start, x, y, options, Budget(400, (150,)))
    half = engine.train(start, x, y, options, Budget(150)).state
    np.testing.assert_array_equal(half.params, whole.frames.numbers[0])
    again = engine.train(half, x, y, options, Budget(400, slice_ms=1e9)).state
    assert_same(again, whole.state)
    oracle = train_slice(start, x, y, options, Budget(400)).state
    np.testing.assert_allclose(whole.state.params, oracle.params, atol=1e-4)
    assert whole.state.loss == pytest.approx(oracle.loss, abs=1e-5)
    assert whole.engine == "fused@cuda:0"


@needs_cuda
def test_a_gpu_trains_many_nets_as_each_alone(lecture: Points) -> None:
    x, y, options = lecture.x, lecture.y, AdamOptions(lr=0.01)
    states = [initial_state(seed, x, y) for seed in range(300)]
    budgets = [Budget(200, (1, 50 + i)) for i in range(300)]
    found = fused_gpu.train_slices(states, x, y, options, budgets, "cuda:0")
    engine = fused_gpu.FusedGpuEngine("cuda:0")
    for i in (0, 131, 132, 299):
        alone = engine.train(states[i], x, y, options, budgets[i])
        assert_same(found[i].state, alone.state)
        np.testing.assert_array_equal(found[i].frames.numbers, alone.frames.numbers)


@needs_cuda
def test_a_gpu_catches_divergence(lecture: Points) -> None:
    start = initial_state(1, lecture.x, lecture.y)
    engine = fused_gpu.FusedGpuEngine("cuda:0")
    result = engine.train(start, lecture.x, lecture.y, AdamOptions(lr=100), Budget(50))
    oracle = train_slice(start, lecture.x, lecture.y, AdamOptions(lr=100), Budget(50))
    assert result.diverged
    assert result.state.epoch == oracle.state.epoch
    assert np.isfinite(result.state.params).all()
