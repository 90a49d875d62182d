"""An image ships the compiled engine: a machine that supports it compiles nothing."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from pwlapp.compute import numba_cache, warmup
from pwlapp.compute.numba_cache import CACHE_VARIABLE, CPU_VARIABLE, FEATURES_VARIABLE, TARGET

ROOT = Path(__file__).parents[2]


class TestImage:
    @pytest.fixture(autouse=True)
    def image(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The folder of the compiled engine in such an image, on a machine that supports it."""
        monkeypatch.setattr(numba_cache, "SHIPPED", tmp_path / "compiled")
        monkeypatch.setattr(numba_cache, "CPUINFO", cpuinfo(tmp_path, numba_cache.TARGET_FLAGS))
        for name in (
            CPU_VARIABLE,
            FEATURES_VARIABLE,
            CACHE_VARIABLE,
        ):
            monkeypatch.setenv(name, "")  # so that a value set by a test is removed after it
            monkeypatch.delenv(name)
        shipped = numba_cache.shipped_folder(numba_cache.fingerprint(TARGET)) / "kernels_12345"
        shipped.mkdir(parents=True)
        (shipped / "loop.train_epochs.nbi").write_text("an index", encoding="utf-8")
        return shipped

    def test_the_engine_is_copied_not_compiled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded: list[str | None] = []
        monkeypatch.setattr(warmup, "compile_in_subprocess", lambda: pytest.fail("compiled"))
        monkeypatch.setattr(
            "pwlapp.core.engines.fused_cpu.warm",
            lambda: loaded.append(os.environ.get(CPU_VARIABLE)),
        )
        for _ in range(2):
            numba_cache.use_cache(tmp_path / "numba")
            warmup.load_compiled()
        folder = tmp_path / "numba" / numba_cache.fingerprint(TARGET)
        assert os.environ[CACHE_VARIABLE] == str(folder)
        assert os.environ[FEATURES_VARIABLE] == ""
        assert loaded == [TARGET, TARGET]
        [copied] = numba_cache.compiled_files(folder)
        assert copied.read_text("utf-8") == "an index"

    @pytest.mark.parametrize("missing", sorted(numba_cache.TARGET_FLAGS))
    def test_an_older_machine_compiles_for_itself(
        self, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flags = numba_cache.TARGET_FLAGS - {missing}
        monkeypatch.setattr(numba_cache, "CPUINFO", cpuinfo(tmp_path, flags))
        numba_cache.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")
        assert "the engine in the image needs x86-64-v3" in numba_cache.why_compiled()

    def test_the_log_says_what_is_compiled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Also on a processor for which there is no image, such as arm64."""
        monkeypatch.setattr(numba_cache, "SHIPPED", tmp_path / "empty")
        numba_cache.SHIPPED.mkdir()
        monkeypatch.setattr(numba_cache, "CPUINFO", tmp_path / "none")
        monkeypatch.setattr(warmup, "compile_in_subprocess", lambda: None)
        monkeypatch.setattr("pwlapp.core.engines.fused_cpu.warm", lambda: None)
        caplog.set_level("INFO")
        numba_cache.use_cache(tmp_path / "numba")
        warmup.load_compiled()
        [line] = caplog.messages
        assert line.startswith("compiling the engine for this processor, once (")
        assert line.endswith("); torch trains until then")

    @pytest.mark.parametrize("text", ["", "Features\t: fp asimd evtstrm aes\n", None])
    def test_a_system_that_does_not_list_its_features_compiles_for_itself(
        self, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "other"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(numba_cache, "CPUINFO", path)
        numba_cache.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")

    def test_an_engine_of_another_version_is_not_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(numba_cache, "version", lambda package: f"the next {package}")
        numba_cache.use_cache(tmp_path / "numba")
        self.assert_compiled_for_this_machine(tmp_path / "numba")

    def test_the_environment_can_name_the_processor(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(CPU_VARIABLE, "znver4")
        numba_cache.use_cache(tmp_path / "numba")
        assert os.environ[CPU_VARIABLE] == "znver4"
        named = tmp_path / "numba" / numba_cache.fingerprint("znver4")
        assert os.environ[CACHE_VARIABLE] == str(named)

    def test_the_environment_can_name_the_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "named"))
        numba_cache.use_cache(tmp_path / "numba")
        assert os.environ[CACHE_VARIABLE] == str(tmp_path / "named")
        assert CPU_VARIABLE not in os.environ

    def assert_compiled_for_this_machine(self, folder: Path) -> None:
        assert CPU_VARIABLE not in os.environ
        assert os.environ[CACHE_VARIABLE] == str(folder / numba_cache.fingerprint())
        assert numba_cache.fingerprint() != numba_cache.fingerprint(TARGET)


def cpuinfo(folder: Path, flags: Iterable[str]) -> Path:
    """A /proc/cpuinfo of a machine with two cores."""
    path = folder / "cpuinfo"
    core = f"processor\t: 0\nmodel name\t: A\nflags\t\t: fpu {' '.join(flags)} ht\n\n"
    path.write_text(core * 2, encoding="utf-8")
    return path


@pytest.mark.skipif(not numba_cache.supports_target(), reason=f"not an {TARGET} machine")
async def test_an_image_ships_an_engine_that_trains_without_a_compiler(tmp_path: Path) -> None:
    """As the Dockerfile does it, then as a container's first start does."""
    image, data = tmp_path / "compiled", tmp_path / "numba"
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    await run_python(env, "-m", "pwlapp.compute.warmup", str(image))
    assert await run_python(env, "-c", START, str(image), str(data)) == "1 0"


START = """
import os, sys
from pathlib import Path
from pwlapp.compute import numba_cache, warmup

numba_cache.SHIPPED = Path(sys.argv[1])
warmup.compile_in_subprocess = None
numba_cache.use_cache(Path(sys.argv[2]))
warmup.load_compiled()
from pwlapp.core.engines.kernels.loop import train_epochs

print(sum(train_epochs.stats.cache_hits.values()), sum(train_epochs.stats.cache_misses.values()))
"""


async def run_python(env: dict[str, str], *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=env, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(300):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().strip()


def test_the_fingerprint_depends_on_all_that_is_compiled() -> None:
    """A changed constant of a module that the loops import must lead to a new cache folder."""
    loops = set((ROOT / "pwlapp/core/engines/kernels").glob("*.py"))
    imports = (
        re.findall(r"^from (pwlapp\.[\w.]+) import", loop.read_text("utf-8"), re.M)
        for loop in loops
    )
    modules = {ROOT / f"{name.replace('.', '/')}.py" for names in imports for name in names}
    assert modules - loops
    assert modules | loops == set(numba_cache.SOURCES)


def test_without_file_locks_the_folder_is_used_unlocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with numba_cache.locked(tmp_path) as lock:
        assert lock == tmp_path / numba_cache.LOCK
        assert lock.exists()
