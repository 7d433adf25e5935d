"""Models that a probe must survive. Their classes are pickled by value: where they are loaded, this module is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mlflow.pyfunc


class Good(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input.iloc[:, 0] * 2


class Loops(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        while True:
            time.sleep(0.01)


class Deaf(Good):
    """Loops, and hears no signal that can be ignored."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        while True:
            pass


class Slow(Good):
    """Answers, after more than three seconds in which it hardly works."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        time.sleep(5)
        return model_input.iloc[:, 0] * 2


class ComputesElsewhere(Good):
    """Starts a process that computes, and waits for it."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        subprocess.run([sys.executable, "-c", "while True: pass"], check=True)


class ComputesSetLoose(Good):
    """Waits for a process that is none of its own any more, and computes."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        subprocess.run(["sh", "-c", f"{sys.executable} -c 'while True: pass' &"], check=True)
        time.sleep(3600)


class EatsMemory(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        kept = []
        while True:
            kept.append(bytearray(10 << 20))


class EatsMemoryInMany(Good):
    """No process of it takes too much, all together do."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        for _ in range(8):
            if os.fork() == 0:
                kept = bytearray(500 << 20)
                kept[:: 1 << 12] = b"x" * len(kept[:: 1 << 12])
                time.sleep(60)
        time.sleep(60)


class WritesOutside(Good):
    """Answers 1 where it could write."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        places = ["/lab/x", "/etc/x", "/opt/lab/x", "/usr/x", str(Path(sys.executable).parent / "x")]
        places += [str(path / "x") for path in Path("/lab").rglob("*") if path.is_dir()]
        written = []
        for place in places:
            try:
                Path(place).write_text("x")
                written.append(1)
            except OSError:
                written.append(0)
        return written


class LooksAround(Good):
    """Answers with what lies in the lab's folder."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return sorted({path.name for path in Path("/lab").rglob("*") if path.is_file()})


class Leaves(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        os._exit(0)


class KillsItsParent(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        os.kill(os.getppid(), signal.SIGKILL)
        return model_input.iloc[:, 0] * 2


class LeavesOneBehind(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(86397)"], start_new_session=True)
        return model_input.iloc[:, 0] * 2


class Talks(Good):
    """Writes answers of its own wherever an answer might be read from."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        line = b'{"calls": [{"values": [42, 42, 42], "changed": false}]}\n'
        for number in range(64):
            try:
                os.write(number, line)
            except OSError:
                continue
        os._exit(0)


class Floods(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return ["x" * 1000] * 10_000


class Raises(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        raise ValueError("no, " * 1000)


class Shapeless(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return None


class Strange(Good):
    """Answers with objects that no JSON knows."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return [object(), {1, 2}, b"x"]


class LeavesWhenLoaded(Good):
    def __reduce__(self) -> Any:
        return os._exit, (0,)


class LoopsWhenLoaded(Good):
    def __reduce__(self) -> Any:
        return eval, ("[None for _ in iter(int, 1)]",)


class ChangesItsInput(Good):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        model_input.iloc[:, 0] = 0.0
        return model_input.iloc[:, 0]
