from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pwlapp.core import net
from pwlapp.core.net import LECTURE, START, Activation, Architecture, Loss, Params
from pwlapp.errors import UserError

X = np.linspace(-1, 1, 1001, dtype=np.float32)


def random_params(seed: int, h: int) -> Params:
    rng = np.random.default_rng(seed)
    return net.from_vector(rng.normal(0, 4, 2 * h + 1))


def torch_layers(params: Params) -> torch.nn.Sequential:
    h = params.W1.size
    layers = torch.nn.Sequential(
        torch.nn.Linear(1, h, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(h, 1),
        torch.nn.Sigmoid(),
    )
    layers[0].weight.data = torch.tensor(params.W1).reshape(h, 1)
    layers[2].weight.data = torch.tensor(params.W2).reshape(1, h)
    layers[2].bias.data = torch.tensor([params.b2])
    return layers


@pytest.mark.parametrize("h", [1, 2, 7])
@pytest.mark.parametrize("seed", range(5))
def test_every_step_of_the_forward_pass_is_torchs(seed: int, h: int):
    params = random_params(seed, h)
    l1, a1, l2, a2 = torch_layers(params)
    with torch.no_grad():
        u = l1(torch.tensor(X).reshape(-1, 1))
        v = a1(u)
        logit = l2(v)
        yhat = a2(logit)
    np.testing.assert_allclose(net.pre_activation(params, X), u.numpy(), atol=1e-6)
    np.testing.assert_allclose(net.hidden(params, X), v.numpy(), atol=1e-6)
    np.testing.assert_allclose(net.logit(params, X), logit.numpy().ravel(), atol=2e-5)
    np.testing.assert_allclose(net.yhat(params, X), yhat.numpy().ravel(), atol=1e-5)
    np.testing.assert_allclose(
        net.contributions(params, X).sum(axis=1) + params.b2, logit.numpy().ravel(), atol=2e-5
    )
    assert net.contributions(params, X).shape == (1001, h)
    assert net.yhat(params, X).dtype == net.logit(params, X).dtype == np.float32


@pytest.mark.parametrize("h", [1, 2, 7])
def test_slopes_are_those_of_the_drawn_line(h: int):
    for seed in range(10):
        params = random_params(seed, h)
        at = net.logit(params, np.array([-1, 0, 1], dtype=np.float32)).astype(np.float64)
        left, right = net.slopes(params)
        assert left == pytest.approx(at[1] - at[0], abs=1e-4)
        assert right == pytest.approx(at[2] - at[1], abs=1e-4)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("bias1", [False, True])
def test_every_architecture_is_torchs(activation: Activation, loss: Loss, bias1: bool):
    shape = Architecture(5, bias1, activation, loss)
    rng = np.random.default_rng(3)
    vector = rng.normal(0, 3, shape.size).astype(np.float32)
    y = rng.uniform(0, 1, X.size).astype(np.float32)
    l1, l2 = torch.nn.Linear(1, 5, bias=bias1), torch.nn.Linear(5, 1)
    torch.nn.utils.vector_to_parameters(torch.tensor(vector), [*l1.parameters(), *l2.parameters()])
    with torch.no_grad():
        u = l1(torch.tensor(X).reshape(-1, 1))
        logit = l2(torch.sigmoid(u) if activation == "sigmoid" else torch.relu(u)).ravel()
        yhat = torch.sigmoid(logit) if loss == "bce" else logit
        loss_fn = torch.nn.BCELoss() if loss == "bce" else torch.nn.MSELoss()
        expected = loss_fn(yhat, torch.tensor(y)).item()
    params = net.from_vector(vector, bias1)
    np.testing.assert_array_equal(net.to_vector(params), vector)
    np.testing.assert_allclose(net.logit(params, X, activation), logit.numpy(), atol=2e-5)
    np.testing.assert_allclose(net.yhat(params, X, shape), yhat.numpy(), atol=2e-5)
    assert net.loss(vector, X, y, shape) == pytest.approx(expected, rel=1e-5)


def test_outer_slopes_of_a_net_with_bends_elsewhere():
    params = net.from_vector([2, -3, 1, 0.5, -1, 4, 5, 6, 7, 0.25], bias1=True)
    far = np.array([-100, -99, 99, 100], dtype=np.float32)
    at = net.logit(params, far).astype(np.float64)
    assert net.slopes(params) == pytest.approx((at[1] - at[0], at[3] - at[2]), abs=1e-3)


@pytest.mark.parametrize("h", [1, 2048])
def test_the_narrowest_and_the_widest_net_are_allowed(h: int):
    assert Architecture(h).h == h


@pytest.mark.parametrize("h", [0, -1, 2049])
def test_a_number_of_units_out_of_range_is_refused(h: int):
    with pytest.raises(UserError) as refused:
        Architecture(h)
    assert (refused.value.code, refused.value.args_) == ("bad_hidden", {"min": 1, "max": 2048})


@pytest.mark.parametrize("words", [{"activation": "tanh"}, {"loss": "mae"}])
def test_an_unknown_activation_or_loss_is_refused(words: dict[str, Any]):
    with pytest.raises(UserError, match=r"^bad_architecture$"):
        Architecture(**words)


def test_the_lectures_net_has_two_relus_without_bias():
    assert Architecture() == LECTURE == Architecture(2, False, "relu", "bce")


def test_the_start_is_the_target():
    assert (START.W1.dtype, START.W2.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(net.logit(START, X), net.target(X), atol=1e-6)
    assert net.slopes(START) == (9.0, -4.5)


def test_the_target_is_the_lectures_formula():
    x = np.array([-1, -0.5, 0, 0.5, 1], dtype=np.float32)
    np.testing.assert_array_equal(net.target(x), [-4.5, 0.0, 4.5, 2.25, 0.0])
    assert net.target(x).dtype == np.float32


def test_from_vector_is_the_inverse_of_to_vector():
    vector = net.to_vector(START)
    np.testing.assert_array_equal(vector, np.array([1, -1, -4.5, -9, 4.5], dtype=np.float32))
    assert vector.dtype == np.float32
    again = net.from_vector(vector)
    np.testing.assert_array_equal(again.W1, START.W1)
    np.testing.assert_array_equal(again.W2, START.W2)
    assert again.b2 == START.b2


@pytest.mark.parametrize("shape", [(0,), (1,), (4,), (5, 1), ()])
def test_a_vector_of_an_impossible_shape_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"expected \(2h \+ 1,\)"):
        net.from_vector(np.zeros(shape))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_a_length_that_belongs_to_no_net_with_bias_is_refused(size: int):
    with pytest.raises(ValueError, match=r"expected \(3h \+ 1,\)"):
        net.from_vector(np.zeros(size), bias1=True)


def test_bce_is_torchs():
    rng = np.random.default_rng(0)
    yhat = rng.uniform(0, 1, 500).astype(np.float32)
    y = rng.integers(0, 2, 500).astype(np.float32)
    expected = torch.nn.BCELoss()(torch.tensor(yhat), torch.tensor(y)).item()
    assert net.bce(yhat, y) == pytest.approx(expected, abs=1e-6)


def test_bce_of_logits_is_torchs():
    rng = np.random.default_rng(1)
    z, y = rng.normal(0, 100, 1001), rng.random(1001)
    expected = torch.nn.BCEWithLogitsLoss()(torch.tensor(z), torch.tensor(y)).item()
    assert net.bce_of_logits(z, y) == pytest.approx(expected, rel=1e-12)


def test_losses_are_averaged_in_float64():
    """The mean of equal terms is the term, to the last bit; in float32 it is not."""
    yhat, ones = np.full(1001, 0.7, dtype=np.float32), np.ones(1001, dtype=np.float32)
    assert net.bce(yhat, ones) == -float(np.log(yhat[0]))
    assert net.bce_of_logits(-yhat, 0 * ones) == float(np.logaddexp(0, -yhat[:1])[0])
    assert net.mse(yhat, 0 * ones) == pytest.approx(float(yhat[0]) ** 2, rel=1e-14)


def test_a_certain_but_wrong_yhat_costs_100_as_in_torch():
    yhat = np.array([0, 1, 0, 1], dtype=np.float32)
    y = np.array([1, 0, 0, 1], dtype=np.float32)
    assert torch.nn.BCELoss()(torch.tensor(yhat), torch.tensor(y)).item() == 50.0
    assert net.bce(yhat, y) == 50.0


def test_the_sigmoid_saturates_without_a_warning():
    z = np.array([-1e30, -200, 0, 200, 1e30], dtype=np.float32)
    np.testing.assert_array_equal(net.sigmoid(z), [0.0, 0.0, 0.5, 1.0, 1.0])


@pytest.mark.parametrize(
    "vector",
    [
        None,
        "1,2,3,4,5",
        {"W1": 1},
        [1, 2, 3, 4],
        [1, 2, 3, 4, 5, 6],
        [[1, 2, 3, 4, 5]],
        [1, 2, 3, 4, "five"],
        [1, 2, 3, 4, None],
        [1, 2, 3, 4, [5]],
        [1, 2, 3, 4, float("nan")],
        [1, 2, 3, 4, float("inf")],
        [1, 2, 3, 4, 1.1e6],
        [1, 2, 3, 4, 10**400],
    ],
)
def test_anything_but_five_numbers_is_refused(vector: object):
    with pytest.raises(UserError) as refused:
        net.check_vector(vector, k=5)
    assert (refused.value.code, refused.value.args_) == ("bad_params", {"max": 1e6})


def test_a_vector_of_five_is_accepted():
    vector = net.check_vector([1, -1e6, 1 / 3, 0, 4.5], k=5)
    assert vector.dtype == np.float32
    np.testing.assert_array_equal(vector, np.array([1, -1e6, 1 / 3, 0, 4.5], dtype=np.float32))
