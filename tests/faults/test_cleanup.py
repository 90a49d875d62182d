"""However a cluster ends, all its processes end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.support.cluster import ROOT, Cluster
from tests.support.sessions import until

OWNER = """
import sys, time
from pathlib import Path
from tests.support.cluster import ROOT, Cluster
from tests.faults.helpers import (
    assert_same_as_uncut_run,
    start_all,
    is_running,
    libraries_in,
    log_lines,
    student_at,
    redis_of,
    status,
    store_of,
)

with Cluster(Path(sys.argv[1]), webs=0, workers=0) as cluster:
    print(cluster.pid("redis"), flush=True)
    time.sleep(600)
"""


async def test_no_process_is_left_if_the_test_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER, encoding="utf-8")
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    assert Path(f"/proc/{pid}").exists()  # noqa: ASYNC240
    owner.kill()
    await owner.communicate()
    await until(lambda: not Path(f"/proc/{pid}").exists())


def test_no_process_is_left_of_a_closed_cluster(tmp_path: Path) -> None:
    with Cluster(tmp_path, webs=0, workers=1, concurrency=2) as cluster:
        pid = cluster.pid("worker-0")
        cluster.signal("redis", signal.SIGSTOP)
    assert not Path(f"/proc/{pid}").exists()
    assert not cluster.is_running("redis")
