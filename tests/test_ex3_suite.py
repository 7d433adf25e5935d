"""The suite of exercise 3, asked about metrics, and about pictures that are made to hurt whoever opens them."""

from __future__ import annotations

import io
import runpy
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from grader import catalog
from grader.suite.runs import wrong_metrics


@pytest.mark.parametrize(
    ("logged", "says"),
    [(0.9123456789, None), (0.91, "rounded"), (0.91235, "rounded"), (0.92, "not what"), (0.9, "not what")],
)
def test_a_metric_that_is_rounded_is_called_so(logged: float, says: str | None) -> None:
    run: Any = SimpleNamespace(metric=lambda key: logged)
    found = wrong_metrics(run, {"f1": 0.9123456789})
    assert found is None if says is None else says in (found or "")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *others: bytes, pixels: bytes = b"") -> bytes:
    """A grey picture that says it is of this size, whatever its pixels are."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(others) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def drawn() -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGB", (100, 100))
    picture.putpixel((50, 50), (255, 0, 0))
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def reason(pytestconfig: pytest.Config) -> Callable[[Path], str | None]:
    """What the suite says of a file that shall be a picture; None if it is one."""
    pytestconfig.addinivalue_line("markers", "check(id): judges the declared check of this id")
    suite: dict[str, Any] = runpy.run_path(str(catalog.find("ex3").suite / "test_files.py"))
    told: Callable[[Path], str | None] = suite["_not_a_picture"]
    return told


def test_what_is_drawn_on_is_a_picture(reason: Callable[[Path], str | None], tmp_path: Path) -> None:
    (tmp_path / "it.png").write_bytes(drawn())
    assert reason(tmp_path / "it.png") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (png(60_000, 60_000), "no picture"),
        (png(5_000, 5_000, pixels=bytes(25_005_000)), "larger than can be judged"),
        (png(100, 100, pixels=bytes(1 << 27)), "one colour"),
        (png(100, 100, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 27)))), "no picture"),
        (png(100, 100, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(1 << 27)))), "no picture"),
        (png(0, 0), "no picture"),
        (drawn()[:60], "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (b"%!PS\n(%stdout) print", "no picture"),
    ],
    ids=["vast", "large", "more-pixels-than-said", "text-bomb", "profile-bomb", "empty", "cut", "svg", "postscript"],
)
def test_what_would_hurt_its_reader_is_refused(
    reason: Callable[[Path], str | None], tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "it.png").write_bytes(content)
    assert says in (reason(tmp_path / "it.png") or "")
