"""The reference of the city's file for people: a page made from the model, as the JSON schema is.

``python -m gatukoll.runtime.city.reference > docs/city-file.md`` refreshes the page; a test holds the two
together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from gatukoll.runtime.city.model import City

INTRO = """# The city's file

One YAML file says what is looked for in a city, who gets it and how results look. `gatukoll config check
FILE` says in plain words what a file does; a word that is wrong is named with its line and the nearest right
word. Complete examples: `configs/cities/helsingborg.yaml` (commented in Swedish) and
`configs/cities/demo.yaml`.

For completion in an editor that knows the YAML language server: `gatukoll config schema > city.schema.json`,
and as the file's first line `# yaml-language-server: $schema=city.schema.json`. The schema holds the options
of the detectors that are installed; the tables below hold what every city file may say.

Routing: rules are read from above and the first that matches decides; what no rule takes goes to `fallback`,
so routed + fallback = findings, always. A change of owners, routing, language or coordinate system, and of a
detector's options, changes results only. A change of `reading`, `camera` or `min_score` changes what is seen:
the next run reads those captures again that it is given.

This page is made from the model in the code:
`python -m gatukoll.runtime.city.reference > docs/city-file.md`.
"""


def markdown() -> str:
    """Return the page docs/city-file.md."""
    parts = [INTRO]
    whole = City.model_json_schema()
    for title, part in _tables(whole):
        parts.append(f"## {title}\n\n| key | value | default | meaning |\n|---|---|---|---|")
        required = part.get("required", [])
        rows = part["properties"].items()
        parts[-1] += "".join(f"\n{_row(name, field, name in required)}" for name, field in rows) + "\n"
    return "\n".join(parts)


def _tables(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    inner = whole["$defs"]
    yield "Top level", whole
    yield "detectors.NAME", inner["DetectorSettings"]
    yield "owners[]", inner["Owner"]
    yield "routing[]", inner["Rule"]
    yield "camera", inner["Mounting"]
    yield "reading", inner["Reading"]
    yield "output", inner["Results"]


def _row(name: str, field: dict[str, Any], required: bool) -> str:
    default = "required" if required else _default(field)
    return f"| `{name}` | {_kind(field)} | {default} | {field['description'].replace('|', '/')} |"


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None or value == "":
        return "" if "$ref" not in field and field.get("type") not in ("array", "object") else "see below"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _kind(field: dict[str, Any]) -> str:
    """Say in words what a value is."""
    if "anyOf" in field:
        return next(_kind(option) for option in field["anyOf"] if option.get("type") != "null")
    if "$ref" in field:
        return "section"
    if "enum" in field or "const" in field:
        return " or ".join(f"`{w}`" for w in field.get("enum", [field.get("const")]))
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    kind = {"array": "list", "object": "mapping", **words}[field.get("type", "object")]
    low, high = (
        field.get("minimum", field.get("exclusiveMinimum")),
        field.get("maximum", field.get("exclusiveMaximum")),
    )
    return (
        kind
        if low is None and high is None
        else f"{kind}, {'' if low is None else low}…{'' if high is None else high}"
    )


if __name__ == "__main__":
    sys.stdout.write(markdown())
