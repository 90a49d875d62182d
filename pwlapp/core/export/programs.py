"""Exports a run as a Python script with the lecture's loop.

`notebooks` puts the same parts into the cells of a notebook. The text consists of the templates
below, literals of checked numbers, and sentences of the message catalogues. It contains nothing
that a user typed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pwlapp.core.data.lecture import LABELS, N, is_lecture
from pwlapp.core.data.points import Points
from pwlapp.core.export.literals import column, literal, packed, rows, tensor, vector
from pwlapp.core.messages import fill
from pwlapp.core.net import Architecture, Array, from_vector
from pwlapp.core.optimizers import AdamOptions, OptimizerOptions, SgdOptions
from pwlapp.core.state import TrainState

MOST_POINTS = 5000  # more points are written as base64 instead of numbers
MORE_EPOCHS = 5000  # epochs of a program that begins with the present weights
DATA_FILE = "pwlapp-data.csv"
WIDTH = 88

Words = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Program:
    """A run to export as a program.

    Attributes
    ----------
    seed : int
    optimizer : AdamOptions or SgdOptions
    train : TrainState
        The present state of the net.
    points : Points
        Its data.
    by_recipe : bool
        Whether the program can reproduce the net: it does if ``train.epoch`` epochs from the seed's
        initial weights give this net. If not, the program begins with the present weights.
    """

    seed: int
    optimizer: OptimizerOptions
    train: TrainState
    points: Points
    by_recipe: bool

    @property
    def name(self) -> str:
        """The name of the exported files without their ending: ``pwlapp-seed1-10000``.

        It ends with ``-changed`` if the seed alone does not give this net.
        """
        change = "" if self.by_recipe else "-changed"
        return f"pwlapp-seed{self.seed}-{self.train.epoch}{change}"

    @property
    def epochs(self) -> int:
        """How many epochs the program trains."""
        return self.train.epoch if self.by_recipe else MORE_EPOCHS


class Part(NamedTuple):
    """A heading and the code below it, which a notebook hides if ``is_folded``."""

    heading: str
    code: str
    is_folded: bool = False


def script(program: Program, words: Words) -> str:
    """Write the run as a Python script.

    Parameters
    ----------
    program : Program
    words : mapping of str to str
        The catalogue's ``code.*`` sentences, for the comments.

    Returns
    -------
    str
        A program that prints the weights before and after training, as the lecture does, and the
        loss.
    """
    steps = [f"{comment(part.heading)}\n{part.code}" for part in parts(program, words)]
    return "\n".join([f"{comment(title(program, words))}\n", *steps])


def title(program: Program, words: Words) -> str:
    """The program's title."""
    key = "code.title" if program.by_recipe else "code.title_weights"
    return fill(words[key], seed=program.seed, epochs=f"{program.train.epoch:,}")


def parts(program: Program, words: Words) -> list[Part]:
    """The parts of the program, in order."""
    epochs = f"{program.epochs:,}"
    training = words["code.train" if program.by_recipe else "code.train_more"]
    return [
        data_part(program.points, words),
        _net(program, words),
        Part(words["code.loss_and_optimizer"], _loss_and_optimizer(program)),
        *([] if program.by_recipe or not program.train.epoch else [_memory(program, words)]),
        Part(words["code.before"], _show(program.train.net)),
        Part(fill(training, epochs=epochs), _loop(program.epochs)),
        Part(words["code.after"], _show(program.train.net) + "print(loss_fn(net(x), y).item())\n"),
    ]


def comment(sentence: str) -> str:
    """Write text as comment lines; its own line breaks become spaces."""
    lines = textwrap.wrap(" ".join(sentence.split()), WIDTH) or [""]
    return "\n".join(f"# {line}" for line in lines)


# --- data ---------------------------------------------------------------------------------------
def training(points: Points) -> dict[str, Array]:
    """The points that a net is trained on, by column: x, y, and prob if it is known."""
    x, y = points.training
    columns = {"x": x, "y": y}
    if points.prob is not None:
        columns["prob"] = np.delete(points.prob, points.testing_rows)
    return columns


def data_part(points: Points, words: Words) -> Part:
    """The points that a net is trained on, as code: ``x``, ``y``, and ``prob`` if it is known."""
    if is_lecture(points) and not points.testing_rows.size:
        return Part(words["code.data_lecture"], _lecture())
    columns = training(points)
    if columns["x"].size > MOST_POINTS:
        return Part(words["code.data_packed"], packed(columns))
    lines = [tensor(name, values) for name, values in columns.items()]
    return Part(words["code.data_points"], "\n".join(["import torch\n", *lines]))


def _lecture() -> str:
    """Write x and prob as formulas, and the labels as one bit each."""
    labels = "\n".join(f'    "{line}"' for line in textwrap.wrap(LABELS, WIDTH - 6))
    return f"""\
import numpy as np
import torch

x = torch.tensor(np.linspace(-1, 1, {N:d})).float().reshape(-1, 1)
prob = torch.sigmoid(torch.where(x < 0, 5 + 15 * x, 5 - 5 * x))
labels = bytes.fromhex(
{labels}
)
y = torch.tensor(np.unpackbits(np.frombuffer(labels, np.uint8))).float().reshape(-1, 1)
"""


# --- net, loss, optimizer -----------------------------------------------------------------------
def _net(program: Program, words: Words) -> Part:
    net, epoch = program.train.net, f"{program.train.epoch:,}"
    layers = [
        f"torch.nn.Linear(1, {net.h:d}, bias={net.bias1!r}),",
        "torch.nn.Sigmoid()," if net.activation == "sigmoid" else "torch.nn.ReLU(),",
        f"torch.nn.Linear({net.h:d}, 1, bias=True),",
        *(["torch.nn.Sigmoid(),"] if net.loss == "bce" else []),
    ]
    body = "\n    ".join(layers)
    made = f"net = torch.nn.Sequential(\n    {body}\n)\n"
    if program.by_recipe:
        return Part(words["code.net"], f"torch.manual_seed({program.seed:d})\n{made}")
    return Part(words["code.net_weights"].format(epoch=epoch), made + _weights(program.train))


def _weights(train: TrainState) -> str:
    """Write code that sets the present weights."""
    params = from_vector(train.params, train.net.bias1)
    lines = [f"net[0].weight.data = torch.tensor({column(params.W1)})"]  # (h, 1)
    if params.b1 is not None:
        lines.append(f"net[0].bias.data = torch.tensor({vector(params.b1)})")
    lines.append(f"net[2].weight.data = torch.tensor({rows([params.W2])})")  # (1, h)
    lines.append(f"net[2].bias.data = torch.tensor([{literal(params.b2)}])")
    return "\n".join(lines) + "\n"


def _loss_and_optimizer(program: Program) -> str:
    loss = "BCELoss" if program.train.net.loss == "bce" else "MSELoss"
    optimizer = _optimizer(program.optimizer)
    return f"loss_fn = torch.nn.{loss}()\noptimizr = torch.optim.{optimizer}\n"


def _optimizer(options: OptimizerOptions) -> str:
    """Write the optimizer's constructor with the arguments that differ from torch's defaults.

    SGD's lr is always written, since torch's default is not that of `SgdOptions`.
    """
    if isinstance(options, SgdOptions):
        kind, args = "SGD", [f"lr={float(options.lr)!r}", *_changed(options, "momentum")]
    else:
        kind, args = "Adam", _changed(options, "lr")
        if (options.beta1, options.beta2) != (AdamOptions.beta1, AdamOptions.beta2):
            args.append(f"betas=({float(options.beta1)!r}, {float(options.beta2)!r})")
        args += _changed(options, "eps")
    args += _changed(options, "weight_decay")
    return f"{kind}({', '.join(['net.parameters()', *args])})"


def _changed(options: OptimizerOptions, name: str) -> list[str]:
    """The keyword argument for a hyperparameter; none if it has its default."""
    value = float(getattr(options, name))
    return [] if value == getattr(type(options), name) else [f"{name}={value!r}"]


def _memory(program: Program, words: Words) -> Part:
    """Write code that restores the optimizer's memory, so that training continues exactly."""
    train = program.train
    steps = train.epoch - train.optimizer_epoch
    if isinstance(program.optimizer, SgdOptions):
        kept, state = {"momentum_buffer": train.m}, []
    else:
        kept = {"exp_avg": train.m, "exp_avg_sq": train.v}
        state = [f'"step": torch.tensor({steps:d}.0)']
    lines = [f"{name} = torch.tensor({vector(values)})" for name, values in kept.items()]
    state += [f'"{name}": {name}[at:end].reshape_as(weight).clone()' for name in kept]
    items = "".join(f"        {item},\n" for item in state)
    loop = f"""\
at = 0
for weight in net.parameters():
    end = at + weight.numel()
    optimizr.state[weight] = {{
{items}    }}
    at = end
"""
    return Part(words["code.memory"], "\n".join(lines) + "\n" + loop)


# --- training -----------------------------------------------------------------------------------
def _show(net: Architecture) -> str:
    lines = ["print(net[0].weight.data)"]
    if net.bias1:
        lines.append("print(net[0].bias.data)")
    return "\n".join([*lines, "print(net[2].weight.data)", "print(net[2].bias.data)"]) + "\n"


def _loop(epochs: int) -> str:
    return f"""\
for epoc in range({epochs:d}):
    ## step1
    yhat = net(x)
    ## step2
    loss = loss_fn(yhat, y)
    ## step3
    loss.backward()
    ## step4
    optimizr.step()
    optimizr.zero_grad()
"""
