"""The table scored with Spark."""

from __future__ import annotations

from collections.abc import Sequence

from asking import answers_first, as_numbers, logged, numbers, rows, short, wrong

from fixtures.diabetes import COLUMNS, Diabetes
from grader.evidence import Mismatch
from grader.evidence.rows import columns_are
from grader.suite.api import Lab, check, hangs_on, mismatch, rows_differ


def rows_lacking(lab: Lab, data: Diabetes) -> str | None:
    """What the table's rows are not, as a sentence, or None."""
    table = lab.table("scored")
    if not table.rows():
        return "scored holds no rows"
    if "prediction" not in table.columns():
        return columns_are(table.columns())
    differ = rows_differ(table.rows(), data.patients, (data.key, "ward", *COLUMNS))
    return f"scored: {differ}" if differ else None


@check("batch.rows")
def test_rows(lab: Lab, data: Diabetes) -> None:
    lacking = rows_lacking(lab, data)
    if lacking:
        mismatch("scored holds every row of patients once, with all its columns, and a column prediction", lacking)


@check("batch.prediction")
def test_prediction(lab: Lab, data: Diabetes) -> None:
    wanted = "for each row the column prediction, a double, is what the model of task 1 predicts"
    try:
        lacking = rows_lacking(lab, data)
    except Mismatch as error:
        hangs_on("batch.rows", error.found)
    table = lab.table("scored")
    # Rows that are lost or doubled are held against the other check.
    places = {patient[data.key]: at for at, patient in enumerate(data.patients)}
    known = [row for row in table.rows() if row.get(data.key) in places]
    kind = table.columns().get("prediction")
    if lacking and (kind is None or not known):
        hangs_on("batch.rows", lacking)
    if kind != "double":
        mismatch(wanted, f"prediction is of type {short(kind)}")
    if not known:
        mismatch(wanted, "none of its rows has the key of a patient")
    found = as_numbers([row["prediction"] for row in known])
    if found is None:
        mismatch(wanted, "not every row has a number there")

    def others(right: Sequence[float]) -> int:
        return wrong(found, [right[places[row[data.key]]] for row in known])

    if others(data.forest_predictions(data.patients)):
        answers_first(lab, data, "batch.prediction")
        (answer,) = lab.predict(logged(lab, data, "native_run", "batch.prediction"), rows(data.patients))
        many = others(numbers(answer, len(data.patients), wanted))
        if many:
            mismatch(wanted, f"{many} of {len(known)} rows have another")
