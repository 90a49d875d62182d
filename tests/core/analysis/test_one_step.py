"""One epoch in numbers, compared with torch's autograd and optimizers and with the engines."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, product
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from pwlapp.core.analysis.one_step import DRAWN_POINTS, LISTED_UNITS, OneStep, one_step
from pwlapp.core.data.points import Points
from pwlapp.core.engines import TORCH_CPU
from pwlapp.core.engines.torch_engine import LectureLoop, flatten
from pwlapp.core.net import Activation, Architecture, Array, Loss
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import Budget, TrainState
from pwlapp.core.training import initial_state, train_slice

RTOL = 2e-5  # for float32 sums over some hundred points
OPTIMIZERS = {
    "adam": AdamOptions(),
    "adam, other settings": AdamOptions(0.05, 0.8, 0.9, 1e-3, 0.1),
    "sgd": SgdOptions(0.01),
    "sgd, momentum": SgdOptions(0.05, 0.9),
    "sgd, weight decay": SgdOptions(0.05, 0.5, 0.1),
}
NETS = [
    Architecture(h, bias1, activation, loss)
    for h, bias1, activation, loss in product(
        (1, 2, 8, 64), (False, True), ("relu", "sigmoid"), ("bce", "mse")
    )
]


def points_of(net: Architecture, n: int = 300) -> tuple[Array, Array]:
    """Unsorted points; y is 0 or 1 for BCE."""
    rng = np.random.default_rng(net.h)
    x = rng.uniform(-1.5, 2, n).astype(np.float32)
    wave = np.sin(2 * x) + 0.3 * rng.normal(size=n)
    return x, (wave > 0 if net.loss == "bce" else wave).astype(np.float32)


def state_of(net: Architecture, options: OptimizerOptions, epochs: int) -> TrainState:
    """A net in the middle of its training, with moments."""
    x, y = points_of(net)
    start = initial_state(5, x, y, net)
    state = train_slice(start, x, y, options, Budget(epochs)).state if epochs else start
    assert state.epoch == epochs, "it has diverged"
    return state


class Torchs(NamedTuple):
    """The same epoch by torch; all of shape (k,)."""

    gradient: Array
    m: Array
    v: Array
    new: Array


def by_torch(state: TrainState, x: Array, y: Array, options: OptimizerOptions) -> Torchs:
    loop = LectureLoop(state, x, y, options, "cpu")
    loss = loop.loss()
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own
    gradients = [weight.grad for weight in loop.net.parameters() if weight.grad is not None]
    g = flatten(gradients).copy()
    loop.optimizer.step()
    after = loop.state(state.epoch + 1, loss.item())
    return Torchs(g, after.m, after.v, after.params)


def close(found: NDArray[np.float64], wanted: Array, size: float) -> None:
    """Compare within float32's rounding error, relative to each number or to its summands."""
    np.testing.assert_allclose(found, wanted, rtol=RTOL, atol=1e-6 * size)


@pytest.mark.parametrize("options", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("net", NETS, ids=str)
def test_gradient_and_step_are_torchs(net: Architecture, options: OptimizerOptions) -> None:
    x, y = points_of(net)
    for epochs in (0, 7):
        state = state_of(net, options, epochs)
        found, wanted = one_step(state, x, y, options), by_torch(state, x, y, options)
        listed = found.listed
        size = float(np.abs(wanted.gradient).max())
        close(found.gradient, wanted.gradient[listed], size)
        close(found.update.m, wanted.m[listed], size)
        close(found.update.v, wanted.v[listed], size**2)
        close(found.update.new, wanted.new[listed], options.lr)
        assert found.count == epochs + 1
        np.testing.assert_array_equal(found.old, state.params[listed])
        np.testing.assert_allclose(found.old - found.update.step, found.update.new)
        np.testing.assert_allclose(found.difference, found.gradient, rtol=1e-4, atol=1e-6 * size)


@pytest.mark.parametrize("net", NETS, ids=str)
def test_the_engines_take_the_predicted_step(net: Architecture, engine: str) -> None:
    x, y = points_of(net)
    for options in OPTIMIZERS.values():
        state = state_of(net, options, 3)
        predicted = one_step(state, x, y, options)
        after = train_slice(state, x, y, options, Budget(4), engine).state
        assert after.epoch == 4
        close(predicted.update.new, after.params[predicted.listed], options.lr)
        assert predicted.loss_after == pytest.approx(after.loss, abs=2e-6)
        assert predicted.loss == state.loss


def test_step_by_step_through_the_lectures_run(lecture: Points) -> None:
    """The first epochs, and the last one before each row of the lecture's table."""
    x, y, options = lecture.x, lecture.y, AdamOptions()
    state = initial_state(1, x, y)
    for epoch in (*range(1, 30), 4999, 5000, 9999, 10_000):
        if epoch > state.epoch + 1:
            state = train_slice(state, x, y, options, Budget(epoch - 1), TORCH_CPU).state
        predicted = one_step(state, x, y, options)
        state = train_slice(state, x, y, options, Budget(epoch), TORCH_CPU).state
        np.testing.assert_allclose(predicted.update.new, state.params, rtol=0, atol=5e-7)
        assert predicted.loss_after == pytest.approx(state.loss, abs=1e-6)
        np.testing.assert_allclose(predicted.difference, predicted.gradient, rtol=1e-3, atol=1e-7)
    assert state.params == pytest.approx([2.8167, -3.9404, -1.75, -3.5572, 4.9937], abs=6e-5)


def test_adams_first_step_is_the_learning_rate(lecture: Points) -> None:
    """m_hat is the gradient and v_hat its square, so their ratio is its sign."""
    step = one_step(initial_state(1, lecture.x, lecture.y), lecture.x, lecture.y, AdamOptions())
    np.testing.assert_allclose(step.update.m_hat, step.gradient)
    np.testing.assert_allclose(step.update.v_hat, step.gradient**2)
    np.testing.assert_allclose(step.update.step, 0.001 * np.sign(step.gradient), rtol=1e-4)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_each_points_contribution_is_its_own_gradient(activation: Activation, loss: Loss) -> None:
    net = Architecture(3, True, activation, loss)
    x, y = points_of(net, 40)
    state = initial_state(2, x, y, net)
    single = np.array(
        [by_torch(state, x[[i]], y[[i]], SgdOptions()).gradient for i in np.argsort(x)]
    )  # (n, k)
    for weight in range(net.size):
        found = one_step(state, x, y, SgdOptions(), weight)
        pull = found.pull
        np.testing.assert_array_equal(pull.x, np.sort(x))
        np.testing.assert_allclose(
            pull.residual * pull.factor, single[:, weight], rtol=1e-5, atol=1e-6
        )
        assert pull.up + pull.down == pytest.approx(found.gradient[weight], abs=1e-12)
        terms = single[:, weight]
        assert (pull.n_up, pull.n_down) == ((terms > 0).sum(), (terms < 0).sum())
        assert pull.up == pytest.approx(terms[terms > 0].sum() / 40, rel=1e-4, abs=1e-9)


def test_points_of_a_side_without_units_contribute_nothing(lecture: Points) -> None:
    """Seed 3: both W1 are negative, so no point right of 0 reaches a unit."""
    x, y = lecture.x, lecture.y
    state = initial_state(3, x, y)
    assert (state.params[:2] < 0).all()
    for weight in range(4):
        pull = one_step(state, x, y, AdamOptions(), weight).pull
        assert (pull.factor[pull.x > 0] == 0).all()
        assert pull.n_up + pull.n_down <= 1000
    pull = one_step(state, x, y, AdamOptions(), 4).pull
    assert (pull.factor == 1).all()
    assert pull.n_up + pull.n_down == 2000


def test_a_dead_unit_has_no_gradient(lecture: Points) -> None:
    net = Architecture(2, bias1=True)
    state = initial_state(1, lecture.x, lecture.y, net)
    params = state.params.copy()
    params[[0, 2]] = 1, -5  # on from x = 5
    step = one_step(replace(state, params=params), lecture.x, lecture.y, SgdOptions())
    assert step.gradient[[0, 2, 4]].tolist() == step.difference[[0, 2, 4]].tolist() == [0, 0, 0]
    assert step.gradient[1] != 0


@pytest.mark.parametrize("options", [AdamOptions(), SgdOptions()])
def test_saturated_sigmoids_are_torchs(lecture: Points, options: OptimizerOptions) -> None:
    """Where yhat is exactly 0 or 1 in float32, torch passes no gradient on."""
    x, y = lecture.x, lecture.y
    state = initial_state(1, x, y)
    for size in (20, 60, 200, 1e6):
        far = replace(state, params=(state.params * size).astype(np.float32))
        found, wanted = one_step(far, x, y, options), by_torch(far, x, y, options)
        close(found.gradient, wanted.gradient, float(np.abs(wanted.gradient).max()))
        np.testing.assert_allclose(found.update.new, wanted.new, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("h", [9, 130, 2048])
def test_a_wide_net_lists_its_first_units(h: int) -> None:
    net = Architecture(h, True)
    x, y = points_of(net)
    state, options = state_of(net, AdamOptions(), 2), AdamOptions()
    found, wanted = one_step(state, x, y, options), by_torch(state, x, y, options)
    layers = [[layer * h + unit for unit in range(LISTED_UNITS)] for layer in range(3)]
    assert found.listed.tolist() == [*chain(*layers), 3 * h]
    close(found.gradient, wanted.gradient[found.listed], 0.1)
    close(found.update.new, wanted.new[found.listed], options.lr)
    after = train_slice(state, x, y, options, Budget(3)).state
    assert found.loss_after == pytest.approx(after.loss, abs=1e-5)
    assert one_step(state, x, y, options, h - 1).pull.weight == 0  # which is not listed


def test_many_points_are_thinned_for_drawing_but_all_count() -> None:
    net = Architecture(2)
    x, y = points_of(net, 3 * DRAWN_POINTS + 1)
    state = initial_state(1, x, y, net)
    found: OneStep = one_step(state, x, y, AdamOptions(), 1)
    assert DRAWN_POINTS / 2 < found.pull.x.size <= DRAWN_POINTS
    assert found.pull.up + found.pull.down == pytest.approx(found.gradient[1], abs=1e-12)
    close(found.gradient, by_torch(state, x, y, AdamOptions()).gradient, 0.1)


def test_weights_with_infinite_v_do_not_change() -> None:
    """Adam's v may be infinite: the weights then do not change, as in torch."""
    net = Architecture(2)
    x, y = points_of(net)
    state = initial_state(1, x, y, net)
    state = replace(state, v=np.full(5, np.inf, np.float32))
    found = one_step(state, x, y, AdamOptions())
    np.testing.assert_array_equal(found.update.new, by_torch(state, x, y, AdamOptions()).new)


def test_the_arguments_are_not_changed(lecture: Points) -> None:
    state = initial_state(1, lecture.x, lecture.y)
    for vector in (state.params, state.m, state.v):
        vector.flags.writeable = False
    one_step(state, lecture.x, lecture.y, AdamOptions())
