"""The page with several web processes, Redis and Celery workers, which students do not notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.support.cluster import Cluster
from tests.support.lecture_page import LecturePage

AFTER_5000 = ["1.7773", "-3.0447", "-0.9945", "-2.7176", "2.6391"]
AFTER_10000 = ["2.8167", "-3.9404", "-1.7500", "-3.5572", "4.9937"]
LONG = 300_000  # epochs; a second or two of training


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, webs=2, workers=1) as cluster:
        cluster.wait_until_ready()
        yield cluster


@pytest.fixture
def page(cluster: Cluster, open_page: Callable[..., LecturePage]) -> LecturePage:
    """A tab whose console may have errors, since its server will be killed."""
    return open_page(cluster.addresses[0], quiet=False)


def test_the_lectures_numbers(page: LecturePage) -> None:
    page.train(5000)
    page.wait_for_epoch(5000)
    assert page.weights() == AFTER_5000
    page.train(5000)
    page.wait_for_epoch(10_000)
    assert page.weights() == AFTER_10000
    page.go("build")
    page.find("#tab-build-constructions-panel").click()
    expect(page.find("#construction-code")).to_contain_text("torch")  # by a worker


def test_every_server_serves_the_tab(
    page: LecturePage, cluster: Cluster, open_page: Callable[..., LecturePage]
) -> None:
    page.train(500)
    page.wait_for_epoch(500)
    sid = page.page.evaluate("() => pwl.tabs.remembered()")
    other = open_page(cluster.addresses[1])
    other.page.evaluate("(sid) => pwl.tabs.keep(sid)", sid)
    page.page.close()  # else the other tab, seeing the id in use, takes a net of its own
    other.page.reload()
    other.wait_until_ready()
    expect(other.find("#count-epoch")).to_have_text("500")
    other.train(500)
    other.wait_for_epoch(1000)


def test_a_server_that_dies_during_a_run_only_delays_the_picture(
    page: LecturePage, cluster: Cluster
) -> None:
    page.train(LONG)
    expect(page.find("#count-epoch")).not_to_have_text("0")
    cluster.kill_web(0)
    expect(page.find("#count-status")).to_contain_text("cannot be reached", timeout=20_000)
    expect(page.find("#fit-train")).to_be_disabled()
    cluster.start_web(0)
    page.wait_for_epoch(LONG, timeout_s=90)  # it went on meanwhile, and the page found it again
    expect(page.find("#count-status")).to_have_text("Ready")
    page.click("#fit-step")
    page.wait_for_epoch(LONG + 1)


def test_without_redis_the_page_says_so_and_loses_nothing(
    page: LecturePage, cluster: Cluster
) -> None:
    page.train(1000)
    page.wait_for_epoch(1000)
    before = page.weights()
    cluster.kill_redis()
    expect(page.find("#count-status")).to_contain_text("cannot be reached", timeout=20_000)
    expect(page.find("#fit-train")).to_be_disabled()
    assert page.weights() == before
    cluster.start_redis()
    expect(page.find("#fit-train")).to_be_enabled(timeout=20_000)
    page.train(1000)
    page.wait_for_epoch(2000, timeout_s=90)
