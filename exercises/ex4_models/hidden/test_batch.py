"""The table scored with Spark."""

from __future__ import annotations

from collections.abc import Sequence

from asking import as_numbers, asked, numbers, rows, wrong

from fixtures.diabetes import COLUMNS, Diabetes
from grader.evidence.delta import Table
from grader.suite.api import Lab, check, mismatch, rows_differ


def scored(lab: Lab, wanted: str) -> Table:
    table = lab.table("scored")
    if not table.rows():
        mismatch(wanted, "scored holds no rows")
    return table


@check("batch.rows")
def test_rows(lab: Lab, data: Diabetes) -> None:
    wanted = "scored holds every row of patients once, with all its columns, and a column prediction"
    table = scored(lab, wanted)
    if "prediction" not in table.columns():
        mismatch(wanted, f"its columns are {', '.join(table.columns())}")
    differ = rows_differ(table.rows(), data.patients, (data.key, "ward", *COLUMNS))
    if differ:
        mismatch(wanted, f"scored: {differ}")


@check("batch.prediction")
def test_prediction(lab: Lab, data: Diabetes) -> None:
    wanted = "for each row the column prediction, a double, is what the model of task 1 predicts"
    table = scored(lab, wanted)
    kind = table.columns().get("prediction")
    if kind != "double":
        mismatch(wanted, f"prediction is of type {kind}" if kind else "there is no column prediction")
    # Rows that were lost are held against the other check.
    places = {patient[data.key]: at for at, patient in enumerate(data.patients)}
    known = [row for row in table.rows() if isinstance(row.get(data.key), int) and row[data.key] in places]
    if not known:
        mismatch(wanted, "none of its rows has the key of a patient")
    found = as_numbers([row["prediction"] for row in known])
    if found is None:
        mismatch(wanted, "not every row has a number there")

    def others(right: Sequence[float]) -> int:
        return wrong(found, [right[places[row[data.key]]] for row in known])

    if others(data.forest_predictions(data.patients)):
        (answer,) = asked(lab, data, "native_run", rows(data.patients))
        many = others(numbers(answer, len(data.patients), wanted))
        if many:
            mismatch(wanted, f"{many} of {len(known)} rows have another")
