"""An image brings the compiled loops along: nothing is compiled where they can be run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from pwlapp.compute import warmup

ROOT = Path(__file__).parents[2]


class TestImage:
    @pytest.fixture(autouse=True)
    def image(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Where such an image has them, on a machine that runs them."""
        monkeypatch.setattr(warmup, "SHIPPED", tmp_path / "compiled")
        monkeypatch.setattr(warmup, "CPUINFO", cpuinfo(tmp_path, warmup.TARGET_FLAGS))
        for name in (warmup.CPU_VARIABLE, warmup.FEATURES_VARIABLE, warmup.CACHE_VARIABLE):
            monkeypatch.setenv(name, "")  # so that what a test sets is taken back
            monkeypatch.delenv(name)
        shipped = warmup.shipped(warmup.fingerprint(warmup.TARGET)) / "engines_12345"
        shipped.mkdir(parents=True)
        (shipped / "kernels.loop.nbi").write_text("an index", encoding="utf-8")
        return shipped

    def test_is_copied_instead_of_compiling(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded: list[str | None] = []
        monkeypatch.setattr(warmup, "compile_elsewhere", lambda: pytest.fail("compiled"))
        monkeypatch.setattr(
            "pwlapp.core.engines.fused_cpu.warm",
            lambda: loaded.append(os.environ.get(warmup.CPU_VARIABLE)),
        )
        for _ in range(2):
            warmup.use_cache(tmp_path / "numba")
            warmup.load_compiled()
        folder = tmp_path / "numba" / warmup.fingerprint(warmup.TARGET)
        assert os.environ[warmup.CACHE_VARIABLE] == str(folder)
        assert os.environ[warmup.FEATURES_VARIABLE] == ""
        assert loaded == [warmup.TARGET, warmup.TARGET]
        [copied] = warmup.compiled_files(folder)
        assert copied.read_text("utf-8") == "an index"

    @pytest.mark.parametrize("missing", sorted(warmup.TARGET_FLAGS))
    def test_is_left_alone_by_an_older_machine(
        self, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flags = warmup.TARGET_FLAGS - {missing}
        monkeypatch.setattr(warmup, "CPUINFO", cpuinfo(tmp_path, flags))
        warmup.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")

    @pytest.mark.parametrize("text", ["", "Features\t: fp asimd evtstrm aes\n", None])
    def test_is_left_alone_where_the_system_does_not_say(
        self, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "other"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(warmup, "CPUINFO", path)
        warmup.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")

    def test_of_another_version_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(warmup, "version", lambda package: f"the next {package}")
        warmup.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")

    def test_gives_way_to_a_processor_that_the_environment_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(warmup.CPU_VARIABLE, "znver4")
        warmup.use_cache(tmp_path / "numba")
        assert os.environ[warmup.CPU_VARIABLE] == "znver4"
        named = tmp_path / "numba" / warmup.fingerprint("znver4")
        assert os.environ[warmup.CACHE_VARIABLE] == str(named)

    def test_gives_way_to_a_folder_that_the_environment_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(warmup.CACHE_VARIABLE, str(tmp_path / "named"))
        warmup.use_cache(tmp_path / "numba")
        assert os.environ[warmup.CACHE_VARIABLE] == str(tmp_path / "named")
        assert warmup.CPU_VARIABLE not in os.environ

    def assert_compiled_for_this_machine(self, folder: Path) -> None:
        assert warmup.CPU_VARIABLE not in os.environ
        assert os.environ[warmup.CACHE_VARIABLE] == str(folder / warmup.fingerprint())
        assert warmup.fingerprint() != warmup.fingerprint(warmup.TARGET)


def cpuinfo(folder: Path, flags: Iterable[str]) -> Path:
    """What Linux says of a machine of two cores."""
    path = folder / "cpuinfo"
    core = f"processor\t: 0\nmodel name\t: A\nflags\t\t: fpu {' '.join(flags)} ht\n\n"
    path.write_text(core * 2, encoding="utf-8")
    return path


@pytest.mark.skipif(not warmup.runs_target(), reason=f"this is no {warmup.TARGET} machine")
async def test_an_image_is_made_with_loops_that_train_without_a_compiler(tmp_path: Path) -> None:
    """As the Dockerfile does it, then as a container's first start does."""
    image, data = tmp_path / "compiled", tmp_path / "numba"
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    await run_python(env, "-m", "pwlapp.compute.precompile", str(image))
    assert await run_python(env, "-c", START, str(image), str(data)) == "1 0"


START = """
import os, sys
from pathlib import Path
from pwlapp.compute import warmup

warmup.SHIPPED = Path(sys.argv[1])
warmup.compile_elsewhere = None
warmup.use_cache(Path(sys.argv[2]))
warmup.load_compiled()
from pwlapp.core.engines.kernels import train_epochs

print(sum(train_epochs.stats.cache_hits.values()), sum(train_epochs.stats.cache_misses.values()))
"""


async def run_python(env: dict[str, str], *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=env, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(300):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().strip()
