"""The lessons' data: all that a step refers to exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app import all_lessons
from pwlapp.commands.fields import read_net
from pwlapp.core.net import Architecture, from_vector, yhat
from pwlapp.ui import i18n, ids, lessons
from pwlapp.ui.lessons import LESSONS, Lesson, Step
from pwlapp.ui.limits import limits

SCRIPTS = Path(__file__).resolve().parents[2] / "assets" / "lessons"
STEPS = [(lesson, n, step) for lesson in LESSONS for n, step in enumerate(lesson.steps, start=1)]


@pytest.mark.parametrize(("lesson", "n", "step"), STEPS)
def test_a_step_names_existing_things(lesson: Lesson, n: int, step: Step) -> None:
    declared = {value for value in vars(ids).values() if isinstance(value, str)}
    assert step.target in declared | set(ids.BUILD_PANELS)
    for lang in i18n.LANGUAGES:
        words = i18n.catalogue(lang)
        assert {f"lesson.{lesson.id}", f"lesson.{lesson.id}_{n}"} <= set(words)
        assert f"lesson.{lesson.id}_{n}_do" in words
    assert step.done
    assert set(step.done) <= set(lessons.CHECKS)
    for sets in (step.set, step.jump):
        assert set(sets) <= set(lessons.SETTERS)
        assert "fit" in sets or not set(sets) & {"params", "trained", "epochs"}
        assert not ({"params", "trained"} <= set(sets))
    assert "read" not in step.done or step.done == {"read": True}


def test_the_browser_knows_every_check_and_setter() -> None:
    checks = (SCRIPTS / "checks.ts").read_text("utf-8")
    known = set(re.findall(r"^  (\w+): \(", checks, re.M))
    assert known == set(lessons.CHECKS)
    sets = (SCRIPTS / "sets.ts").read_text("utf-8")
    setting = re.search(r"type Setting = \{(.*?)\n\};", sets, re.S)
    assert setting
    assert set(re.findall(r"^  (\w+)\?:", setting[1], re.M)) == set(lessons.SETTERS)


def test_the_link_maker_offers_every_lesson() -> None:
    offered = limits(max_epochs=1)["lessons"]
    assert offered == [lesson.id for lesson in LESSONS]
    for lang in i18n.LANGUAGES:
        assert {f"lecturer.lesson_{id_}" for id_ in offered} <= set(i18n.catalogue(lang))


def test_every_text_is_used() -> None:
    said = {key for key in i18n.catalogue("en") if re.fullmatch(r"lesson\.[a-z]+_\d+(_do)?", key)}
    assert said == {f"lesson.{lesson.id}_{n}{end}" for lesson, n, _ in STEPS for end in ("", "_do")}


@pytest.mark.parametrize(
    "sets", [each for *_, step in STEPS for each in (step.set, step.jump) if "fit" in each]
)
def test_the_server_accepts_the_nets_of_the_lessons(sets: dict[str, Any]) -> None:
    net = read_net(sets["fit"]["net"])
    if "params" in sets:
        assert len(sets["params"]) == net.size


def test_a_step_sets_the_state_that_it_needs() -> None:
    steps = {each["id"]: each["steps"] for each in lessons.as_json()}
    page, seeds = steps["page"], steps["seeds"]
    assert page[1]["set"] == {}
    assert page[1]["start"] == {"build": lessons.START}
    assert page[5]["start"] == page[4]["set"]
    assert page[7]["start"]["trained"] == 5000
    assert seeds[2]["start"]["params"][0] == 1  # helped by hand
    tour = steps.pop("tour")
    assert not any(step["start"] for step in tour)  # it does not change a visitor's net
    assert all(step["start"] for each in steps.values() for step in each)


def test_browsers_cache_the_file_until_it_changes() -> None:
    server = FastAPI()
    server.add_api_route("/lessons.json", all_lessons)
    client = TestClient(server)
    first = client.get("/lessons.json")
    assert first.json() == json.loads(json.dumps(lessons.as_json()))
    again = client.get("/lessons.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/lessons.json", headers={"If-None-Match": 'W/"another"'})
    assert other.content == first.content


def steps_of(n: int) -> tuple[Architecture, Any]:
    """Net and weights that step n sets, in the lesson on step functions."""
    wanted = lessons.STEPS.steps[n - 1].set
    net = read_net(wanted["fit"]["net"])
    return net, from_vector(wanted["params"], net.bias1)


@pytest.mark.parametrize(
    ("n", "levels"),
    [
        (1, {-4: 0, -3: 0, -1: 1, 0: 1, 1: 1, 3: 0, 4: 0}),
        (3, {-5: 0, -3: 1, -2: 1, 0: 0, 2: 2, 3: 2, 5: 0}),
    ],
)
def test_the_sigmoids_are_the_steps_of_the_lesson(n: int, levels: dict[int, int]) -> None:
    net, params = steps_of(n)
    x = np.array(list(levels), dtype=np.float32)
    assert yhat(params, x, net) == pytest.approx(list(levels.values()), abs=0.05)
