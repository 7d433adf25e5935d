"""The picture and the data sample among a run's artifacts. All files are read as data, and doubted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from fixtures.tumours import FEATURES, Tumours
from grader.evidence import Unreadable
from grader.evidence.files import read_bytes
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import close, newest

MOST_BYTES = 4 << 20
MOST_PIXELS = 20_000_000
MOST_FILES = 20
"""The number of files that are looked at below a folder."""
PICTURES = (".png", ".jpg", ".jpeg")


def below(lab: Lab, data: Tumours, folder: str, wanted: str, told_by: str | None = None) -> list[Path]:
    """The run's artifacts below a folder. ``told_by`` is the check that fails if there is no such run."""
    if told_by is not None and not any(run.parent is None for run in lab.tracking.named(data.artifacts_run)):
        hangs_on(told_by, "there is no run named as the widget artifacts_run says")
    run = newest(lab, data.artifacts_run, "artifacts_run")
    found = [path for path in run.files if path.is_relative_to(run.artifact(folder))]
    if not found:
        mismatch(wanted, f"the run has no artifact below {folder}/")
    return found


@check("files.plot")
def test_plot(lab: Lab, data: Tumours) -> None:
    wanted = "a picture (PNG or JPEG) below plots/ on which something is drawn"
    pictures = [path for path in below(lab, data, "plots", wanted) if path.suffix.lower() in PICTURES]
    if not pictures:
        mismatch(wanted, "no file there ends in .png or .jpg")
    reasons = [_not_a_picture(path) for path in pictures[:MOST_FILES]]
    if all(reasons):
        mismatch(wanted, str(reasons[0]))


def _not_a_picture(path: Path) -> str | None:
    from PIL import Image

    content = read_bytes(path, MOST_BYTES)
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                return "the picture is larger than can be judged"
            extremes = image.convert("RGB").getextrema()
    except Exception:  # Pillow raises many kinds for what is no picture
        return "the file is no picture"
    if min(width, height) < 50:
        return "the picture is too small to see anything on"
    return "the picture is of one colour" if all(low == high for low, high in extremes) else None  # type: ignore[misc]


@check("files.sample")
def test_sample(lab: Lab, data: Tumours) -> None:
    wanted = "a CSV, JSON or Parquet file below data/ with the first sample_size rows of X_train, all ten columns"
    files = below(lab, data, "data", wanted, told_by="files.plot")
    reasons = [_not_the_sample(path, data) for path in files[:MOST_FILES]]
    if all(reasons):
        mismatch(wanted, str(reasons[0]))


def _not_the_sample(path: Path, data: Tumours) -> str | None:
    try:
        frame = _table(path)
        lacking = [name for name in FEATURES if name not in frame.columns]
        if lacking:
            return f"the file has no column {lacking[0]}"
        rows = frame[list(FEATURES)].head(1000).values.tolist()
    except Unreadable as error:
        return str(error)
    except Exception:  # pandas and pyarrow raise many kinds for what is no table
        return "the file can't be read as a table"
    if len(rows) != data.sample_size:
        return f"the file has {len(rows)} rows, not sample_size"
    pairs = zip(rows, data.train, strict=False)
    wrong = sum(not all(close(a, b) for a, b in zip(row, right, strict=False)) for row, right in pairs)
    return f"{wrong} of its rows are not the rows of X_train in their place" if wrong else None


def _table(path: Path) -> Any:
    import pandas as pd

    content = read_bytes(path, MOST_BYTES)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(pa_buffer(content)).to_pandas()
    if path.suffix == ".json":
        return _json_table(content.decode())
    return pd.read_csv(io.BytesIO(content))


def _json_table(text: str) -> Any:
    """A table in any of the ways that pandas and MLflow write one: by columns or rows, split, or a row a line."""
    import pandas as pd

    try:
        told = json.loads(text)
    except ValueError:
        return pd.DataFrame(list(map(json.loads, text.splitlines())))
    if isinstance(told, dict) and {"columns", "data"} <= told.keys():  # mlflow.log_table as well
        return pd.DataFrame(told["data"], columns=told["columns"])
    if isinstance(told, dict) and isinstance(told.get("data"), list):  # orient="table"
        return pd.DataFrame(told["data"])
    table = pd.DataFrame(told)
    return table if FEATURES[0] in table.columns else table.T  # orient="index"


def pa_buffer(content: bytes) -> Any:
    import pyarrow as pa

    return pa.BufferReader(content)
