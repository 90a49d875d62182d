"""Initial states, validation of a run's parameters, and the choice of its frames."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.core.data.points import Points
from pwlapp.core.engines import (
    AUTO,
    FUSED_CPU,
    MIN_GPU_PRODUCTS,
    TORCH_CPU,
    EngineInfo,
    cores,
    cpu_name,
    engines,
    pick,
    resolve,
    wants_gpu,
)
from pwlapp.core.net import LECTURE, MAX_HIDDEN, Architecture
from pwlapp.core.optimizers import MAX_LR, AdamOptions, SgdOptions
from pwlapp.core.state import MAX_SEED, Budget, TrainState
from pwlapp.core.training import (
    frame_epochs,
    initial_state,
    train_slice,
    with_new_optimizer,
    with_params,
)
from pwlapp.errors import UserError


def train(state: TrainState, points: Points, target: int) -> TrainState:
    return train_slice(state, points.x, points.y, AdamOptions(), Budget(target)).state


# States


def test_the_initial_weights_are_torchs(lecture: Points):
    for seed in (0, 1, 43052, MAX_SEED):
        torch.manual_seed(seed)
        l1, l2 = torch.nn.Linear(1, 2, bias=False), torch.nn.Linear(2, 1, bias=True)
        expected = [*l1.weight.flatten(), *l2.weight.flatten(), *l2.bias]
        state = initial_state(seed, lecture.x, lecture.y)
        assert state.params.tolist() == [value.item() for value in expected]
        assert (state.epoch, state.m.tolist(), state.v.tolist()) == (0, [0.0] * 5, [0.0] * 5)


def test_a_new_net_and_a_slice_do_not_change_the_random_state(lecture: Points):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(initial_state(1, lecture.x, lecture.y), lecture, 2)
    assert torch.equal(torch.rand(3), expected)


def test_the_number_of_threads_is_restored(lecture: Points):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(initial_state(1, lecture.x, lecture.y), lecture, 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_refused(lecture: Points, seed: int):
    with pytest.raises(UserError) as refused:
        initial_state(seed, lecture.x, lecture.y)
    assert (refused.value.code, refused.value.args_) == ("bad_seed", {"max": MAX_SEED})


def test_weights_set_by_hand_keep_adams_memory(lecture: Points):
    state = train(initial_state(1, lecture.x, lecture.y), lecture, 20)
    vector = [1.0, -1.0, -4.5, -9.0, 4.5]
    edited = with_params(state, vector, lecture.x, lecture.y)
    np.testing.assert_array_equal(edited.params, np.array(vector, dtype=np.float32))
    np.testing.assert_array_equal(edited.m, state.m)
    np.testing.assert_array_equal(edited.v, state.v)
    assert edited.epoch == 20

    x, y = torch.tensor(lecture.x), torch.tensor(lecture.y)
    yhat = torch.sigmoid(-4.5 * torch.relu(x) - 9 * torch.relu(-x) + 4.5)
    assert edited.loss == pytest.approx(torch.nn.BCELoss()(yhat, y).item(), abs=1e-6)
    assert train(edited, lecture, 21).epoch == 21


@pytest.mark.parametrize("vector", [[1, 2, 3], [1, 2, 3, 4, float("nan")], [1, 2, 3, 4, 1e39]])
def test_bad_weights_are_refused(lecture: Points, vector: list[float]):
    with pytest.raises(UserError) as refused:
        with_params(initial_state(1, lecture.x, lecture.y), vector, lecture.x, lecture.y)
    assert refused.value.code == "bad_params"


@pytest.mark.parametrize("lr", [0.0, -1.0, 1000.1, float("nan"), float("inf")])
def test_a_learning_rate_out_of_range_is_refused(lr: float):
    with pytest.raises(UserError) as refused:
        AdamOptions(lr=lr)
    assert (refused.value.code, refused.value.args_) == ("bad_lr", {"max": MAX_LR})


# Frames


@given(start=st.integers(0, 2_000_000), n_epochs=st.integers(1, 1_000_000))
@settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_frame_epochs(start: int, n_epochs: int):
    target = start + n_epochs
    epochs = frame_epochs(start, target)
    assert list(epochs) == sorted(set(epochs))
    assert epochs[0] == start + 1 or n_epochs > 240**3
    assert epochs[-1] == target
    assert set(range(5000 * (start // 5000 + 1), target + 1, 5000)) <= set(epochs)
    assert len(epochs) <= 240 + n_epochs / 5000 + 1
    assert all(type(epoch) is int for epoch in epochs)


def test_frames_are_dense_at_the_start():
    epochs = frame_epochs(0, 5000)
    assert epochs[:10] == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    assert 200 < len(epochs) <= 240
    gaps = np.diff(epochs)
    assert gaps.max() < 70
    assert (np.diff(gaps) >= -1).all()  # they grow, except for rounding


def test_their_distance_from_the_start_is_a_cube():
    epochs = frame_epochs(10**9, 10**9 + 240**3)
    cubes = [10**9 + k**3 for k in range(1, 241)]
    assert [e for e in epochs if e % 5000] == [cube for cube in cubes if cube % 5000]


@pytest.mark.parametrize("target", [7, 6])
def test_a_run_of_nothing_has_no_frames(target: int):
    with pytest.raises(ValueError, match="expected more than start 7"):
        frame_epochs(7, target)


@pytest.mark.parametrize(
    "net",
    [
        Architecture(3, bias1=True),
        Architecture(5, activation="sigmoid"),
        Architecture(1, bias1=True, activation="sigmoid", loss="mse"),
    ],
)
def test_other_nets_begin_as_torchs_layers_do(lecture: Points, net: Architecture):
    torch.manual_seed(7)
    l1, l2 = torch.nn.Linear(1, net.h, bias=net.bias1), torch.nn.Linear(net.h, 1)
    a1 = torch.nn.Sigmoid() if net.activation == "sigmoid" else torch.nn.ReLU()
    x, y = torch.tensor(lecture.x).reshape(-1, 1), torch.tensor(lecture.y).reshape(-1, 1)
    with torch.no_grad():
        line = l2(a1(l1(x)))
        loss = (
            torch.nn.BCEWithLogitsLoss()(line, y)
            if net.loss == "bce"
            else torch.mean((line - y) ** 2)
        )
    state = initial_state(7, lecture.x, lecture.y, net)
    weights = [w for layer in (l1, l2) for p in layer.parameters() for w in p.flatten().tolist()]
    assert state.params.tolist() == weights
    assert state.params.size == net.size
    assert state.net == net
    assert state.loss == pytest.approx(loss.item(), abs=1e-6)


def test_a_new_optimizer_has_no_memory_and_counts_its_own_steps(lecture: Points):
    old = train(initial_state(1, lecture.x, lecture.y), lecture, 200)
    begun = with_new_optimizer(old)
    np.testing.assert_array_equal(begun.params, old.params)
    assert (begun.m.any(), begun.v.any()) == (False, False)
    assert (begun.epoch, begun.optimizer_epoch) == (200, 200)
    # Adam's first step moves each weight by lr, for any gradient
    moved = train(begun, lecture, 201).params - old.params
    np.testing.assert_allclose(np.abs(moved), 0.001, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"beta1": 1.0}, "bad_optimizer"),
        ({"beta2": -0.1}, "bad_optimizer"),
        ({"eps": float("nan")}, "bad_optimizer"),
        ({"weight_decay": -1.0}, "bad_optimizer"),
        ({"lr": 0.0}, "bad_lr"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], code: str):
    with pytest.raises(UserError) as refused:
        AdamOptions(**options)
    assert refused.value.code == code


def test_momentum_out_of_range_is_refused():
    with pytest.raises(UserError, match="bad_momentum"):
        SgdOptions(lr=0.1, momentum=1.0)


def test_vectors_of_another_net_are_refused(lecture: Points):
    state = initial_state(1, lecture.x, lecture.y, Architecture(3))
    wrong = TrainState(state.params, state.m, state.v, epoch=0, loss=0.0)
    with pytest.raises(ValueError, match=r"expected \(5,\)"):
        train(wrong, lecture, 1)


# Engines


def test_the_cpus_engines_come_first_and_have_names():
    compiled, loop, *others = engines()
    assert (compiled.id, compiled.loop, compiled.kind) == (FUSED_CPU, "fused", "cpu")
    assert (loop.id, loop.loop, loop.kind) == (TORCH_CPU, "torch", "cpu")
    assert compiled.device.strip()
    assert len(others) == 2 * torch.cuda.device_count()


def test_a_gpu_has_two_engines_where_triton_is_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: f"card {i}")
    for spec, loops in ((object(), ["torch", "fused"]), (None, ["torch"])):
        monkeypatch.setattr("pwlapp.core.engines.find_spec", lambda _name, spec=spec: spec)
        assert engines()[2:] == [
            EngineInfo(f"{loop}@cuda:0", loop, "cuda", "card 0") for loop in loops
        ]
    assert pick("fused@cuda:0", LECTURE, 2000).name == "fused@cuda:0"
    assert pick("fused@cuda:0", Architecture(512), 2000).name == "torch@cuda:0"
    assert wants_gpu("fused@cuda:0", LECTURE, 2000)
    assert not wants_gpu(TORCH_CPU, LECTURE, 2000)


def test_a_system_that_does_not_name_its_processor(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    for text in ("bogomips : 1\n", None):

        def read(*_args: object, text: str | None = text, **_options: object) -> str:
            if text is None:
                raise FileNotFoundError
            return text

        monkeypatch.setattr("pathlib.Path.read_text", read)
        assert cpu_name() == "m68k"
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert cores() == 1


def test_auto_is_the_compiled_loop_except_for_many_sigmoids(
    monkeypatch: pytest.MonkeyPatch,
):
    sigmoids = Architecture(1024, activation="sigmoid")
    assert pick(AUTO, LECTURE, 2000).name == FUSED_CPU
    for gpus, choice in ((0, FUSED_CPU), (1, "torch@cuda:0")):
        monkeypatch.setattr(torch.cuda, "device_count", lambda n=gpus: n)
        assert resolve(AUTO, LECTURE, 10**6) == FUSED_CPU
        assert resolve(AUTO, Architecture(MAX_HIDDEN, bias1=True), 10**6) == FUSED_CPU
        assert resolve(AUTO, sigmoids, MIN_GPU_PRODUCTS // 1024 - 1) == FUSED_CPU
        assert resolve(AUTO, sigmoids, MIN_GPU_PRODUCTS // 1024) == choice


def test_a_net_too_wide_for_the_gpus_kernel_goes_to_torch_on_the_same_gpu():
    assert resolve("fused@cuda:1", Architecture(2), 2000) == "fused@cuda:1"
    assert resolve("fused@cuda:1", Architecture(512), 2000) == "torch@cuda:1"
    assert resolve(FUSED_CPU, Architecture(512), 2000) == FUSED_CPU


@pytest.mark.parametrize(
    "engine", ["", "cpu", "torch", "torch@cuda:99", "fused@cuda:99", "jax@cpu", "fused@gpu", "Auto"]
)
def test_an_engine_that_is_not_there_is_refused(lecture: Points, engine: str):
    start = initial_state(1, lecture.x, lecture.y)
    with pytest.raises(UserError) as refused:
        train_slice(start, lecture.x, lecture.y, AdamOptions(), Budget(1), engine)
    assert (refused.value.code, refused.value.args_) == ("bad_engine", {"name": engine})


def test_importing_the_core_imports_no_torch():
    code = (
        "import sys\n"
        "import pwlapp.core.constructions, pwlapp.core.data.files, pwlapp.core.training\n"
        "heavy = {'torch', 'numba', 'pandas', 'requests', 'dash'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
