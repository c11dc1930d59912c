"""Splits by group, dataset versions, and the licence flag."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinysources import damaged, write_source

from gatukoll.datasets.layout import Source, read_source
from gatukoll.datasets.splits import divide
from gatukoll.datasets.versions import refuse_untrainable, version
from gatukoll.errors import DataError


@pytest.fixture
def two_sources(tmp_path: Path) -> list[Source]:
    """Two sources of the same streets; only the first has the column of the split."""
    stems = ("a", "b", "c")
    first = write_source(
        tmp_path / "first",
        {s: damaged(i) for i, s in enumerate(stems)},
        groups={"a": "north", "b": "south", "c": "west"},
        columns={"highway": {"a": "df_060", "b": "rs_386", "c": "rs_386"}},
    )
    second = write_source(
        tmp_path / "second",
        {s: damaged(i) for i, s in enumerate(stems)},
        groups={"a": "north", "b": "south", "c": "east"},
    )
    return [read_source(first), read_source(second)]


def test_a_group_is_on_one_side_in_all_sources(two_sources: list[Source]) -> None:
    split = divide("one", two_sources, {"highway": ["df_060"], "group": ["east"]})
    held_back = {(i.source.name, i.picture.group) for i in split.development}
    assert held_back == {("first", "north"), ("second", "north"), ("second", "east")}
    assert {i.picture.group for i in split.train} == {"south", "west"}
    assert split.words == "highway df_060; group east"


def test_a_mistyped_value_or_column_is_refused(two_sources: list[Source]) -> None:
    with pytest.raises(DataError) as error:
        divide("one", two_sources, {"highway": ["df_600"]})
    assert str(error.value) == (
        'data.split.development.highway: no picture has the value "df_600". Did you mean "df_060"?'
    )
    with pytest.raises(DataError) as error:
        divide("one", two_sources, {"higway": ["df_060"]})
    assert str(error.value) == (
        'data.split.development.higway: no source has such a column in groups.csv. Did you mean "highway"?'
    )


def test_pictures_without_a_group_are_refused(tmp_path: Path) -> None:
    loose = read_source(write_source(tmp_path / "loose", {"a": damaged()}))
    with pytest.raises(DataError, match="has no group"):
        divide("one", [loose], {})


def test_rows_marked_test_are_never_trained_on(tmp_path: Path) -> None:
    source = read_source(
        write_source(
            tmp_path / "s",
            {"a": damaged(), "b": damaged(), "c": damaged()},
            groups={"a": "one", "b": "one", "c": "two"},
            columns={"split": {"a": "train", "b": "test", "c": "train"}},
        )
    )
    split = divide("one", [source], {})
    assert {i.picture.file for i in split.train} == {"c.jpg"}  # the whole group of b is held back


def test_nothing_left_to_train_on(two_sources: list[Source]) -> None:
    with pytest.raises(DataError, match=r"^data\.split\.development: .*nothing to train on"):
        divide("one", two_sources, {"group": ["north", "south", "west", "east"]})


def test_a_version_changes_with_any_byte_of_what_is_used(two_sources: list[Source]) -> None:
    split = divide("one", two_sources, {"group": ["east"]})
    before = version("v", split)
    assert [(p.source, p.train, p.development) for p in before.parts] == [("first", 3, 0), ("second", 2, 1)]
    assert version("v", split).hash == before.hash
    mask = two_sources[0].folder / "masks" / "a.png"
    mask.write_bytes((two_sources[0].folder / "masks" / "b.png").read_bytes())
    after = version("v", split)
    assert after.hash != before.hash
    assert after.parts[0].hash != before.parts[0].hash
    assert after.parts[1].hash == before.parts[1].hash
    assert after.hash in after.json()


def test_a_source_to_look_at_only_is_refused_unless_named(tmp_path: Path) -> None:
    closed = read_source(write_source(tmp_path / "closed", {"a": damaged()}, groups={"a": "g"}, train=False))
    with pytest.raises(DataError, match=r"train: false.*data\.allow=\[closed\]"):
        refuse_untrainable([closed], [])
    refuse_untrainable([closed], ["closed"])
