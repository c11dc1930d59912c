"""What pydantic finds wrong with a value, in our words: what it should be, and how to write it."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import ErrorDetails

from gatukoll.errors import ConfigError
from gatukoll.runtime.yamlwords import Keys, described, holds_keys, names_at

_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "list": "a list",
    "dict": "lines of the form key: value",
    "model": "lines of the form key: value",
}
_LIMITS = {
    "greater_than": ("above {}", "gt"),
    "greater_than_equal": ("at least {}", "ge"),
    "less_than": ("below {}", "lt"),
    "less_than_equal": ("at most {}", "le"),
    "finite_number": ("a finite number", ""),
}


def wrong_value(error: ErrorDetails, at: str, schema: dict[str, Any], keys: Keys) -> ConfigError:
    """Return the error of a value that is not what its field holds.

    Args:
        error: pydantic's.
        at: file, line and path of keys.
        schema: JSON schema of the model.
        keys: of the value, in the file.
    """
    kind, given, limits = error["type"], error["input"], error.get("ctx", {})
    if kind in ("too_short", "string_too_short") and not given:
        should, todo = _not_empty(kind), _described(schema, keys)
    elif kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        limit = limits.get("min_length", limits.get("max_length"))
        least = "least" if kind.endswith("short") else "most"
        should = f"have at {least} {limit} {'characters' if kind.startswith('string') else 'entries'}"
        todo = ""
    elif kind == "string_pattern_mismatch":
        return ConfigError(
            f"{_short(given)} does not have the right form", where=at, todo=_described(schema, keys)
        )
    elif kind in _LIMITS:
        words, name = _LIMITS[kind]
        limit = limits.get(name, "")
        should, todo = f"be {words.format(f'{limit:g}' if isinstance(limit, float) else limit)}", ""
    elif kind.split("_")[0] in _KINDS and kind.split("_")[1] in ("type", "parsing", "from"):
        should, todo = f"be {_KINDS[kind.split('_')[0]]}", _how(kind, given, schema, keys)
    else:
        return ConfigError(error["msg"].removeprefix("Value error, ").rstrip("."), where=at)
    return ConfigError(f"{_short(given)} is wrong, it should {should}", where=at, todo=todo)


def _not_empty(kind: str) -> str:
    return "not be empty" if kind == "string_too_short" else "hold at least one"


def _how(kind: str, given: object, schema: dict[str, Any], keys: Keys) -> str:
    """Say how a value of the right kind is written, where what was given shows it."""
    scalar = isinstance(given, (str, int, float))
    if kind.startswith("list"):
        return f"Write a list: [{given}]." if scalar else "Write a list: [one, two]."
    if kind.startswith(("dict", "model")):
        return _how_mapping(given, schema, keys)
    if kind.startswith("string") and scalar:
        return f'Write it in quotes: "{str(given).lower() if isinstance(given, bool) else given}".'
    if kind.startswith("float") and isinstance(given, str) and re.fullmatch(r"[-+]?\d+,\d+", given):
        return "Write the decimal point as a point."
    return ""


def _how_mapping(given: object, schema: dict[str, Any], keys: Keys) -> str:
    names = sorted(names_at(schema, keys))
    if not keys or isinstance(keys[-1], int):
        return f"Its keys are: {', '.join(names)}." if names else ""
    words = [w for w in given if isinstance(w, str)] if isinstance(given, list) else []
    if words and (not names or set(words) <= set(names)):
        inner = ", ".join(f"{w}: {'{}' if holds_keys(schema, (*keys, w)) else '…'}" for w in words[:3])
        return f"Write `{keys[-1]}: {{{inner}}}`."
    return (
        f"Write `{keys[-1]}: {{}}`, or with keys: {', '.join(names)}."
        if names
        else f"Write `{keys[-1]}: {{}}`."
    )


def _described(schema: dict[str, Any], keys: Keys) -> str:
    names = [k for k in keys if isinstance(k, str)]
    return described(schema, keys[:-1], names[-1]) if names and keys[-1] == names[-1] else ""


def _short(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "an empty value"}
    text = kinds.get(type(value)) or (str(value).lower() if isinstance(value, bool) else repr(value))
    if value in ([], {}):
        text = text.replace("a ", "an empty ")
    return text if len(text) <= 60 else text[:57] + "…'"
