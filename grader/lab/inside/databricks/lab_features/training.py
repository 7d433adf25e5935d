"""Training sets: a DataFrame with labels and keys, and the features to be added to it.

Follows ``create_training_set`` and ``TrainingSet`` in Databricks' Python API reference, and "Train models with feature
tables".
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from . import joins, tables
from .entities import FeatureFunction, FeatureLookup, names, no_feature
from .session import current, offer_catalog, table_name
from .spec import Column, Feature, Function, Lookup, Spec, Step

MOST_TABLES, MOST_FUNCTIONS = 50, 100
"""A model can use at most so many."""
_KINDS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "string": (str,),
    **dict.fromkeys(("smallint", "int", "bigint"), (int,)),
    **dict.fromkeys(("float", "double"), (int, float)),
}
"""What Python has for a feature's type, where that says it all."""


class TrainingSet:
    """What ``create_training_set`` gives. ``load_df`` makes the DataFrame; ``log_model`` takes it to keep the lookups
    with a model."""

    def __init__(self, df: Any, spec: Spec) -> None:
        self._df = df
        self._spec = spec

    @property
    def feature_spec(self) -> Spec:
        """What it is made of."""
        return self._spec

    def load_df(self) -> Any:
        """The DataFrame's own columns, the features, and the labels last, without what is left out."""
        from pyspark.sql import functions as F

        from .session import quoted

        spec = self._spec
        full = joins.add(self._df, spec.steps)
        return full.select(*(F.col(quoted(column.name)) for column in (*spec.model_inputs, *spec.labels)))


def create(df: Any, features: Any, label: str | list[str] | None, exclude_columns: Any) -> TrainingSet:
    """A training set, checked as far as that takes no look at rows.

    Raises ValueError when the label or a key is no column, when keys do not match a table's in number, order or type,
    for a point in time that is missing or of no use, and for names that are there twice.
    """
    columns = _columns(df)
    labels = names(label, "label")
    exclude = names(exclude_columns, "exclude_columns")
    steps = resolve(features, columns)
    outputs = [column.name for step in steps for column in step.columns]
    _check_labels(labels, columns, outputs, exclude)
    _check_outputs(outputs, columns)
    unknown = [name for name in exclude if name not in columns and name not in outputs]
    if unknown:
        warnings.warn(
            f"exclude_columns has {', '.join(unknown)}, which neither the DataFrame nor a lookup has.",
            UserWarning,
            stacklevel=3,
        )
    spec = Spec(
        tuple(Column(name, type) for name, type in columns.items() if name not in labels),
        steps,
        tuple(Column(name, columns[name]) for name in labels),
        tuple(exclude),
    )
    return TrainingSet(df, spec)


def resolve(features: Any, columns: dict[str, str]) -> tuple[Step, ...]:
    """Lookups and functions, checked against the tables and against a DataFrame of these columns."""
    if not isinstance(features, list | tuple):
        raise ValueError(f"feature_lookups is a list of FeatureLookup and FeatureFunction, not {features!r}.")
    lookups = [feature for feature in features if isinstance(feature, FeatureLookup)]
    functions = [feature for feature in features if isinstance(feature, FeatureFunction)]
    if len(lookups) + len(functions) < len(features):
        other = next(one for one in features if not isinstance(one, FeatureLookup | FeatureFunction))
        raise ValueError(f"feature_lookups holds {other!r}, which is no FeatureLookup and no FeatureFunction.")
    if len({lookup.table_name for lookup in lookups}) > MOST_TABLES or len(functions) > MOST_FUNCTIONS:
        raise ValueError(f"A training set can use at most {MOST_TABLES} tables and {MOST_FUNCTIONS} functions.")
    # Functions may use any feature that is looked up, wherever it stands in the list.
    known = dict(columns)
    found: dict[int, Step] = {}
    for lookup in lookups:
        step: Step = found.setdefault(id(lookup), _lookup(lookup, columns))
        known |= {column.name: column.type for column in step.columns}
    for function in functions:
        step = found.setdefault(id(function), _function(function, known))
        known |= {column.name: column.type for column in step.columns}
    return tuple(found[id(feature)] for feature in (*lookups, *functions))


def _columns(df: Any) -> dict[str, str]:
    from pyspark.sql import DataFrame

    if not isinstance(df, DataFrame):
        raise ValueError(f"df is a Spark DataFrame, not {type(df).__name__}: spark.createDataFrame makes one.")
    twice = [name for name, times in Counter(df.columns).items() if times > 1]
    if twice:
        raise ValueError(f"The DataFrame has {', '.join(twice)} more than once.")
    return {field.name: field.dataType.simpleString() for field in df.schema.fields}


def _lookup(lookup: FeatureLookup, columns: dict[str, str]) -> Lookup:
    spark = current()
    name = lookup.table_name
    target = table_name(spark, name)
    entry = tables.known_or_raise(spark, target)
    keys, times = entry["primary_keys"], entry["timestamp_keys"]
    types = {field.name: field.dataType.simpleString() for field in spark.table(target.sql).schema.fields}
    by = names(lookup.lookup_key, "lookup_key")
    at = next(iter(names(lookup.timestamp_lookup_key, "timestamp_lookup_key")), None)
    _check_there([*by, *([at] if at else [])], columns, name)
    if len(by) != len(keys):
        hint = (
            f" (the timestamp key {times[0]} goes with timestamp_lookup_key)" if times and len(by) > len(keys) else ""
        )
        raise ValueError(
            f"The lookup of '{name}' has {len(by)} lookup keys ({', '.join(by)}), the table {len(keys)} primary keys "
            f"({', '.join(keys)}): they must match in number and order{hint}."
        )
    if times and at is None:
        raise ValueError(
            f"'{name}' is a time series feature table: its lookup needs a timestamp_lookup_key, the column of the "
            f"DataFrame that says as of when features are wanted."
        )
    if at is not None and not times:
        raise ValueError(
            f"'{name}' is no time series feature table: a timestamp_lookup_key ({at}) is of no use in its lookup."
        )
    for mine, theirs in zip([*by, *([at] if at else [])], [*keys, *times], strict=True):
        if columns[mine] != types[theirs]:
            raise ValueError(
                f"The lookup key '{mine}' is {columns[mine]} in the DataFrame, and '{theirs}' is {types[theirs]} in "
                f"'{name}': lookup keys must match the primary keys in type and order. Cast it."
            )
    asked = names(lookup.feature_names, "feature_names")
    wanted = asked or [column for column in types if column not in (*keys, *times)]
    missing = [feature for feature in wanted if feature not in types]
    if missing:
        raise ValueError(f"'{name}' has no feature {', '.join(missing)}. It has {', '.join(types)}.")
    renamed, defaults = lookup.rename_outputs or {}, lookup.default_values or {}
    no_feature(renamed, wanted, "rename_outputs", name)
    outputs = {feature: renamed.get(feature, feature) for feature in wanted}
    no_feature(defaults, outputs.values(), "default_values", name)
    found = tuple(
        Feature(feature, output, types[feature], _default(defaults.get(output), output, types[feature]))
        for feature, output in outputs.items()
    )
    back = None if lookup.lookback_window is None else lookup.lookback_window.total_seconds()
    return Lookup(name, tuple(by), tuple(keys), found, at, times[0] if times else None, back)


def _default(value: Any, output: str, type: str) -> Any:
    """The default value, checked to fit its feature."""
    if value is None:
        return None
    from pyspark.sql import functions as F

    kind = _KINDS.get(type)
    if kind is None:
        try:
            fits = bool(current().range(1).select(F.lit(value).cast(type)).columns)
        except Exception:
            fits = False
    else:
        fits = isinstance(value, kind) and (type == "boolean" or not isinstance(value, bool))
    if not fits:
        raise ValueError(f"The default value {value!r} of '{output}' does not fit its type, {type}.")
    return value


def _function(function: FeatureFunction, known: dict[str, str]) -> Function:
    from pyspark.sql import functions as F

    spark = current()
    bindings = tuple(function.input_bindings.items())
    missing = [column for _, column in bindings if column not in known]
    if missing:
        raise ValueError(
            f"input_bindings of '{function.udf_name}' names {', '.join(missing)}, which is neither a column of the "
            f"DataFrame nor a feature."
        )
    parts = function.udf_name.split(".")
    if len(parts) == 3:
        offer_catalog(spark, parts[0])
    empty = spark.createDataFrame([], ", ".join(f"`{name}` {type}" for name, type in known.items()) or "none int")
    try:
        field = empty.select(F.expr(joins.call(function.udf_name, bindings))).schema.fields[0]
    except Exception as error:
        raise ValueError(
            f"The function '{function.udf_name}' can't be called with {dict(bindings)}: {_first_line(error)}"
        ) from error
    return Function(function.udf_name, bindings, function.output_name, field.dataType.simpleString())


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def _check_there(wanted: list[str], columns: dict[str, str], table: str) -> None:
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ValueError(
            f"The lookup of '{table}' is by {', '.join(missing)}, which the DataFrame does not have. It has "
            f"{', '.join(columns)}."
        )


def _check_labels(labels: list[str], columns: dict[str, str], outputs: list[str], exclude: list[str]) -> None:
    for name in labels:
        if name not in columns:
            raise ValueError(f"The label '{name}' is no column of the DataFrame. It has {', '.join(columns)}.")
        if name in outputs:
            raise ValueError(
                f"The label '{name}' is also the name of a feature that is looked up: rename that with rename_outputs, "
                f"or leave it out of feature_names."
            )
        if name in exclude:
            raise ValueError(f"The label '{name}' can't be among exclude_columns.")


def _check_outputs(outputs: list[str], columns: dict[str, str]) -> None:
    twice = [name for name, times in Counter(outputs).items() if times > 1]
    if twice:
        raise ValueError(
            f"Several features would be named {', '.join(twice)}: rename_outputs (or output_name) tells them apart."
        )
    taken = [name for name in outputs if name in columns]
    if taken:
        raise ValueError(
            f"The DataFrame has columns that match feature output names: {', '.join(taken)}. Drop them from the "
            f"DataFrame, or rename the features with rename_outputs."
        )
