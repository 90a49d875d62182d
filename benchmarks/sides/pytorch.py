"""The lecture's run in PyTorch: the lecture's loop, faster variants of it, and by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmarks.sides.side import LR, Side, Timed, Train, clock
from pwlapp.core.data.points import Points
from pwlapp.core.net import LECTURE, Architecture, Array

LECTURE_LOOP = "the lecture's loop, eager PyTorch"


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Let torch use n threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def columns(points: Points) -> tuple[torch.Tensor, torch.Tensor]:
    """Copy x and y into (n, 1) tensors."""
    return torch.tensor(points.x).reshape(-1, 1), torch.tensor(points.y).reshape(-1, 1)


def page_net(start: Array, net: Architecture = LECTURE) -> torch.nn.Sequential:
    """Build the lecture's net with these weights, in the order of `net.to_vector`."""
    a1 = torch.nn.Sigmoid() if net.activation == "sigmoid" else torch.nn.ReLU()
    layers = torch.nn.Sequential(
        torch.nn.Linear(1, net.h, bias=net.bias1), a1, torch.nn.Linear(net.h, 1), torch.nn.Sigmoid()
    )
    torch.nn.utils.vector_to_parameters(torch.tensor(start), layers.parameters())
    return layers


def weights(net: torch.nn.Sequential) -> Array:
    """Flatten: W1, b1 if there is one, W2, b2."""
    flat: Array = torch.cat([p.detach().flatten() for p in net.parameters()]).numpy()
    return flat


def lecture_loop(n_threads: int = 1, shape: Architecture = LECTURE) -> Train:
    """Make the lecture's loop, unchanged, on `n_threads` threads."""

    def train(points: Points, start: Array, epochs: int) -> Timed:
        X, y = columns(points)
        net = page_net(start, shape)
        loss_fn = torch.nn.BCELoss()
        optimizr = torch.optim.Adam(net.parameters(), lr=LR)
        with threads(n_threads), clock() as watch:
            for _ in range(epochs):
                # 1
                yhat = net(X)
                # 2
                loss = loss_fn(yhat, y)
                # 3
                loss.backward()
                # 4
                optimizr.step()
                optimizr.zero_grad()
        return watch.timed(weights(net))

    return train


def fused_adam(points: Points, start: Array, epochs: int) -> Timed:
    """The same with torch's fused Adam and BCEWithLogitsLoss."""
    X, y = columns(points)
    whole = page_net(start)
    net = whole[:-1]
    loss_fn = torch.nn.BCEWithLogitsLoss()
    optimizr = torch.optim.Adam(net.parameters(), lr=LR, fused=True)
    with threads(1), clock() as watch:
        for _ in range(epochs):
            loss = loss_fn(net(X), y)
            loss.backward()
            optimizr.step()
            optimizr.zero_grad()
    return watch.timed(weights(whole))


class ByHand:
    """The gradient written out in torch operations that write into preallocated memory.

    Parameters
    ----------
    points : Points
    start : ndarray of shape (2h + 1,), float32
    """

    def __init__(self, points: Points, start: Array) -> None:
        self.x, self.y = torch.tensor(points.x), torch.tensor(points.y)  # (n,)
        n, h = self.x.numel(), (start.size - 1) // 2
        self.params = torch.tensor(start)
        self.W1, self.W2, self.b2 = torch.split(self.params, [h, h, 1])
        self.m, self.v, self.g = (torch.zeros_like(self.params) for _ in range(3))
        self.gW1, self.gW2, _ = torch.split(self.g, [h, h, 1])
        self.gb2 = self.g[-1]
        self.u, self.on = torch.empty(h, n), torch.empty(h, n)
        self.z, self.ones = torch.empty(n), torch.full((n,), 1.0)
        self.root = torch.empty_like(self.params)

    def gradient(self) -> None:
        """Loss gradient at the current weights, into g."""
        torch.outer(self.W1, self.x, out=self.u)  # (h,) x (n,) -> (h, n)
        torch.gt(self.u, 0.0, out=self.on)
        self.u.clamp_(min=0.0)
        torch.mv(self.u.t(), self.W2, out=self.z)  # (n, h) @ (h,) -> (n,)
        self.z.add_(self.b2).sigmoid_().sub_(self.y).div_(self.z.numel())  # d loss / d logit
        torch.mv(self.u, self.z, out=self.gW2)  # (h, n) @ (n,) -> (h,)
        torch.dot(self.z, self.ones, out=self.gb2)
        self.z.mul_(self.x)
        torch.mv(self.on, self.z, out=self.gW1)
        self.gW1.mul_(self.W2)

    def adam(self, step: int) -> None:
        """One step from g."""
        self.m.lerp_(self.g, 0.1)
        self.v.mul_(0.999).addcmul_(self.g, self.g, value=0.001)
        torch.sqrt(self.v, out=self.root)
        self.root.div_(math.sqrt(1 - 0.999**step)).add_(1e-8)
        self.params.addcdiv_(self.m, self.root, value=-LR / (1 - 0.9**step))


def by_hand(points: Points, start: Array, epochs: int) -> Timed:
    """Train with `ByHand`, without autograd."""
    net = ByHand(points, start)
    with threads(1), torch.inference_mode(), clock() as watch:
        for step in range(1, epochs + 1):
            net.gradient()
            net.adam(step)
    return watch.timed(net.params.numpy())


def lecture_sides() -> list[Side]:
    """The lecture's net, one thread."""
    return [
        Side("page", LECTURE_LOOP, lecture_loop(), 600),
        Side("fused_adam", "PyTorch, Adam(fused=True), BCEWithLogitsLoss", fused_adam, 800),
        Side("by_hand", "gradient by hand in torch operations", by_hand, 3000),
    ]


def wide_sides(cores: int) -> list[Side]:
    """The lecture's loop for wider nets, on all cores, torch's default.

    The widest net is also timed on one thread, since on a busy machine several wait for one
    another.
    """

    def side(key: str, net: Architecture, epochs: int, n_threads: int = cores) -> Side:
        return Side(key, LECTURE_LOOP, lecture_loop(n_threads, net), epochs, n_threads, net)

    return [
        side("page_8", Architecture(8), 400),
        side("page_64", Architecture(64), 200),
        side("page_512", Architecture(512), 40),
        side("page_512_one", Architecture(512), 40, n_threads=1),
        side("page_512_bias", Architecture(512, bias1=True), 40),
        side("page_512_sigmoid", Architecture(512, activation="sigmoid"), 40),
    ]


def expected(points: Points, start: Array, epochs: int, net: Architecture = LECTURE) -> Array:
    """The weights at which the lecture's loop ends on one thread."""
    return lecture_loop(1, net)(points, start, epochs).result
