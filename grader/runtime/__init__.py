"""What a lab's JVM is made of: a Java runtime, PySpark, the Delta jars and an archive of loaded classes.

Nothing heavy is imported here. Once all is in place, :func:`prepare` takes a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from grader.errors import BadInput
from grader.runtime import archive as archives
from grader.runtime import jars
from grader.runtime import java as javas
from grader.runtime.cache import Notify
from grader.runtime.jvm import LOG_SETTINGS

__all__ = ["Runtime", "prepare", "spark_home"]


@dataclass(frozen=True)
class Runtime:
    """All that :func:`grader.runtime.jvm.command` needs to start a JVM.

    ``java`` is the binary, ``spark_home`` PySpark's package folder, ``jars`` are Delta's; ``archive`` is
    None where none could be made; ``read_paths`` are the files and folders that a sandbox must show
    read-only (PySpark's own folder apart, which it shows with the other packages).
    """

    java: Path
    java_major: int
    spark_home: Path
    jars: tuple[Path, ...]
    archive: Path | None
    read_paths: tuple[Path, ...]


def prepare(notify: Notify = lambda line: None, *, archive: bool = True) -> Runtime:
    """The runtime, after fetching or making what is missing, with one ``notify`` per step.

    With ``archive=False`` none is made, and one that exists is left unused.

    Raises:
        BadInput: PySpark, Java or a jar is missing and cannot be had.
    """
    home = spark_home()
    java = javas.find()
    delta = jars.provide(java, home, notify)
    outside = () if java.home.is_relative_to(home.parent) else java.outside()
    runtime = Runtime(
        java=java.binary,
        java_major=java.major,
        spark_home=home,
        jars=delta,
        archive=None,
        read_paths=(java.home, *outside, delta[0].parent, LOG_SETTINGS),
    )
    if not archive:
        return runtime
    made = archives.provide(runtime, notify)
    return replace(runtime, archive=made, read_paths=(*runtime.read_paths, made)) if made else runtime


def spark_home() -> Path:
    """PySpark's package folder, found without importing it.

    Raises:
        BadInput: PySpark is not installed.
    """
    package = find_spec("pyspark")
    if package is None or not package.submodule_search_locations:
        raise BadInput("PySpark is missing from this environment: install the project's requirements again.")
    return Path(package.submodule_search_locations[0])
