"""YAML files that people write: read with line numbers, checked against a model, errors said at their lines.

Two choices keep surprises away. Scalars follow the YAML 1.2 core schema: only ``true`` and ``false`` are
booleans and nothing turns into a date, so ``no`` stays a language and a time stays as it was written
(pydantic still takes ``yes`` and ``no`` where a field is a boolean). Every key is text, so ``20260914:``
may name a film.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from gatukoll.errors import ConfigError, nearest_word
from gatukoll.runtime.yamlwords import described, names_at, schema_of, words_at
from gatukoll.runtime.yamlwrong import wrong_value

Keys = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

MAX_NODES = 100_000  # a file of a few kB can blow up to gigabytes through aliases of aliases


class Settings(BaseModel):
    """Base of models for files that people write: unknown keys are errors, values are fixed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Loader(yaml.SafeLoader):
    """SafeLoader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (the base class reads it as a class attribute)


_CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
for _name, (_pattern, _first) in _CORE.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _first)


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a model; an empty file is an empty mapping.

    Raises:
        ConfigError: with file, line, key, what is wrong, the nearest right word and what is allowed; where
            several things are wrong, one line for each.
    """
    data, lines = _read(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        schema = schema_of(model)
        found = sorted(error.errors(include_url=False), key=lambda e: lines[_known(lines, e["loc"])])
        raise _one([_explain(path, lines, schema, e) for e in found]) from None


def line_of(path: Path, keys: Sequence[str | int]) -> int:
    """Return the line (from 1) of a key, or of its nearest ancestor that is in the file."""
    _, lines = _read(path)
    return lines[_known(lines, keys)]


def where(path: Path, *keys: str | int) -> str:
    """Return ``FILE:LINE key.path``, as a ConfigError wants it in `where`."""
    return f"{path}:{line_of(path, keys)} {dotted(keys)}".rstrip()


def dotted(keys: Sequence[str | int]) -> str:
    """Write a path of keys as people do.

    >>> dotted(("owners", "gata", "classes", 0))
    'owners.gata.classes[0]'
    """
    text = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys)
    return text.removeprefix(".")


def _read(path: Path) -> tuple[dict[str, Any], dict[Keys, int]]:
    """Return the mapping in a file, and the line (from 1) of each of its keys."""
    loader = _Loader(_text(path))
    lines: dict[Keys, int] = {(): 1}
    try:
        node = loader.get_single_node()
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return {}, lines
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(
                "not a mapping",
                where=f"{path}:{node.start_mark.line + 1}",
                allowed="lines of the form key: value",
            )
        return _build(path, loader, node, (), lines), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = (error.problem or "can't be read").rstrip(".")
        todo = "Indent with spaces, not tabs." if "\\t" in problem else ""
        raise ConfigError(f"not YAML: {problem}", where=at, todo=todo) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {str(error).splitlines()[0]}", where=str(path)) from None
    finally:
        loader.dispose()


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError("no such file", where=str(path)) from None
    except IsADirectoryError:
        raise ConfigError("a folder, not a file", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"can't be read ({error.strerror})", where=str(path)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError("not UTF-8 text", where=f"{path}:{line}", todo="Save it as UTF-8.") from None
    bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if bad:
        line = text[: bad.start()].count("\n") + 1
        raise ConfigError(f"character {bad.group()!r} has no place in YAML", where=f"{path}:{line}")
    return text


def _build(path: Path, loader: _Loader, node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> Any:  # noqa: ANN401
    """Turn a node into plain Python values and note the lines of its keys."""
    if len(lines) > MAX_NODES or len(keys) > 50:
        raise ConfigError("too large or too deep", where=f"{path}:{node.start_mark.line + 1}")
    if isinstance(node, yaml.SequenceNode):
        items = []
        for i, item in enumerate(node.value):
            lines[(*keys, i)] = item.start_mark.line + 1
            items.append(_build(path, loader, item, (*keys, i), lines))
        return items
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    mapping: dict[str, Any] = {}
    first: dict[
        str, int
    ] = {}  # lines of aliased parts repeat, so duplicates are looked for in this node alone
    for key_node, value in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError("a key must be a word", where=f"{path}:{line} {dotted(keys)}".rstrip())
        key, here = key_node.value, (*keys, key_node.value)
        if key in first:
            raise ConfigError(
                f"given twice, first in line {first[key]}", where=f"{path}:{line} {dotted(here)}"
            )
        first[key] = lines[here] = line
        mapping[key] = _build(path, loader, value, here, lines)
    return mapping


def _known(lines: Mapping[Keys, int], keys: Sequence[str | int]) -> Keys:
    """Return the part of a path that is in the file; pydantic's own words in between (tags of unions) go."""
    known: Keys = ()
    for key in keys:
        if (*known, key) in lines:
            known = (*known, key)
    return known


def _explain(
    path: Path, lines: Mapping[Keys, int], schema: dict[str, Any], error: ErrorDetails
) -> ConfigError:
    """Turn one of pydantic's errors into ours."""
    known = _known(lines, error["loc"])
    at, given = f"{path}:{lines[known]}", error["input"]
    if error["type"] == "missing":
        name = str(error["loc"][-1])
        return ConfigError(
            "missing", where=f"{at} {dotted((*known, name))}", todo=described(schema, known, name)
        )
    at = f"{at} {dotted(known)}".rstrip()
    if error["type"] == "extra_forbidden":
        names = sorted(names_at(schema, known[:-1]))
        return ConfigError(
            "unknown key", where=at, nearest=nearest_word(str(known[-1]), names), allowed=", ".join(names)
        )
    words = [str(w) for w in words_at(schema, known)]
    if error["type"] in ("literal_error", "enum") and words:
        return ConfigError(
            f"{given!r} is not a known value",
            where=at,
            nearest=nearest_word(str(given), words),
            allowed=", ".join(words),
        )
    return wrong_value(error, at, schema, known)


def _one(errors: Sequence[ConfigError]) -> ConfigError:
    """Return one error that says them all, a line each."""
    first = errors[0]
    if len(errors) > 1:
        first.args = ("\n".join(dict.fromkeys(str(e) for e in errors)),)
    return first
