"""A scene as data: invented from a seed, written as JSON, read back the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gatukoll.datasets.simulator.invent import camera_path, random
from gatukoll.datasets.simulator.items import Scene
from gatukoll.errors import DataError

__all__ = ["Scene", "camera_path", "from_json", "random", "read", "to_json"]


@cache
def _adapter() -> TypeAdapter[Scene]:
    return TypeAdapter(Scene)


def to_json(scene: Scene) -> str:
    """Return a scene as JSON text; the same scene gives the same text."""
    return _adapter().dump_json(scene, indent=1).decode() + "\n"


def from_json(text: str | bytes) -> Scene:
    """Return the scene that `to_json` wrote.

    Raises:
        DataError: the text is no scene; it names the first field that is wrong.
    """
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"not a scene: {first['msg']}", where="scene.json " + ".".join(map(str, first["loc"]))
        ) from error


def read(path: Path) -> Scene:
    """Read a scene.json."""
    return from_json(path.read_bytes())
