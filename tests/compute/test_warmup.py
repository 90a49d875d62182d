"""No run waits for the compiler: torch trains until the compiled engine is ready."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pwlapp.compute import numba_cache, slices, warmup
from pwlapp.compute.pool import PoolRunner
from pwlapp.core.engines import AUTO, FUSED_CPU, TORCH_CPU
from pwlapp.core.optimizers import AdamOptions
from pwlapp.core.state import Budget
from pwlapp.core.training import initial_state, train_slice
from pwlapp.services import build_services
from pwlapp.settings import Settings
from tests.support import jobs
from tests.support.sessions import finished, until

ROOT = Path(__file__).parents[2]
X = np.linspace(-1, 1, 64, dtype=np.float32)
Y = (X > 0.2).astype(np.float32)


async def test_the_first_slices_do_not_wait_for_the_compiler(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    start = initial_state(1, X, Y)
    job = (start, X, Y, AdamOptions(), Budget(50))
    pool = PoolRunner(1, partial(jobs.prepare_slowly, gate))
    for engine in (AUTO, FUSED_CPU):
        cold = await pool.call(slices.train, *job, engine)
        assert cold.engine == TORCH_CPU
    expected = train_slice(*job).state
    assert cold.state.params.tobytes() == expected.params.tobytes()

    gate.touch()
    await until(partial(pool.call, jobs.is_ready))
    warm = await pool.call(slices.train, *job, AUTO)
    assert warm.engine == FUSED_CPU
    assert np.abs(warm.state.params - expected.params).max() < 1e-4
    asked = await pool.call(slices.train, *job, TORCH_CPU)
    assert asked.engine == TORCH_CPU
    await pool.close()


async def test_a_server_uses_the_compiled_engine_once_it_is_ready(
    settings: Settings,
) -> None:
    service = build_services(replace(settings, workers=1, engine=AUTO)).sessions
    await service.start()
    sid, opened = await service.open()
    assert opened["engine"] == AUTO
    await until(partial(service.runner.call, jobs.is_ready))
    await service.start_run(sid, 5000, AdamOptions(), AUTO)
    done = await finished(service, sid)
    assert (done["engine"], done["engine_used"], done["epoch"]) == (AUTO, FUSED_CPU, 5000)
    assert done["engine_speed"] > 0
    points = service.points
    start = initial_state(1, points.x, points.y)
    expected = train_slice(start, points.x, points.y, AdamOptions(), Budget(5000)).state
    assert done["params"] == pytest.approx(expected.params.tolist(), abs=1e-4)
    await service.close()


@pytest.mark.parametrize("reason", [OSError("no space\non the disk"), RuntimeError()])
def test_a_failure_is_one_line_in_the_log(
    reason: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise reason

    with caplog.at_level(logging.WARNING):
        warmup.begin(fail).join()
    [record] = caplog.records
    assert "\n" not in record.message
    assert record.message.endswith(("on the disk", "RuntimeError"))
    assert not warmup.is_ready()


def test_a_failure_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[int] = []

    def killed_once() -> None:
        tried.append(1)
        if len(tried) == 1:
            raise RuntimeError("exit status -9")

    try:
        warmup.begin(killed_once).join()
        assert warmup.is_ready()
    finally:
        warmup._ready.clear()
    assert (len(tried), caplog.records) == (2, [])


@pytest.fixture
def compilations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records what would be compiled and loaded."""
    done: list[str] = []
    kernels = tmp_path / "cache" / "kernels_12345"

    def compile_() -> None:
        done.append("compiled")
        kernels.mkdir(parents=True, exist_ok=True)
        (kernels / "loop.train_epochs.nbi").touch()

    monkeypatch.setenv(numba_cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(warmup, "compile_in_subprocess", compile_)
    monkeypatch.setattr("pwlapp.core.engines.fused_cpu.warm", lambda: done.append("loaded"))
    return done


def test_it_is_compiled_once_per_fingerprint(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        warmup.load_compiled()
    assert compilations == ["compiled", "loaded", "loaded", "loaded"]
    stale = tmp_path / "cache" / "kernels_12345" / "loop.step.nbc"
    stale.touch()
    monkeypatch.setattr(numba_cache, "version", lambda package: f"the next {package}")
    warmup.load_compiled()
    assert compilations[4:] == ["compiled", "loaded"]
    assert not stale.exists()
    numba_cache.delete_compiled(tmp_path / "cache")  # as a user may do
    warmup.load_compiled()
    assert compilations[6:] == ["compiled", "loaded"]


@pytest.fixture
def not_ready() -> Iterator[None]:
    """This process has not loaded the compiled engine, before the test and after it."""
    warmup._ready.clear()
    yield
    warmup._ready.clear()


@pytest.mark.usefixtures("not_ready")
def test_the_fork_server_loads_only_what_is_compiled_and_whole(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise EOFError("Ran out of input")

    assert not warmup.load_if_compiled()
    assert compilations == []
    warmup.load_compiled()
    with monkeypatch.context() as patch:
        patch.setattr("pwlapp.core.engines.fused_cpu.warm", fail)
        assert not warmup.load_if_compiled()
        assert not warmup.is_ready()
    assert warmup.load_if_compiled()
    assert warmup.is_ready()
    assert compilations == ["compiled", "loaded", "loaded"]
    assert warmup.begin(fail) is None  # nothing is left to load


@pytest.mark.usefixtures("not_ready")
def test_a_worker_process_has_torch_at_once_and_the_compiled_engine_later(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[Any] = []
    monkeypatch.setattr(warmup.logs, "configure", lambda *words: compilations.append(words[0]))
    monkeypatch.setattr(warmup, "load_torch", lambda: compilations.append("torch"))
    monkeypatch.setattr(warmup, "begin", threads.append)
    warmup.load_engines(tmp_path, "info", "text")
    assert compilations == ["info", "torch"]
    [load] = threads
    load()
    assert compilations[2:] == ["compiled", "loaded"]


def test_an_image_for_another_machine_has_an_empty_folder(
    compilations: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(numba_cache, "supports_target", lambda: False)
    warmup._fill_image(tmp_path / "image" / "compiled")
    assert list((tmp_path / "image" / "compiled").iterdir()) == compilations == []
    assert "compiled at the first start" in capsys.readouterr().err


def test_damaged_files_are_compiled_again_at_the_next_start(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise EOFError("Ran out of input")

    with monkeypatch.context() as patch:
        patch.setattr("pwlapp.core.engines.fused_cpu.warm", fail)
        with pytest.raises(EOFError):
            warmup.load_compiled()
    warmup.load_compiled()
    assert compilations == ["compiled", "compiled", "loaded"]


def test_only_one_compiles_at_a_time(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    held: list[bool] = []

    def compile_and_look() -> None:
        with (tmp_path / "cache" / numba_cache.LOCK).open("a") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)

    monkeypatch.setattr(warmup, "compile_in_subprocess", compile_and_look)
    warmup.load_compiled()
    assert held == [True]


def test_a_failed_compilation_is_repeated(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("no compiler")

    with monkeypatch.context() as patch:
        patch.setattr(warmup, "compile_in_subprocess", fail)
        with pytest.raises(RuntimeError, match="no compiler"):
            warmup.load_compiled()
    assert compilations == []
    warmup.load_compiled()
    assert compilations == ["compiled", "loaded"]


def test_the_last_line_of_the_compiler_is_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('no numba here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"^ImportError: no numba here$"):
        warmup.compile_in_subprocess()


def test_the_environment_can_name_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(numba_cache.CACHE_VARIABLE, str(tmp_path / "named"))
    numba_cache.use_cache(tmp_path / "other")
    assert os.environ[numba_cache.CACHE_VARIABLE] == str(tmp_path / "named")
    monkeypatch.setenv(numba_cache.CACHE_VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    numba_cache.use_cache(Path("relative"))
    folder = tmp_path / "relative" / numba_cache.fingerprint()
    assert os.environ[numba_cache.CACHE_VARIABLE] == str(folder)


async def test_the_compiler_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """With a fake Numba whose import never returns."""
    (tmp_path / "numba.py").write_text(
        "import threading; print('importing', flush=True); threading.Event().wait()",
        encoding="utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pwlapp.compute.warmup",
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"importing\n"
    process.stdin.close()
    async with asyncio.timeout(60):
        assert await process.wait() == 1


def test_a_compiler_that_says_nothing_is_judged_by_its_exit_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warmup.sys, "executable", shutil.which("true"))
    warmup.compile_in_subprocess()
    monkeypatch.setattr(warmup.sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match=r"^exit status 1$"):
        warmup.compile_in_subprocess()
