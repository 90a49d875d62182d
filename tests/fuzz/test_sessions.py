"""Malformed commands, imported runs, files and callbacks.

None may crash the app, hang, log a traceback, or change another session. The same requests are
sent each time.
"""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwlapp.commands.saved import packed
from pwlapp.commands.table import COMMANDS, STREAMS
from pwlapp.core.net import LECTURE
from tests.support.csv_files import GOOD
from tests.support.fuzz import (
    EACH,
    FEW,
    JSON,
    MANY,
    ODD_TEXT,
    SAME_EACH_TIME,
    SCALARS,
    mostly,
    near,
    to_bytes,
)
from tests.support.fuzz_site import Site

# --- commands -----------------------------------------------------------------------------------

ADAM = {"kind": "adam", "lr": 0.01}
NET = vars(LECTURE)
OWN = {
    "law": "own",
    "x": [0.0, 0.5, 1.0],
    "y": [0, 1, 1],
    "prob": None,
    "label": "a",
    "held_out": 0,
}
MOONS = {"law": "steps", "n": 10, "noise": 0.1, "seed": 1, "held_out": 0.5}
ENGINE = "torch@cpu"
FILE = base64.b64encode(GOOD).decode()
BODIES: dict[str, list[dict[str, Any]]] = {
    "begin": [{"seed": 1, "net": NET, "optimizer": ADAM, "epochs": 3}],
    "edit": [{"params": [1, -1, -4.5, -9, 4.5]}],
    "move_points": [{"spec": OWN}],
    "one_step": [{"optimizer": ADAM, "weight": 2}, {}],
    "params": [{}],
    "pause": [{}],
    "plateaus": [{}],
    "prepare": [{"seed": 2, "net": NET | {"h": 3, "bias1": True}}],
    "preview": [{"base64": FILE, "choices": {"header": True, "x": 0, "y": 2, "prob": 1}}],
    "redo": [{}],
    "reset": [{"net": NET, "seed": 3}],
    "restore": [],  # a saved session, see `imported`
    "resume": [{"seed": 1, "net": NET, "optimizer": ADAM, "engine": ENGINE}],
    "saved": [{}],
    "seeds": [{"first": 0, "count": 2, "epochs": 2}],
    "step": [{"seed": 1, "net": NET, "optimizer": ADAM, "engine": ENGINE}],
    "train": [{"seed": 1, "net": NET, "optimizer": ADAM, "engine": ENGINE, "epochs": 4}],
    "undo": [{}],
    "upload": [{"base64": FILE, "choices": {}, "name": "a.csv", "held_out": 0.2}],
    "use_data": [
        {"spec": OWN, "net": NET, "seed": 1},
        {"spec": MOONS},
        {"spec": {"law": "lecture", "held_out": 0.1}},
    ],
}


def test_every_command_is_fuzzed() -> None:
    assert BODIES.keys() == COMMANDS.keys() | STREAMS.keys()
    for name, bodies in BODIES.items():
        model = (COMMANDS | STREAMS)[name].model  # type: ignore[operator]  # two kinds of tuple
        sent = {field for body in bodies for field in body}
        assert name == "restore" or model.model_fields.keys() <= sent, name


def bodies_of(name: str) -> st.SearchStrategy[Any]:
    return st.one_of(*map(near, BODIES[name])) if BODIES[name] else JSON


@pytest.mark.parametrize("name", sorted(BODIES))
@settings(**EACH, **SAME_EACH_TIME)
@given(data=st.data())
def test_commands(site: Site, name: str, data: st.DataObject) -> None:
    sid = data.draw(mostly(site.sid, ODD_TEXT))
    body = data.draw(bodies_of(name).map(to_bytes) | st.binary(max_size=20))
    site.ask("POST", f"/session/{sid}/{name}", body)


@settings(**MANY, **SAME_EACH_TIME)
@given(data=st.data())
def test_imported_runs_and_links(site: Site, data: st.DataObject) -> None:
    own = site.saved | {"data": OWN}
    rows = [[1, 1, 0.5, "", 1, 1, 1, 1, 1], [2, 2, 0.4, "end", 1, 1, 1, 1, 1]]
    body = data.draw(near({"saved": site.saved, "frames": rows}) | near({"saved": own}))
    site.ask("POST", f"/session/{site.sid}/restore", to_bytes(body))


FLOAT32 = st.floats(width=32) | st.sampled_from([0.0, 1e-45, 1e-20, 1e10, 3e38])
VECTOR = st.lists(FLOAT32, min_size=5, max_size=5).map(lambda v: packed(np.array(v, np.float32)))
NUMBER = st.sampled_from([0, 1, 10**6, 10**12])


@settings(**FEW, **SAME_EACH_TIME)
@given(
    vectors=st.fixed_dictionaries({"params": VECTOR, "m": VECTOR, "v": VECTOR}),
    epochs=st.fixed_dictionaries({"epoch": NUMBER, "optimizer_epoch": NUMBER}),
    then=st.sampled_from(["one_step", "step", "train", "plateaus", "saved", "undo"]),
    path=st.sampled_from(["frames/{}", "export/{}/frames", "export/{}/run", "export/{}/script"]),
)
def test_saved_numbers_that_training_cannot_reach(
    site: Site, vectors: dict[str, str], epochs: dict[str, int], then: str, path: str
) -> None:
    site.ask(
        "POST", f"/session/{site.sid}/restore", to_bytes({"saved": site.saved | vectors | epochs})
    )
    [body, *_] = BODIES[then]
    site.ask("POST", f"/session/{site.sid}/{then}", to_bytes(body))
    site.ask("GET", f"/{path.format(site.sid)}")


# --- files --------------------------------------------------------------------------------------

CELLS = SCALARS.map(str) | st.sampled_from(
    ["x", "y", "prob", "1.5", "1,5", "-1", "", '"', '""', "0"]
)
TABLES = st.tuples(
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.lists(CELLS, max_size=4), max_size=6),
)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["x", "y"], [0, 1], [1.5, 0], ["=1/0", None]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


WORKBOOK = workbook()


def as_text(table: tuple[str, str, list[list[str]]], encoding: str) -> bytes:
    separator, end, rows = table
    return end.join(separator.join(row) for row in rows).encode(encoding, "replace")


@st.composite
def broken_workbooks(draw: st.DrawFn) -> bytes:
    """A workbook with wrong bytes, cut off, or with other text in one of its parts."""
    kind = draw(st.sampled_from(["bytes", "cut", "part"]))
    if kind == "cut":
        return WORKBOOK[: draw(st.integers(0, len(WORKBOOK)))]
    if kind == "bytes":
        raw = bytearray(WORKBOOK)
        for at in draw(st.lists(st.integers(0, len(raw) - 1), max_size=20)):
            raw[at] = draw(st.integers(0, 255))
        return bytes(raw)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        for name in names:
            new.writestr(name, old.read(name))
        part = draw(st.sampled_from([*names, "../evil", "xl/worksheets/sheet9.xml"]))
        text = draw(
            st.sampled_from(
                [b"", b"<", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff" * 50]
            )
            | st.binary(max_size=30)
        )
        with pytest.warns() if part in names else _nothing():
            new.writestr(part, text)
    return out.getvalue()


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


FILES = (
    st.builds(as_text, TABLES, st.sampled_from(["utf-8", "cp949", "utf-16", "latin-1"]))
    | broken_workbooks()
    | st.binary(max_size=60)
)
CHOICES = st.just({}) | near(
    {"encoding": "utf_8", "separator": ",", "decimal": ".", "sheet": "Sheet", "header": True,
     "x": 0, "y": 1, "prob": -1, "drop_gaps": True, "thin": True}
)  # fmt: skip


@settings(**FEW, **SAME_EACH_TIME)
@given(file=FILES, choices=CHOICES, name=SCALARS, verb=st.sampled_from(["preview", "upload"]))
def test_files(site: Site, file: bytes, choices: Any, name: Any, verb: str) -> None:
    body = {"base64": base64.b64encode(file).decode(), "choices": choices, "name": name}
    site.ask("POST", f"/session/{site.sid}/{verb}", to_bytes(body))


# --- callbacks ----------------------------------------------------------------------------------

FIELDS = {
    "fit-seed": ["1", 2],
    "fit-hidden": ["2", "3"],
    "fit-bias": [[], ["bias1"]],
    "fit-activation": ["relu", "sigmoid"],
    "fit-loss": ["bce", "mse"],
    "fit-optimizer": ["adam", "sgd"],
    "fit-lr": ["0.01", "1e-3"],
    "fit-momentum": ["0.9"],
    "fit-engine": ["auto", ENGINE],
    "fit-epochs": ["5", "1,0"],
    "edit": [{"params": [1, 2, 3, 4, 5], "at": 1}],
    "construction-params": [{"params": [1, -1, -4.5, -9, 4.5]}],
}


@settings(**MANY, **SAME_EACH_TIME)
@given(data=st.data())
def test_callbacks(site: Site, data: st.DataObject) -> None:
    ours = sorted(name for name, each in site.callbacks.items() if "callback" in each)
    output = data.draw(st.sampled_from(ours))
    values = FIELDS | {"session": [{"sid": site.sid}], "tab": [{"sid": site.sid, "at": 1}]}

    def filled(declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "id": each["id"],
                "property": each["property"],
                "value": data.draw(mostly(values.get(each["id"], [1])[0], JSON)),
            }
            for each in declared
        ]

    inputs, state = (filled(site.callbacks[output][kind]) for kind in ("inputs", "state"))
    changed = [f"{each['id']}.{each['property']}" for each in inputs]
    body = {"output": output, "inputs": inputs, "state": state, "changedPropIds": changed}
    sent = data.draw(mostly(body, near(body)))
    site.ask("POST", "/_dash-update-component", to_bytes(sent))


def test_numbers_of_any_length(site: Site) -> None:
    """Python refuses to read an integer of more than 4,300 digits."""
    for text in ("1" * 10_000, "1e" + "9" * 1000, "-" + "0" * 5000, f"[{'1,' * 5000}1]"):
        body = f'{{"params": {text}, "weight": {text}}}'.encode()
        for name in ("edit", "one_step"):
            site.ask("POST", f"/session/{site.sid}/{name}", body)
        site.ask("POST", "/_dash-update-component", body)


@pytest.mark.parametrize("body", [b"", b"{", b"{}"])
def test_a_client_that_goes_away_in_the_middle(site: Site, body: bytes) -> None:
    commands = [f"/session/{site.sid}/{name}" for name in BODIES]
    for path in (*commands, "/_dash-update-component"):
        site.ask("POST", path, body, leaves=True)
