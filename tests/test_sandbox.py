"""What the sandbox's command shows and hides, where that depends on how the grader was installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.lab import sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap exists for Linux only")


def mounts(tmp_path: Path, readable: tuple[Path, ...] = ()) -> list[tuple[str, str]]:
    """What is mounted in turn: each option that mounts, and where to."""
    for name in ("root", "run"):
        (tmp_path / name).mkdir()
    prefix = sandbox.place("sandbox", tmp_path, readable).prefix
    found = []
    for index, option in enumerate(prefix):
        if option in ("--ro-bind", "--bind"):
            found.append((option, prefix[index + 2]))
        elif option in ("--tmpfs", "--remount-ro"):
            found.append((option, prefix[index + 1]))
    return found


@pytest.mark.parametrize("base", ["/usr/local/lib/python3.12/site-packages", f"{sys.prefix}/lib/site-packages"])
def test_a_grader_among_the_packages_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    """Installed into the system's Python or the environment's: the suites lie below a folder that is shown."""
    package = Path(base, "grader")
    monkeypatch.setattr(sandbox, "_PACKAGE", package)
    told = mounts(tmp_path, (package / "runtime" / "settings",))
    cover = told.index(("--tmpfs", str(package)))
    above = [index for index, (option, path) in enumerate(told) if option == "--ro-bind" and path in base]
    assert above and max(above) < cover
    assert told.index(("--ro-bind", str(package / "runtime" / "settings"))) > cover
    assert ("--remount-ro", str(package)) in told


def test_nothing_is_writable_without_a_limit(tmp_path: Path) -> None:
    told = mounts(tmp_path)
    assert ("--remount-ro", "/") in told
    assert ("--remount-ro", "/dev") in told
    writable = {path for option, path in told if option == "--bind"}
    assert writable == {"/lab", str(tmp_path / "run")}
