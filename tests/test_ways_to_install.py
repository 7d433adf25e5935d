"""However the grader is installed, no lab can read its suites, fixtures and solutions.

A way is an installation made for the test, whose own Python raises the sandbox. In it every file is compared with those
that are to be hidden, by size and content, whatever its name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.lab import sandbox

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sysconfig.get_path("purelib")
PRIVATE = ("exercises", "fixtures", "solutions")
CHECKOUT = ("grader", *PRIVATE, "pyproject.toml", "README.md", "LICENSE", "hatch_build.py")

RAISE = """
import json, subprocess, sys
from pathlib import Path
sys.path.append(sys.argv[1])  # what the grader itself needs: it stays out of the lab
from grader.lab import sandbox
folder = Path(sys.argv[2])
place = sandbox.place("sandbox", folder)
command = [*place.prefix, sys.executable, "-I", "/lab/look.py"]
done = subprocess.run(command, env=place.environment, capture_output=True, text=True)
print(json.dumps([str(sandbox.GUEST), done.stdout, done.stderr]))
"""

LOOK = """
import hashlib, json, os
digests = json.load(open("/lab/digests.json"))
sizes, found = set(digests.values()), []
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
    found += [os.path.join(folder, name) for name in folders if name == ".git"]
    for name in names:
        path = os.path.join(folder, name)
        try:
            if os.lstat(path).st_size in sizes:
                if hashlib.sha256(open(path, "rb").read()).hexdigest() in digests:
                    found.append(path)
        except OSError:
            pass
print(json.dumps(found))
"""


def hidden() -> dict[str, int]:
    """The size of each file to be hidden, by its SHA-256."""
    files = [file for name in PRIVATE for file in (ROOT / name).rglob("*") if file.is_file()]
    contents = [file.read_bytes() for file in files if "__pycache__" not in file.parts]
    return {hashlib.sha256(content).hexdigest(): len(content) for content in contents if content}


def environment_in(folder: Path) -> Path:
    """An empty virtual environment; its Python."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def packages_of(python: Path) -> Path:
    told = subprocess.run([python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], stdout=-1)
    return Path(told.stdout.decode().strip())


def copied_to(folder: Path) -> Path:
    """A checkout, as git would make it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CHECKOUT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / ".git").mkdir()
    return folder


def editable(python: Path, checkout: Path) -> Path:
    """Install the checkout as ``pip install --editable`` does."""
    (packages_of(python) / "_lab_grader.pth").write_text(f"{checkout}\n")
    return python


def beside_a_checkout(place: Path) -> Path:
    """``./grade``: the environment lies in the checkout, which is installed for editing."""
    checkout = copied_to(place / "checkout")
    return editable(environment_in(checkout / ".venv"), checkout)


def from_git(place: Path) -> Path:
    """``pip install -e git+...``: the checkout lies in the environment, below ``src``."""
    python = environment_in(place / "environment")
    return editable(python, copied_to(place / "environment" / "src" / "lab-grader"))


def in_one_folder(place: Path) -> Path:
    """``python -m venv .`` in a checkout."""
    checkout = copied_to(place / "checkout")
    return editable(environment_in(checkout), checkout)


def among_the_packages(place: Path) -> Path:
    """A checkout put into site-packages by hand."""
    python = environment_in(place / "environment")
    return editable(python, copied_to(packages_of(python) / "lab-grader"))


def from_a_wheel(place: Path) -> Path:
    """``pip install lab-grader``."""
    checkout = copied_to(place / "checkout")
    build = [sys.executable, "-I", "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(place)]
    subprocess.run([*build, str(checkout)], check=True)
    python = environment_in(place / "environment")
    (wheel,) = place.glob("*.whl")
    shutil.unpack_archive(wheel, packages_of(python), "zip")
    shutil.rmtree(checkout)
    return python


def in_the_systems_folder(place: Path) -> Path:
    """A checkout below the folder of which labs see all, such as ``/usr/local``."""
    return beside_a_checkout(Path("/usr/local/share") / place.name)


WAYS = (beside_a_checkout, from_git, in_one_folder, among_the_packages, from_a_wheel, in_the_systems_folder)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_lab_reads_what_is_hidden(way: Callable[[Path], Path], tmp_path: Path) -> None:
    if why := sandbox.unavailable():
        pytest.skip(why)
    if way is in_the_systems_folder and not os.access("/usr/local/share", os.W_OK):
        pytest.skip("only root may write below /usr/local")
    lab = tmp_path / "lab"
    for name in ("root", "run"):
        (lab / name).mkdir(parents=True)
    (lab / "root" / "look.py").write_text(LOOK)
    control = os.urandom(1000)
    (lab / "root" / "control").write_bytes(control)
    digests = hidden() | {hashlib.sha256(control).hexdigest(): len(control)}
    (lab / "root" / "digests.json").write_text(json.dumps(digests))
    try:
        python = way(tmp_path)
        done = subprocess.run(
            [python, "-I", "-c", RAISE, PACKAGES, str(lab)], capture_output=True, text=True, cwd=tmp_path, check=False
        )
    finally:
        shutil.rmtree(Path("/usr/local/share") / tmp_path.name, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    guest, out, errors = json.loads(done.stdout)
    assert not Path(guest).is_relative_to(ROOT), "this checkout raised the sandbox, not the installation"
    assert out, errors
    assert json.loads(out) == ["/lab/control"]
