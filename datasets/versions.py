"""Dataset versions: which files exactly a model was trained on, under which licences, split how."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from gatukoll.datasets.choice import fingerprint
from gatukoll.datasets.layout import Source
from gatukoll.datasets.splits import Split
from gatukoll.errors import DataError


@dataclass(frozen=True, slots=True)
class Part:
    """What one source gives to a dataset version.

    Attributes:
        source: its name.
        hash: sha256 over the files used: pictures, labels, ``source.json`` and ``groups.csv``.
        licence: as in ``source.json``.
        train, development: numbers of pictures.
        trainable: its licence lets a model be trained on it.
    """

    source: str
    hash: str
    licence: str
    train: int
    development: int
    trainable: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A dataset version: name, parts, and the split in words."""

    name: str
    parts: tuple[Part, ...]
    split: str
    words: str

    @property
    def hash(self) -> str:
        """Return one sha256 for the whole version."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def json(self) -> str:
        """Return the version as JSON, for the run log."""
        return json.dumps({**asdict(self), "hash": self.hash}, indent=1)


def version(name: str, split: Split) -> Version:
    """Describe the pictures of a split exactly."""
    everything = (*split.train, *split.development)
    sources = {item.source.name: item.source for item in everything}
    parts = tuple(
        Part(
            source.name,
            fingerprint(source, (i.picture for i in everything if i.source.name == source.name)),
            source.licence,
            sum(i.source.name == source.name for i in split.train),
            sum(i.source.name == source.name for i in split.development),
            trainable=source.train,
        )
        for source in sources.values()
    )
    return Version(name, parts, split.name, split.words)


def refuse_untrainable(sources: Sequence[Source], allowed: Collection[str]) -> None:
    """Refuse sources that may only be looked at, unless they are named in `allowed`.

    Raises:
        DataError: with the option that overrides it; the override is then written into the model's card.
    """
    for source in sources:
        if not source.train and source.name not in allowed:
            raise DataError(
                f'"{source.name}" says train: false (licence: {source.licence})',
                where=str(source.folder / "source.json"),
                todo=f"Leave it out, or say data.allow=[{source.name}]; the model's card will show it.",
            )
