"""What a lab leaves behind may be broken, hostile or a lure: no such evidence earns a point, none holds up the judge.

No lab is raised: the fixture's files are spoiled by hand and then judged as a lab's would be.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import bikeshare
from grader import catalog, lab
from grader.errors import NotGraded
from grader.lab.record import LabRecord
from grader.suite import court

pytestmark = [pytest.mark.server, pytest.mark.proof]

SEED = 1
DATA = bikeshare.plan(SEED)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A lab's folder, in which somebody has made ``rides`` as the brief asks."""
    with lab.folder() as path:
        yield path


def good_rides(path: Path) -> None:
    from deltalake import write_deltalake

    for batch in (DATA.rides_1, DATA.rides_2):
        rows = [row | {"speed": row["distance_m"] / row["minutes"]} for row in batch]
        write_deltalake(str(path), bikeshare._arrow(rows), mode="append")


def judged(folder: Path, spoil: Callable[[Path], None]) -> tuple[set[str], str | None]:
    """The checks that passed, and why nothing was graded, if so."""
    facts = bikeshare.write(DATA, folder / "root")
    good_rides(folder / "root" / "tables" / "rides")
    spoil(folder)
    record = LabRecord(folder, "/lab", (), "sandbox", facts=facts)
    reason, passed = None, set()
    with court.waiting(catalog.find("ex1"), SEED, folder, "sandbox") as judge:
        try:
            verdict = judge.verdict(catalog.find("ex1"), record, ())
            passed = {result.id for result in verdict.results if result.outcome == "passed"}
        except NotGraded as failure:
            reason = str(failure)
    return passed, reason


def log(folder: Path, version: int = 0) -> Path:
    return folder / "root" / "tables" / "rides" / "_delta_log" / f"{version:020d}.json"


def data_file(folder: Path) -> Path:
    return next((folder / "root" / "tables" / "rides").glob("*.parquet"))


def change_log(folder: Path, change: Callable[[dict[str, Any]], None], version: int = 1) -> None:
    actions = [json.loads(line) for line in log(folder, version).read_text().splitlines()]
    for action in actions:
        change(action)
    log(folder, version).write_text("\n".join(map(json.dumps, actions)))


def binary_log(folder: Path) -> None:
    log(folder).write_bytes(random.Random(1).randbytes(5000))


def log_of_brackets(folder: Path) -> None:
    log(folder, 1).write_text("[" * 200_000 + "]" * 200_000)


def log_of_other_types(folder: Path) -> None:
    log(folder, 1).write_text('{"add": 7}\n[]\n"metaData"\nnull\n')


def log_with_huge_numbers(folder: Path) -> None:
    change_log(folder, lambda action: action.get("add", {}).update(size=10**400))


def log_as_pipe(folder: Path) -> None:
    log(folder, 1).unlink()
    os.mkfifo(log(folder, 1))


def log_as_folder(folder: Path) -> None:
    log(folder, 1).unlink()
    log(folder, 1).mkdir()


def data_as_pipe(folder: Path) -> None:
    file = data_file(folder)
    file.unlink()
    os.mkfifo(file)


def data_as_device(folder: Path) -> None:
    file = data_file(folder)
    file.unlink()
    file.symlink_to("/dev/zero")


def broken_data(folder: Path) -> None:
    file = data_file(folder)
    size = file.stat().st_size
    file.write_bytes(b"PAR1" + random.Random(2).randbytes(size - 8) + b"PAR1")


def path_out_of_the_lab(folder: Path) -> None:
    change_log(folder, lambda action: action.get("add", {}).update(path="../../../../etc/passwd"))


def endless_checkpoint(folder: Path) -> None:
    (log(folder).parent / "_last_checkpoint").write_text('{"version": 99999999999, "size": 1, "parts": 999999999}')


def bomb(folder: Path) -> None:
    """A small file that swells to gigabytes when it is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    path = folder / "root" / "tables" / "rides"
    rows = [{**DATA.rides_1[0], "speed": 0.0}]
    write_deltalake(str(path), bikeshare._arrow(rows), mode="append")
    actions = [json.loads(line) for line in log(folder, 2).read_text().splitlines()]
    (add,) = (action["add"] for action in actions if "add" in action)
    count = 150_000
    same = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["x" * 40_000]))
    columns = {"ride_id": pa.array([1] * count, pa.int64()), "station": same}
    pq.write_table(pa.table(columns), path / add["path"], compression="zstd")
    add["size"] = (path / add["path"]).stat().st_size
    del add["stats"]
    log(folder, 2).write_text("\n".join(map(json.dumps, actions)))


def deep_folders(folder: Path) -> None:
    here = os.open(folder / "root" / "tables" / "rides", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def linked_table(folder: Path) -> None:
    """A good table, but beside the lab: what a link leads to is not the lab's."""
    table = folder / "root" / "tables" / "rides"
    table.rename(folder / "elsewhere")
    table.symlink_to(folder / "elsewhere")


def linked_to_itself(folder: Path) -> None:
    table = folder / "root" / "tables" / "rides"
    table.rename(folder / "elsewhere")
    table.symlink_to(table)


def linked_log(folder: Path) -> None:
    log(folder).parent.rename(folder / "elsewhere")
    log(folder).parent.symlink_to(folder / "elsewhere")


def linked_tables(folder: Path) -> None:
    tables = folder / "root" / "tables"
    tables.rename(folder / "elsewhere")
    tables.symlink_to(folder / "elsewhere")


def nothing_left(folder: Path) -> None:
    lab.remove(folder / "root")
    lab.remove(folder / "run")


def test_what_is_spoiled_below_was_good(folder: Path) -> None:
    passed, reason = judged(folder, lambda _: None)
    assert reason is None
    assert {"create.rows", "create.derived", "create.append"} <= passed


@pytest.mark.parametrize(
    "spoil",
    [
        binary_log,
        log_of_brackets,
        log_of_other_types,
        log_with_huge_numbers,
        log_as_pipe,
        log_as_folder,
        data_as_pipe,
        data_as_device,
        broken_data,
        path_out_of_the_lab,
        bomb,
        deep_folders,
        linked_table,
        linked_to_itself,
        linked_log,
        linked_tables,
        nothing_left,
    ],
    ids=lambda function: function.__name__,
)
def test_spoiled_evidence_earns_nothing(folder: Path, spoil: Callable[[Path], None]) -> None:
    passed, reason = judged(folder, spoil)
    assert reason is None, "what a learner left behind is a failed check, no failure of ours"
    assert not passed & {"create.rows", "create.derived", "create.append", "create.read", "create.property"}


@pytest.mark.timeout(120)
def test_a_broken_checkpoint_hint_holds_up_nobody(folder: Path) -> None:
    passed, reason = judged(folder, endless_checkpoint)
    assert reason is None
    assert {"create.rows", "create.derived", "create.append"} <= passed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"bad_version": {"kind": "value", "type": "int", "value": NaN}, "rides_df": {"kind": "frame"}}',
        '{"bad_version": {"kind": "value", "type": "int", "value": true}}',
        '{"bad_version": {"kind": "value", "type": "int", "value": [[]]}, "refusal": {"kind": "exception"}}',
        json.dumps({n: {"kind": "frame", "of": "spark", "columns": [[["version"], ""]], "rows": [[{}]]}
                    for n in ("rides_df", "history_df", "previous_df", "as_of_df")}),
        json.dumps({n: {"kind": "frame", "of": "spark", "columns": [["version", ""], ["operation", ""]],
                        "rows": [[[], {}], [None, None]]}
                    for n in ("rides_df", "history_df", "previous_df", "as_of_df")}),
        json.dumps({"refusal": {"kind": "exception", "type": "E", "message": "", "java": 1, "text": 2}}),
    ],
)  # fmt: skip
def test_results_that_no_lab_writes_earn_nothing(folder: Path, text: str) -> None:
    def spoil(folder: Path) -> None:
        (folder / "run" / "results.json").write_text(text)

    passed, reason = judged(folder, spoil)
    wanted = {"create.read", "travel.history", "travel.version", "travel.moment", "recover.found", "schema.refused"}
    assert not passed & wanted
    assert reason is None, "odd results are a failed check, no failure of ours"


def test_results_in_a_pipe_hold_up_nobody(folder: Path) -> None:
    passed, reason = judged(folder, lambda path: os.mkfifo(path / "run" / "results.json"))
    assert reason is None
    assert "create.read" not in passed
