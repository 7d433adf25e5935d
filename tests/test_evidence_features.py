"""The feature store's files: what its clients write is read, and what they never write harms nobody.

That the clients themselves write this is seen in ``test_feature_store.py`` and in the labs of exercise 2.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.evidence import Unreadable, features
from grader.evidence.features import Catalogue, Feature, Lookup, Package
from grader.evidence.models import Model
from tests.properties import given, settings, st

SEEN_AT = "/lab"
Told = dict[str, Any]

ENTRY: Told = {
    "name": "main.Shop.Buyers",
    "table_id": "0" * 32,
    "path": "/lab/warehouse/shop.db/buyers",
    "primary_keys": ["buyer_id"],
    "timestamp_keys": ["seen_at"],
    "partition_columns": [],
    "description": "who buys",
    "tags": {"team": "sales"},
    "creation_timestamp": 1_700_000_000_000,
    "online": [{"store": "shop", "table": "buyers"}],
}
CONTENT: Told = {"version": 1, "tables": {"shop.buyers": ENTRY}, "feature_specs": {}, "online_stores": {}}
SPEC: Told = {
    "version": 1,
    "inputs": [{"name": "buyer_id", "type": "bigint"}, {"name": "weekday", "type": "int"}],
    "features": [
        {
            "table": "shop.buyers",
            "lookup_key": ["buyer_id"],
            "primary_keys": ["id"],
            "features": [{"name": "spend", "output": "spent", "type": "double", "default": 0.5}],
            "timestamp_lookup_key": "at",
            "timestamp_key": "seen_at",
            "lookback_seconds": None,
        },
        {"function": "twice", "input_bindings": {"x": "spent"}, "output": "doubled", "type": "double"},
    ],
    "labels": [{"name": "churned", "type": "int"}],
    "exclude_columns": ["buyer_id"],
}


def lay(root: Path, content: object) -> Catalogue:
    """The catalogue of a lab that has this one; text and bytes are written as they are."""
    (root / "features").mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (root / "features" / "catalogue.json").write_text(text)
    return features.open_catalogue(root, SEEN_AT)


def pack(root: Path, spec: object) -> Model:
    """A packaged model with this specification; text is written as it is."""
    inside = root / "model" / "data" / "feature_store"
    (inside / "raw_model").mkdir(parents=True, exist_ok=True)
    (inside / "feature_spec.yaml").write_text(spec if isinstance(spec, str) else yaml.safe_dump(spec))
    return Model(root / "model", "forecast", None, None)


def spoil(change: Callable[[Told], object]) -> Told:
    spec = copy.deepcopy(SPEC)
    change(spec)
    return spec


# What the clients write


def test_a_lab_without_a_feature_store_has_no_tables(tmp_path: Path) -> None:
    assert features.open_catalogue(tmp_path, SEEN_AT).tables == {}
    (tmp_path / "features").mkdir()
    assert features.open_catalogue(tmp_path, SEEN_AT).find("shop.buyers") is None


@pytest.mark.parametrize("name", ["shop.buyers", "main.shop.buyers", "dev.SHOP.Buyers", "`shop`.`buyers`"])
def test_a_table_is_found_by_each_of_its_names(tmp_path: Path, name: str) -> None:
    table = lay(tmp_path, CONTENT).find(name)
    assert table is not None
    assert table.path == tmp_path / "warehouse" / "shop.db" / "buyers"
    assert (table.primary_keys, table.timestamp_keys) == (("buyer_id",), ("seen_at",))
    assert (table.description, table.tags, table.online) == ("who buys", {"team": "sales"}, (("shop", "buyers"),))


def test_a_name_alone_is_one_of_the_default_schema(tmp_path: Path) -> None:
    content = CONTENT | {"tables": {"default.buyers": ENTRY | {"description": None}}}
    table = lay(tmp_path, content).find("buyers")
    assert table is not None and table.description == ""
    assert lay(tmp_path, CONTENT).find("buyers") is None


def test_what_was_published_is_read(tmp_path: Path) -> None:
    catalogue = lay(tmp_path, CONTENT)
    (tmp_path / "features" / "online").mkdir()
    connection = sqlite3.connect(tmp_path / "features" / "online" / "shop.db")
    connection.execute("CREATE TABLE buyers (buyer_id, spend, PRIMARY KEY (buyer_id))")
    connection.execute("INSERT INTO buyers VALUES (1, 2.5), (2, NULL)")
    connection.commit()
    connection.close()
    rows = [{"buyer_id": 1, "spend": 2.5}, {"buyer_id": 2, "spend": None}]
    assert catalogue.published("shop", "buyers", ("buyer_id", "spend")) == rows
    for store, table, columns in (
        ("shop", "sellers", ("buyer_id",)),
        ("mall", "buyers", ("buyer_id",)),
        ("shop", "buyers", ("seller_id",)),
        ("../shop", "buyers", ("buyer_id",)),
        ("shop", 'buyers" --', ("buyer_id",)),
        ("", "", ("buyer_id",)),
    ):
        with pytest.raises(Unreadable):
            catalogue.published(store, table, columns)


def test_a_package_tells_its_lookups_and_what_the_model_is_given(tmp_path: Path) -> None:
    model = pack(tmp_path, SPEC)
    package = features.package(model)
    assert package is not None
    assert package.lookups == (Lookup("shop.buyers", ("buyer_id",), ("id",), (Feature("spend", "spent", 0.5),), "at"),)
    assert package.columns == ("weekday", "spent", "doubled")
    assert (package.labels, package.functions) == (("churned",), ("doubled",))
    assert package.raw.path == model.path / "data" / "feature_store" / "raw_model"


@pytest.mark.parametrize(
    ("default", "read"),
    [(None, None), (True, True), (7, 7), ("none", "none"), (dt.date(2026, 1, 5), "2026-01-05")],
    ids=str,
)
def test_defaults_are_what_stands_in_columns(tmp_path: Path, default: object, read: object) -> None:
    package = features.package(
        pack(tmp_path, spoil(lambda spec: spec["features"][0]["features"][0].update(default=default)))
    )
    assert package is not None and package.lookups[0].features[0].default == read


def test_a_model_logged_without_the_client_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "data" / "feature_store").mkdir(parents=True)
    assert features.package(Model(tmp_path, "forecast", None, None)) is None
    assert features.package(Model(tmp_path / "gone", "forecast", None, None)) is None


# What they never write

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BROKEN = {
    "empty": "",
    "cut short": json.dumps(CONTENT)[:200],
    "no object": "[]",
    "no tables": "{}",
    "tables are a list": '{"tables": []}',
    "a table is a text": '{"tables": {"shop.buyers": "mine"}}',
    "deep": "[" * 200_000,
    "a number of a million digits": '{"tables": ' + "9" * 1_000_000 + "}",
    "no text at all": "\x00\x01",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_catalogue_is_unreadable(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable):
        lay(tmp_path, text)


@pytest.mark.parametrize(
    "name", [name for name in ENTRY if name not in ("table_id", "creation_timestamp", "partition_columns")]
)
@pytest.mark.parametrize("value", [1, [1], {"a": 1}, [["a"]], "gone"], ids=str)
def test_a_field_of_another_type_is_unreadable(tmp_path: Path, name: str, value: object) -> None:
    entry = {**ENTRY, name: value}
    if value == "gone":
        del entry[name]
    with pytest.raises(Unreadable):
        lay(tmp_path, CONTENT | {"tables": {"shop.buyers": entry}})


@pytest.mark.parametrize("path", ["/etc", "../..", "/lab/../etc", "https://host/lab", "/lab/" + "a" * 5000, "\x00"])
def test_a_place_out_of_the_lab_is_none(tmp_path: Path, path: str) -> None:
    table = lay(tmp_path, CONTENT | {"tables": {"shop.buyers": ENTRY | {"path": path}}}).find("shop.buyers")
    assert table is not None and (table.path is None or table.path.is_relative_to(tmp_path))


def test_a_catalogue_that_is_no_plain_file_is_unreadable(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text(json.dumps(CONTENT))
    file = tmp_path / "features" / "catalogue.json"
    file.parent.mkdir()
    for make in (
        lambda: file.symlink_to(real),
        lambda: file.symlink_to("/dev/zero"),
        lambda: os.mkfifo(file),
        lambda: file.write_bytes(b" " * (features.MOST_BYTES + 1)),
        lambda: file.write_bytes(b"\xff\xfe{}"),
    ):
        make()
        with pytest.raises(Unreadable):
            features.open_catalogue(tmp_path, SEEN_AT)
        file.unlink()
    file.mkdir()
    with pytest.raises(Unreadable):
        features.open_catalogue(tmp_path, SEEN_AT)


def test_a_folder_that_is_a_link_is_unreadable(tmp_path: Path) -> None:
    lay(tmp_path, CONTENT)
    (tmp_path / "features").rename(tmp_path / "elsewhere")
    (tmp_path / "features").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreadable):
        features.open_catalogue(tmp_path, SEEN_AT)
    with pytest.raises(Unreadable):
        Catalogue(tmp_path, {}).published("shop", "buyers", ("buyer_id",))


SPOILED: dict[str, object] = {
    "empty": "",
    "no object": "- 1",
    "no yaml": "{",
    "a tag of Python": "!!python/object/apply:os.system ['true']",
    "aliases of aliases": "a: &a [x, x]\n"
    + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("ab", "bc", strict=True)),
    "a merge": "a: &a {x: 1}\nb: {<<: *a}",
    "inputs are text": spoil(lambda spec: spec.update(inputs="all")),
    "an input without a name": spoil(lambda spec: spec.update(inputs=[{"type": "int"}])),
    "a feature is text": spoil(lambda spec: spec.update(features=["spend"])),
    "a table is a number": spoil(lambda spec: spec["features"][0].update(table=7)),
    "keys are text": spoil(lambda spec: spec["features"][0].update(lookup_key="buyer_id")),
    "a timestamp key is a list": spoil(lambda spec: spec["features"][0].update(timestamp_lookup_key=["at"])),
    "a default is a list": spoil(lambda spec: spec["features"][0]["features"][0].update(default=[1])),
    "a default is beyond all numbers": spoil(lambda spec: spec["features"][0]["features"][0].update(default=10**400)),
    "no labels": spoil(lambda spec: spec.pop("labels")),
    "too many steps": spoil(lambda spec: spec.update(features=spec["features"] * features.MOST_STEPS)),
    "deep": "[" * 5_000,
}


@pytest.mark.parametrize("spec", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_package_is_unreadable(tmp_path: Path, spec: object) -> None:
    with pytest.raises(Unreadable):
        features.package(pack(tmp_path, spec))


def test_a_package_without_a_model_or_with_links_is_none_of_the_clients(tmp_path: Path) -> None:
    model = pack(tmp_path, SPEC)
    raw = model.path / "data" / "feature_store" / "raw_model"
    raw.rmdir()
    with pytest.raises(Unreadable):
        features.package(model)
    raw.symlink_to("/etc")
    with pytest.raises(Unreadable):
        features.package(model)
    (model.path / "data").rename(tmp_path / "elsewhere")
    (model.path / "data").symlink_to(tmp_path / "elsewhere")
    assert features.package(model) is None


@settings(max_examples=150)
@given(JSON, st.sampled_from(sorted(ENTRY)))
def test_whatever_stands_in_the_catalogue_is_read_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory, value: object, name: str
) -> None:
    root = tmp_path_factory.mktemp("lab")
    try:
        found = lay(root, CONTENT | {"tables": {"shop.buyers": ENTRY | {name: value}}})
    except Unreadable:
        return
    assert isinstance(found, Catalogue)


@settings(max_examples=150)
@given(JSON, st.sampled_from(sorted(SPEC)))
def test_whatever_stands_in_a_package_is_read_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory, value: object, name: str
) -> None:
    model = pack(tmp_path_factory.mktemp("lab"), SPEC | {name: value})
    try:
        package = features.package(model)
    except Unreadable:
        return
    assert isinstance(package, Package) and all(isinstance(column, str) for column in package.columns)
