"""The part of PyTorch that an exported notebook uses, written in NumPy.

The source of this module is a cell of the notebook, so it imports only NumPy. It gives torch's
numbers, including the initial weights, which both draw from the same Mersenne Twister.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np


class Tensor(np.ndarray):
    """A float32 array with the methods of a tensor that the notebook calls."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # it is a key of an optimizer's state

    @property
    def data(self) -> Any:
        """The array itself; setting it copies the values into the array."""
        return self

    @data.setter
    def data(self, values: Any) -> None:
        self[...] = values

    def float(self) -> Any:
        """The array itself, which is float32."""
        return self

    def numel(self) -> int:
        """The number of elements."""
        return self.size

    def reshape_as(self, other: Any) -> Any:
        """A view with the shape of `other`."""
        return self.reshape(other.shape)

    def clone(self) -> Any:
        """A copy."""
        return self.copy()


def tensor(values: Any) -> Any:
    """A new float32 array."""
    return np.array(values, np.float32).view(Tensor)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


_random = SimpleNamespace(state=np.random.RandomState(0))


def manual_seed(seed: int) -> None:
    """Seed the random generator."""
    _random.state = np.random.RandomState(seed)


def _uniform(bound: float, *shape: int) -> Any:
    """Draw what torch's ``uniform_(-bound, bound)`` draws: it uses 24 bits of each 32."""
    bits = np.frombuffer(_random.state.bytes(4 * int(np.prod(shape))), "<u4") & 0xFFFFFF
    low, high = np.float32(-bound), np.float32(bound)
    fractions = bits.astype(np.float32) * np.float32(2.0**-24)
    return tensor(fractions * (high - low) + low).reshape(shape)


class Linear:
    """x @ weight.T + bias."""

    def __init__(self, n: int, m: int, bias: bool = True) -> None:
        bound = n**-0.5
        self.weight = _uniform(bound, m, n)
        self.bias = _uniform(bound, m) if bias else None

    def parameters(self) -> list[Any]:
        """The weight, and the bias if there is one."""
        return [self.weight] if self.bias is None else [self.weight, self.bias]

    def __call__(self, x: Any) -> Any:
        self.x = x
        return x @ self.weight.T + (0 if self.bias is None else self.bias)

    def backward(self, grad: Any) -> Any:
        """Store the gradients of the parameters; returns the gradient of x."""
        self.weight.grad = grad.T @ self.x
        if self.bias is not None:
            self.bias.grad = grad.sum(0)
        return grad @ self.weight


class ReLU:
    """max(x, 0)."""

    def parameters(self) -> list[Any]:
        """No parameters."""
        return []

    def __call__(self, x: Any) -> Any:
        self.is_on = x > 0
        return x * self.is_on

    def backward(self, grad: Any) -> Any:
        """The gradient of x."""
        return grad * self.is_on


class Sigmoid(ReLU):
    """1 / (1 + exp(-x))."""

    def __call__(self, x: Any) -> Any:
        self.y = sigmoid(x)
        return self.y

    def backward(self, grad: Any) -> Any:
        """The gradient of x."""
        return grad * self.y * (1 - self.y)


class Sequential:
    """Layers, one after the other."""

    def __init__(self, *layers: Any) -> None:
        self.layers = layers

    def __getitem__(self, k: int) -> Any:
        return self.layers[k]

    def parameters(self) -> list[Any]:
        """The parameters of all layers."""
        return [weight for layer in self.layers for weight in layer.parameters()]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        x.net = self
        return x

    def backward(self, grad: Any) -> None:
        """Store the gradients of all parameters."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


def _loss(value: Any, net: Sequential, grad: Any) -> Any:
    loss = tensor(value)
    loss.backward = lambda: net.backward(grad)
    return loss


class BCELoss:
    """Binary cross-entropy, with logarithms clamped at -100."""

    def __call__(self, yhat: Any, y: Any) -> Any:
        with np.errstate(divide="ignore"):
            ones, zeros = (np.maximum(np.log(p), -100) for p in (yhat, 1 - yhat))
        grad = (yhat - y) / np.maximum(yhat * (1 - yhat), 1e-12) / y.size
        return _loss(-np.mean(y * ones + (1 - y) * zeros), yhat.net, grad)


class MSELoss:
    """Mean squared error."""

    def __call__(self, yhat: Any, y: Any) -> Any:
        return _loss(np.mean((yhat - y) ** 2), yhat.net, 2 * (yhat - y) / y.size)


class _Optimizer:
    def __init__(self, params: Any, **options: Any) -> None:
        default = {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "momentum": 0.0}
        self.options = SimpleNamespace(**(default | {"weight_decay": 0.0} | options))
        self.params = list(params)
        self.state: dict[Any, dict[str, Any]] = {}

    def _update(self, weight: Any, grad: Any) -> Any:
        raise NotImplementedError

    def step(self) -> None:
        """Update each weight by its gradient."""
        for weight in self.params:
            weight -= self._update(weight, weight.grad + self.options.weight_decay * weight)

    def zero_grad(self) -> None:
        """Do nothing: backward() overwrites the gradients."""


class Adam(_Optimizer):
    """Adam: steps along the mean gradient over the root of the mean squared gradient."""

    def _update(self, weight: Any, grad: Any) -> Any:
        o, (beta1, beta2) = self.options, self.options.betas
        begun = {"step": 0, "exp_avg": 0 * weight, "exp_avg_sq": 0 * weight}
        kept = self.state.setdefault(weight, begun)
        t = kept["step"] = kept["step"] + 1
        m = kept["exp_avg"] = beta1 * kept["exp_avg"] + (1 - beta1) * grad
        v = kept["exp_avg_sq"] = beta2 * kept["exp_avg_sq"] + (1 - beta2) * grad**2
        size = np.sqrt(v) / (1 - beta2 ** int(t)) ** 0.5 + o.eps
        return o.lr / (1 - beta1 ** int(t)) * m / size


class SGD(_Optimizer):
    """Gradient descent with momentum."""

    def _update(self, weight: Any, grad: Any) -> Any:
        o, kept = self.options, self.state.setdefault(weight, {})
        if o.momentum and "momentum_buffer" in kept:
            grad = o.momentum * kept["momentum_buffer"] + grad
        kept["momentum_buffer"] = grad
        return o.lr * grad


torch_in_numpy: Any = SimpleNamespace(
    tensor=tensor,
    sigmoid=sigmoid,
    where=lambda is_so, a, b: tensor(np.where(is_so, a, b)),
    manual_seed=manual_seed,
    nn=SimpleNamespace(
        Linear=Linear,
        ReLU=ReLU,
        Sigmoid=Sigmoid,
        Sequential=Sequential,
        BCELoss=BCELoss,
        MSELoss=MSELoss,
    ),
    optim=SimpleNamespace(Adam=Adam, SGD=SGD),
)
