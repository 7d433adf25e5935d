"""The archive of loaded classes, made once after installation: a JVM that starts from it is faster.

Java 25 keeps them in an AOT cache (with profiles and linked classes), older ones in a class data archive.
Either is bound to the Java, the flags and the class path it was made with, so its name is a digest of these.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from grader import interpreter
from grader.runtime import cache, jvm

if TYPE_CHECKING:
    from grader.runtime import Runtime

TRAINING_SECONDS = 600
"""How long making the archive may take before it counts as failed."""

GOOD_FOR_LABS = 25
"""From this Java on, ``-XX:AOTCacheOutput`` makes an AOT cache in one go (JEP 514)."""


def provide(runtime: Runtime, notify: cache.Notify) -> Path | None:
    """This runtime's archive, made now if need be; None if it cannot be made (a failure is remembered)."""
    path = _path(runtime)
    if path.is_file():
        return path
    if _failure(path).is_file():
        return None
    with cache.lock("archive", notify):
        if path.is_file():  # another grade has made it while this one waited
            return path
        notify("Preparing Spark for quick starts (once, about a minute) ...")
        _remove_older(path)
        why = _train(runtime, path)
        if why is not None:
            _failure(path).write_text(why + "\n", encoding="utf-8")
            notify("Spark could not be prepared for quick starts; labs work, and start more slowly.")
            return None
        return path


def state(runtime: Runtime) -> tuple[Path, str | None]:
    """Where the archive of this runtime is or would be, and why making it failed if it did."""
    path = _path(runtime)
    try:
        return path, _failure(path).read_text(encoding="utf-8").strip()
    except OSError:
        return path, None


def partial(path: Path) -> Path:
    """The file beside an archive that is there if its training ended early, and says why."""
    return path.with_suffix(".partial")


def _path(runtime: Runtime) -> Path:
    """``<place>-<content>``: the place tells archives of other environments apart from outdated ones."""
    place = hashlib.sha256(f"{runtime.java}\n{runtime.spark_home}".encode()).hexdigest()[:8]
    content = hashlib.sha256("\n".join(_parts(runtime)).encode()).hexdigest()[:16]
    suffix = "aot" if runtime.java_major >= GOOD_FOR_LABS else "jsa"
    return cache.folder("archive") / f"{place}-{content}.{suffix}"


def _parts(runtime: Runtime) -> Iterator[str]:
    yield (runtime.java.parent.parent / "release").read_text(encoding="utf-8", errors="replace")
    # Properties do not bind an archive, and one of them names this checkout.
    yield from (flag for flag in jvm.flags(runtime.java_major) if not flag.startswith("-D"))
    yield Path(__file__).with_name("workload.py").read_text(encoding="utf-8")
    for path in jvm.classpath(runtime).split(":"):
        status = os.stat(path)  # noqa: PTH116  three hundred Path objects would take longer than the rest
        yield f"{path} {status.st_size} {status.st_mtime_ns}"


def _failure(path: Path) -> Path:
    return path.with_suffix(".failed")


def _remove_older(path: Path) -> None:
    place = path.name.partition("-")[0]
    for other in path.parent.glob(f"{place}-*"):
        other.unlink(missing_ok=True)


def _train(runtime: Runtime, path: Path) -> str | None:
    """Run the workload in a JVM that writes the archive at its end; tells why that failed, if it did."""
    with tempfile.TemporaryDirectory(prefix="grade-archive-", dir=path.parent) as work:
        folder = Path(work)
        output = folder / path.name
        option = "AOTCacheOutput" if path.suffix == ".aot" else "ArchiveClassesAtExit"
        properties = {
            **jvm.LAB_PROPERTIES,
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.local.dir": str(folder),
        }
        java, *rest = jvm.command(runtime, properties)
        environment = {
            **interpreter.environment(),
            "SPARK_HOME": str(runtime.spark_home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,  # or the JVM starts its workers on whatever python3 is
            jvm.CONNECTION_VARIABLE: str(folder / "connection"),
        }
        with (folder / "log").open("w+b") as log:
            gateway = subprocess.Popen(
                [java, f"-XX:{option}={output}", *rest],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
            why = None
            complete = False
            try:
                complete = _exercise(gateway, folder, environment, log.fileno())
                assert gateway.stdin is not None
                gateway.stdin.close()  # the JVM ends, and writes the archive as it does
                gateway.wait(TRAINING_SECONDS)
            except subprocess.TimeoutExpired:
                why = f"it took longer than {TRAINING_SECONDS // 60} minutes"
            except _NoGateway as reason:
                why = str(reason)
            finally:
                gateway.kill()
                gateway.wait()
            log.seek(0)
            said = log.read().decode(errors="replace").strip()[-20_000:]
        if why is None and not output.is_file():
            why = "Java wrote no archive"
        if why is not None:
            return f"{why}\n{said}".strip()
        if not complete:
            partial(path).write_text(said, encoding="utf-8")
        output.replace(path)
        return None


class _NoGateway(Exception):
    """The JVM did not come up."""


def _exercise(gateway: subprocess.Popen[bytes], folder: Path, environment: dict[str, str], log: int) -> bool:
    """Let a Python process of its own use the gateway, as a lab's kernel does; tells whether it got through.

    If it did not, what it did until then is still worth an archive.
    """
    deadline = time.monotonic() + 120
    while (found := jvm.connection(folder / "connection")) is None:
        if gateway.poll() is not None or time.monotonic() > deadline:
            raise _NoGateway("the JVM did not start")
        time.sleep(0.05)
    port, secret = found
    done = subprocess.run(
        interpreter.isolated("grader.runtime.workload"),
        cwd=folder,
        env={**environment, "PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        timeout=TRAINING_SECONDS,
    )
    return done.returncode == 0
