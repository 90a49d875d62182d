"""Links that hold what one did: opened elsewhere, opened here, cut, forged, of the future."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.lecture_page import LecturePage

from .sharing import link_of, saved_of

Open = Callable[..., LecturePage]

NOTICE = "#fit-notice"
AFTER_10000 = ["2.8167", "-3.9404", "-1.7500", "-3.5572", "4.9937"]


def test_training_goes_on_bit_for_bit_in_another_browser(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.type_weight("build", 0, "1/3")
    here.train(5000)
    here.wait_for_epoch(5000)
    link = link_of(here)
    assert len(link) < 450
    there = open_page(link, lang="ko-KR")  # nothing in common but the link
    there.wait_for_epoch(5000)
    expect(there.find("html")).to_have_attribute("lang", "ko")
    expect(there.find(NOTICE)).to_contain_text("링크를 열었습니다")
    assert there.page.evaluate("location.hash") == ""
    assert there.weights("build")[0] == "0.3333"
    for page in (here, there):
        page.train(5000)
        page.wait_for_epoch(10_000)
        assert page.weights() == AFTER_10000
    mine, theirs = saved_of(here), saved_of(there)
    assert {name: mine[name] for name in ("params", "m", "v", "epoch", "data_key")} == {
        name: theirs[name] for name in ("params", "m", "v", "epoch", "data_key")
    }


def test_a_reload_does_not_restore_again(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.train(100)
    here.wait_for_epoch(100)
    there = open_page(link_of(here))
    there.wait_for_epoch(100)
    there.train(50)
    there.wait_for_epoch(150)
    there.page.reload()
    there.wait_until_ready()
    there.wait_for_epoch(150)


def test_a_link_in_an_open_tab_is_one_step_of_undo(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(40)
    page.wait_for_epoch(40)
    fragment = link_of(page).partition("#")[2]
    page.find("#build-challenge").click()
    page.type_weight("build", 4, "7")
    page.train(60)
    page.wait_for_epoch(100)
    before = saved_of(page)
    page.page.evaluate("(fragment) => (location.hash = fragment)", fragment)
    page.wait_for_epoch(40)
    assert page.weights("build")[4] == "4.5"
    expect(page.find("#build-challenge-card")).to_be_hidden()
    page.page.evaluate("pwl.history.undo()")
    page.wait_for_epoch(100)
    assert page.weights("build")[4] == "7"
    expect(page.find("#build-challenge-card")).to_be_visible()
    assert saved_of(page)["params"] == before["params"]
    page.page.evaluate("pwl.history.redo()")
    page.wait_for_epoch(40)
    page.page.evaluate("location.hash = '#fit'")  # an ordinary anchor
    page.page.wait_for_function("document.querySelector('#fit').getBoundingClientRect().top < 200")
    page.wait_for_epoch(40)


def test_a_wide_net_starts_over_and_trains_there(address: str, open_page: Open) -> None:
    here = open_page(address)
    here.unfold()
    here.find("#fit-hidden").fill("16")
    here.train(60)
    here.wait_for_epoch(60)
    link = link_of(here)
    here.find("#share-open").click()
    expect(here.find("#share-note")).to_contain_text("trains the 60 epochs again")
    there = open_page(link)
    expect(there.find(NOTICE)).to_contain_text("Training 60 epochs again")
    there.wait_for_epoch(60)
    assert saved_of(there)["net"]["h"] == 16
    assert there.loss() == here.loss()
    there.find("#fit-lr").evaluate("(field) => field.closest('details').open = true")
    there.find("#fit-lr").fill("0.5")
    there.train(1)
    there.wait_for_epoch(61)
    there.find("#share-open").click()
    expect(there.find("#share-note")).to_contain_text("holds its settings only")
    third = open_page(link_of(there))
    expect(third.find(NOTICE)).to_contain_text("settings only")
    expect(third.find("#count-epoch")).to_have_text("0")
    expect(third.find("#fit-lr")).to_have_value("0.5")


ROUND_TRIP = """async (fits) => {
  const challenge = { left: 2.5, right: -9, b: 0, shown: true };
  const build = { params: [0.1, -1 / 3, 1e6, -0, 4.5], challenge };
  const texts = await Promise.all(fits.map((fit) => pwl.link.write({ build, fit })));
  const read = await Promise.all(texts.map((text) => pwl.link.read(text)));
  return read.map(({ build, fit }, k) => ({ build, fit, length: texts[k].length }));
}"""


def vector(values: Any) -> str:
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def saved(**changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    adam = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    whole = {
        "format": 1,
        "seed": 4_294_967_295,
        "net": {"h": 8, "bias1": True, "activation": "sigmoid", "loss": "mse"},
        "optimizer": {"kind": "adam", **adam},
        "engine": "torch@cuda:1",
        "data": {"law": "lecture"},
        "data_key": "0123456789abcdef",
        "epoch": 1_000_000,
        "optimizer_epoch": 77,
        "loss": 0.123456789,
        "params": vector(rng.normal(size=25)),
        "m": vector(rng.normal(size=25) * 1e-38),
        "v": vector([*np.abs(rng.normal(size=24)) * 1e-12, np.inf]),
    }
    return whole | changes


def test_every_number_comes_back_bit_for_bit(address: str, open_page: Open) -> None:
    page = open_page(address)
    rng = np.random.default_rng(4)
    x = np.sort(rng.normal(size=150)).astype(np.float32)
    own = {
        "law": "own",
        "x": x.tolist(),
        "y": [k % 2 for k in range(150)],
        "prob": None,
        "held_out": 0.2,
        "label": "mine.csv",
    }
    rounded = own | {"x": [k / 100 for k in range(150)], "y": x.tolist(), "prob": [0.5] * 150}
    sgd = {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    sessions = [
        saved(),
        saved(data=own),
        saved(data=rounded),
        saved(data={"law": "sine", "n": 300, "noise": 0.1, "seed": 7, "held_out": 0.25}),
        saved(optimizer=sgd, engine="auto", seed=1, epoch=0, optimizer_epoch=0),
    ]
    fits = [{"kind": "weights", "saved": each} for each in sessions]
    for session, came in zip(sessions, page.page.evaluate(ROUND_TRIP, fits), strict=True):
        back = came["fit"]["saved"]
        assert came["length"] < 2000
        for name in set(session) - {"data"}:
            assert back[name] == session[name], name
        for name, values in session["data"].items():
            told = back["data"][name]
            if isinstance(values, list):
                told, values = (np.asarray(each, np.float32).tolist() for each in (told, values))
            assert told == values, name
        assert came["build"]["params"] == pytest.approx([0.1, -1 / 3, 1e6, 0, 4.5], rel=1e-7)
        assert came["build"]["params"][0] == 0.1
        assert came["build"]["challenge"] == {"left": 2.5, "right": -9, "b": 0, "shown": True}


def test_a_link_to_nothing_done_is_short(address: str, open_page: Open) -> None:
    page = open_page(address)
    assert len(link_of(page)) - len(address) < 160


WHY = """(texts) => Promise.all(texts.map((text) =>
  pwl.link.read(text).then(() => "read", (error) => error.why ?? String(error))))"""


def test_broken_links_are_told_apart_and_break_nothing(address: str, open_page: Open) -> None:
    page = open_page(address)
    page.train(30)
    page.wait_for_epoch(30)
    good = link_of(page).partition("#s=")[2]
    assert page.page.evaluate(WHY, [good]) == ["read"]
    cut = [good[:k] for k in range(len(good))]
    rng = random.Random(5)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    fuzzed = []
    for _ in range(300):
        at = rng.randrange(2, len(good))
        fuzzed.append(good[:at] + rng.choice(letters.replace(good[at], "")) + good[at + 1 :])
    noise = ["1." + "".join(rng.choices(letters, k=rng.randrange(400))) for _ in range(200)]
    odd = ["", ".", "1", "1.", "0.AA", "1.\U0001f600", "1.%00", "1." + "A" * 200_000, "x.y"]
    told = page.page.evaluate(WHY, [*cut, *fuzzed, *noise, *odd])
    # the last letter has bits to spare: changing those alone changes nothing
    assert set(told[: len(cut)]) == {"damaged"}
    assert {"damaged"} <= set(told) <= {"damaged", "read"}
    assert told.count("read") <= 12
    assert page.page.evaluate(WHY, ["2.AAAA", "17.whatever it is"]) == ["future", "future"]


FORGE = """([content, floats]) => pwl.pack.pack(content, floats)"""


FORGED = [
    [],
    7,
    None,
    {"f": 1},
    {"f": {"key": "k"}},
    {"f": {"key": "k", "v": [5, 0, 0]}},
    {"f": {"key": "<img>", "k": "settings"}},
    {"f": {"key": "k", "k": "settings", "s": -1}},
    {"f": {"key": "k", "k": "recipe", "e": 1.5}},
    {"f": {"key": "k", "k": "recipe", "n": {"h": 4096}}},
    {"f": {"key": "k", "k": "recipe", "n": {"evil": 1}}},
    {"f": {"key": "k", "k": "settings", "d": {"own": [200, 200, None]}}},
    {"f": {"key": "k", "k": "settings", "d": {"own": [[0, 1], [0, 1]]}}},
    {"f": {"key": "k", "k": "settings", "opt": {"lr": "0.1"}}},
    {"b": {"w": 1}},
    {"b": {"c": ["x", 1, 2, 3]}},
]


@pytest.mark.parametrize("content", FORGED)
def test_forged_links_are_damaged_links(shared_page: LecturePage, content: Any) -> None:
    text = shared_page.page.evaluate(FORGE, [content, []])
    assert shared_page.page.evaluate(WHY, [text]) == ["damaged"]


@pytest.mark.parametrize(
    ("fragment", "sentence"),
    [
        ("#s=1.AAAA", "damaged or was cut off"),
        ("#s=9.AAAA", "newer version"),
        ("#s=", "damaged or was cut off"),
    ],
)
def test_a_bad_link_is_told_and_the_page_opens(
    address: str, open_page: Open, fragment: str, sentence: str
) -> None:
    page = open_page(address + "/" + fragment)
    expect(page.find(NOTICE)).to_contain_text(sentence)
    assert page.page.evaluate("location.hash") == ""
    page.train(5)
    page.wait_for_epoch(5)


def test_the_server_checks_a_link_as_well(address: str, open_page: Open) -> None:
    page = open_page(address, quiet=False)
    page.train(20)
    page.wait_for_epoch(20)
    forged = {"kind": "weights", "saved": saved(optimizer={"kind": "adam", "lr": 1e9})}
    text = page.page.evaluate(
        "(fit) => pwl.link.write({ build: { params: pwl.net.START, challenge: null }, fit })",
        forged,
    )
    page.page.evaluate("(text) => (location.hash = `#s=${text}`)", text)
    expect(page.find(NOTICE)).to_have_class(re.compile("error"))
    page.wait_for_epoch(20)
