"""Tables that Spark reads for the judge, since delta-rs can't: the same rows, and a sentence where neither can."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from grader import lab
from grader.evidence import Unreadable, delta
from grader.evidence.rows import scalar
from grader.lab import sandbox
from grader.lab.reader import Reader

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

ROWS = pa.table(
    {
        "id": pa.array([1, 2, None], pa.int64()),
        "text": ["a", None, "ü\n"],
        "amount": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25")], pa.decimal128(9, 2)),
        "day": [dt.date(2026, 1, 1), None, dt.date(1990, 5, 1)],
        "at": pa.array([dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC), None, None], pa.timestamp("us", "UTC")),
        "list": [[1, None], [], None],
        "record": [{"a": 1}, None, {"a": None}],
    }
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with lab.folder() as folder:
        write_deltalake(str(folder / "root" / "rides"), ROWS)
        write_deltalake(str(folder / "root" / "rides"), ROWS.slice(0, 1), mode="append")
        yield folder


@pytest.fixture(scope="module")
def reader(place: Path) -> Iterator[Reader]:
    with closing(Reader(place, sandbox.choose("auto"))) as reader:
        yield reader


def ask_for(place: Path, feature: str) -> Path:
    """A copy of the table whose log asks its readers to know this feature."""
    path = place / "root" / feature
    write_deltalake(str(path), ROWS)
    log = path / "_delta_log" / f"{0:020d}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            versions = {"minReaderVersion": 3, "minWriterVersion": 7}
            action["protocol"] = {**versions, "readerFeatures": [feature], "writerFeatures": [feature]}
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    return path


def test_spark_reads_what_delta_rs_reads(place: Path, reader: Reader) -> None:
    table = place / "root" / "rides"
    own = delta.open_table(table)
    assert own is not None
    for version in (0, 1):
        read = [{name: scalar(value) for name, value in row.items()} for row in reader.read(table, version).to_pylist()]
        assert sorted(read, key=repr) == sorted((dict(row) for row in own.rows(version)), key=repr)
        assert len(read) == 3 + version


def test_a_feature_that_delta_rs_does_not_know(place: Path, reader: Reader) -> None:
    path = ask_for(place, "typeWidening")
    table = delta.open_table(path, reader.read)
    assert table is not None and table.features() == {"typeWidening"}
    assert len(table.rows()) == 3
    alone = delta.open_table(path)
    assert alone is not None
    with pytest.raises(Unreadable, match="it uses typeWidening, which the grader can't read"):
        alone.rows()


def test_a_feature_that_nothing_knows(place: Path, reader: Reader) -> None:
    table = delta.open_table(ask_for(place, "timeMachine"), reader.read)
    assert table is not None
    with pytest.raises(Unreadable, match=r"version 0 of timeMachine can't be read: .*timeMachine"):
        table.rows()
    assert reader.read(place / "root" / "rides", 0).num_rows == 3, "it still answers"


def test_a_table_with_a_link_in_it_is_not_handed_in(place: Path, reader: Reader) -> None:
    path = place / "root" / "linked"
    write_deltalake(str(path), ROWS)
    (path / "part-x.parquet").symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="neither a file nor a folder"):
        reader.read(path, 0)


def test_a_reader_that_ends_costs_one_answer(place: Path, reader: Reader) -> None:
    assert reader._process is not None
    reader._process._process.kill()
    with pytest.raises(Unreadable, match="gave no answer"):
        reader.read(place / "root" / "rides", 0)
    assert reader.read(place / "root" / "rides", 0).num_rows == 3
