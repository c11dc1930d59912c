# ruff: noqa: E501 (messages stand here as users read them)
from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from gatukoll.errors import ConfigError
from gatukoll.runtime.yamlfile import Settings, line_of, load_yaml, where


class Owner(Settings):
    classes: list[str] = Field(min_length=1, description="left out = every class")
    severity: Literal[1, 2, 3] = 1


class City(Settings):
    name: str = Field(description="the city's name")
    language: Literal["sv", "en"] = "sv"
    owners: dict[str, Owner] = Field(default_factory=dict)
    rules: list[Owner] = Field(default_factory=list)
    spacing: float | None = None
    on: bool = False
    times: int = Field(1, ge=1, le=9)
    level: float = Field(0.5, gt=0, lt=1)
    note: str = Field("", max_length=10)
    scores: dict[str, float] = Field(default_factory=dict)
    mail: str = Field("a@b", pattern="@", description="where it goes")
    first: Owner | None = None
    word: str = Field("x", min_length=1)


def said(tmp_path: Path, text: str) -> str:
    path = tmp_path / "city.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as error:
        load_yaml(path, City)
    return str(error.value).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name: A\nonwers: {}\n",
            'FILE:2 onwers: unknown key. Did you mean "owners"? Allowed: first, language, level, mail, name, note, on, owners, rules, scores, spacing, times, word.',
        ),
        (
            "name: A\nlanguage: sw\n",
            """FILE:2 language: 'sw' is not a known value. Did you mean "sv"? Allowed: sv, en.""",
        ),
        ("language: sv\n", "FILE:1 name: missing. It is: the city's name"),
        ("name: A\nname: B\n", "FILE:2 name: given twice, first in line 1."),
        (
            "name: A\nspacing: fem\n",
            "FILE:2 spacing: 'fem' is wrong, it should be a number.",
        ),
        (
            "name: A\nspacing: 2,5\n",
            "FILE:2 spacing: '2,5' is wrong, it should be a number. Write the decimal point as a point.",
        ),
        ("name: A\nspacing: .inf\n", "FILE:2 spacing: inf is wrong, it should be a finite number."),
        ("name: [A]\n", "FILE:1 name: a list is wrong, it should be text."),
        (
            "name: A\nrules:\n  - classes: [a]\n    sevrity: 2\n",
            'FILE:4 rules[0].sevrity: unknown key. Did you mean "severity"? Allowed: classes, severity.',
        ),
        (
            "name: A\nowners:\n  gata:\n    classes: [a]\n    severity: 4\n",
            "FILE:5 owners.gata.severity: 4 is not a known value. Allowed: 1, 2, 3.",
        ),
        ("- a\n", "FILE:1: not a mapping. Allowed: lines of the form key: value."),
        (
            "name: A\n\tlanguage: sv\n",
            "FILE:2: not YAML: found character '\\t' that cannot start any token. Indent with spaces, not tabs.",
        ),
        ("name: {\n", "FILE:2: not YAML: expected the node content, but found '<stream end>'."),
        (b"name: A\n# G\xe5ta\n", "FILE:2: not UTF-8 text. Save it as UTF-8."),
        ("name: \x01\n", "FILE:1: character '\\x01' has no place in YAML."),
        ("name: &a [*a]\n", "FILE:1: too large or too deep."),
        ("name: A\n? [x]\n: 1\n", "FILE:2: a key must be a word."),
        (
            "name: !!python/name:os.system x\n",
            "FILE:1: not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'.",
        ),
    ],
)
def test_each_error_says_where_what_and_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    assert said(tmp_path, text) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("on: perhaps", "on: 'perhaps' is wrong, it should be true or false."),
        ("on: 2", "on: 2 is wrong, it should be true or false."),
        ("on:", "on: an empty value is wrong, it should be true or false."),
        ("times: x", "times: 'x' is wrong, it should be a whole number."),
        ("times: 1.5", "times: 1.5 is wrong, it should be a whole number."),
        ("times:", "times: an empty value is wrong, it should be a whole number."),
        ("times: 0", "times: 0 is wrong, it should be at least 1."),
        ("times: 10", "times: 10 is wrong, it should be at most 9."),
        ("level: 1.5", "level: 1.5 is wrong, it should be below 1."),
        ("level: 0", "level: 0 is wrong, it should be above 0."),
        ("note: 3", 'note: 3 is wrong, it should be text. Write it in quotes: "3".'),
        ("note: true", 'note: true is wrong, it should be text. Write it in quotes: "true".'),
        ("note:", "note: an empty value is wrong, it should be text."),
        ("note: far too long", "note: 'far too long' is wrong, it should have at most 10 characters."),
        ("word: ''", "word: '' is wrong, it should not be empty."),
        ("mail: ab", "mail: 'ab' does not have the right form. It is: where it goes"),
        ("first: {classes: 3}", "first.classes: 3 is wrong, it should be a list. Write a list: [3]."),
        ("first: {classes: a}", "first.classes: 'a' is wrong, it should be a list. Write a list: [a]."),
        ("rules: {}", "rules: an empty mapping is wrong, it should be a list. Write a list: [one, two]."),
        (
            "first: {classes: []}",
            "first.classes: an empty list is wrong, it should hold at least one. It is: left out = every class",
        ),
        (
            "owners: [gata]",
            "owners: a list is wrong, it should be lines of the form key: value. Write `owners: {gata: {}}`.",
        ),
        (
            "owners: {gata: yes}",
            "owners.gata: 'yes' is wrong, it should be lines of the form key: value. Write `gata: {}`, or with keys: classes, severity.",
        ),
        (
            "scores: [crack]",
            "scores: a list is wrong, it should be lines of the form key: value. Write `scores: {crack: …}`.",
        ),
        (
            "scores:",
            "scores: an empty value is wrong, it should be lines of the form key: value. Write `scores: {}`.",
        ),
        (
            "rules: [gata]",
            "rules[0]: 'gata' is wrong, it should be lines of the form key: value. Its keys are: classes, severity.",
        ),
    ],
)
def test_a_wrong_value_is_said_in_our_words(tmp_path: Path, line: str, message: str) -> None:
    assert said(tmp_path, f"name: A\n{line}\n") == f"FILE:2 {message}"


def test_several_errors_are_all_listed_in_order_of_line(tmp_path: Path) -> None:
    lines = said(tmp_path, "language: sw\nspacing: x\nfoo: 1\n").splitlines()
    assert [line.split(":")[1].split()[0] for line in lines] == ["1", "1", "2", "3"]
    assert "missing" in lines[0] + lines[1] and "foo" in lines[3]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file\."):
        load_yaml(tmp_path / "none.yaml", City)
    with pytest.raises(ConfigError, match="a folder, not a file"):
        load_yaml(tmp_path, City)


def test_scalars_stay_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "city.yaml"
    path.write_text(
        "\ufeffname: no\nowners:\n  20260914: {classes: [2026-09-14, 'yes']}\non: yes\nspacing: 010\n"
    )
    city = load_yaml(path, City)
    assert city.name == "no"
    assert city.owners["20260914"].classes == ["2026-09-14", "yes"]
    assert city.on is True and city.spacing == 10


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    class Free(Settings):
        a: int = 1

    path = tmp_path / "e.yaml"
    for text in ("", "# nothing\n", "~\n"):
        path.write_text(text)
        assert load_yaml(path, Free).a == 1


def test_lines_of_keys_for_errors_found_later(tmp_path: Path) -> None:
    path = tmp_path / "city.yaml"
    path.write_text("name: A\nowners:\n  gata:\n    classes:\n      - a\n      - b\n")
    assert line_of(path, ("owners", "gata", "classes", 1)) == 6
    assert line_of(path, ("owners", "park")) == 2
    assert where(path, "owners", "gata") == f"{path}:3 owners.gata"


def test_aliases_may_not_blow_up(tmp_path: Path) -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
    assert "too large" in said(tmp_path, text)
