"""What the watch keeps of a lab's processes."""

from __future__ import annotations

import subprocess
import sys

from grader.lab.limits import Limits
from grader.lab.watch import Watch

STARTS = """
import subprocess, sys
while sys.stdin.readline():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    sys.stdin.readline()
    child.kill()
    child.wait()
    print("ended", flush=True)
"""


def test_processes_that_have_ended_are_forgotten() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as lead:
        assert lead.stdin is not None and lead.stdout is not None
        watch = Watch(lead.pid, [], Limits())
        for _ in range(3):
            lead.stdin.write("start\n")
            child = int(lead.stdout.readline())
            watch.processes()
            assert set(watch._seen) == {lead.pid, child}
            lead.stdin.write("end\n")
            lead.stdout.readline()
        lead.stdin.close()
