"""What a model allows at a place in a file: its names, words and descriptions, read from its JSON schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

Keys = tuple[str | int, ...]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a model, empty where it has none."""
    try:
        return model.model_json_schema()
    except PydanticUserError:  # a type without a schema costs the known names, not the error
        return {}


def _options(schema: dict[str, Any], part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Yield all forms that a part of a JSON schema allows, references followed."""
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        yield from _options(schema, schema.get("$defs", {}).get(str(part["$ref"]).rpartition("/")[2]))
    for kind in ("anyOf", "oneOf", "allOf"):
        for option in part.get(kind, ()):
            yield from _options(schema, option)
    yield part


def _forms(schema: dict[str, Any], keys: Keys) -> list[dict[str, Any]]:
    """Return the forms that a JSON schema allows at a path of keys."""
    parts = list(_options(schema, schema))
    for key in keys:
        inner = [
            p.get("items")
            if isinstance(key, int)
            else p.get("properties", {}).get(key, p.get("additionalProperties"))
            for p in parts
        ]
        parts = [option for part in inner for option in _options(schema, part)]
    return parts


def names_at(schema: dict[str, Any], keys: Keys) -> set[str]:
    """Return the names of the fields allowed below a path of keys."""
    return {name for part in _forms(schema, keys) for name in part.get("properties", {})}


def words_at(schema: dict[str, Any], keys: Keys) -> list[Any]:
    """Return the values allowed at a path of keys, where they are listed."""
    parts = _forms(schema, keys)
    return [w for p in parts for w in p.get("enum", [p["const"]] if "const" in p else [])]


def holds_keys(schema: dict[str, Any], keys: Keys) -> bool:
    """Say whether a path of keys holds keys of its own, and not a value."""
    return any(part.get("type") == "object" for part in _forms(schema, keys))


def described(schema: dict[str, Any], keys: Keys, name: str) -> str:
    """Return what a field's description says of it, so that a missing one explains itself."""
    found = [p["description"] for p in _forms(schema, (*keys, name)) if "description" in p]
    return f"It is: {found[-1]}" if found else ""
