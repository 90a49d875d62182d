from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.support import fuzz
from tests.support.fuzz_site import Site, open_site


@pytest.fixture(scope="module")  # not longer, since it replaces limits
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        yield from open_site(folder, patch, runner)


@pytest.fixture(autouse=True)
def nothing_else(site: Site) -> Iterator[None]:
    """Check that no fault is logged and that the control's data are unchanged."""
    before = site.seen()
    with fuzz.no_faults_logged():
        yield
    assert site.seen() == before
