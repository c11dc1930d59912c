"""The code blocks of a Markdown file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """One fenced block, with the file names in bold in the paragraphs since the block before."""

    language: str
    text: str
    files: tuple[str, ...]


def blocks(path: Path) -> list[Block]:
    found = []
    names: list[str] = []
    for before, language, text in re.findall(r"(.*?)^```(\w+)\n(.*?)^```$", path.read_text(), re.S | re.M):
        names += re.findall(r"\*\*`([^`]+)`\*\*", before)
        found.append(Block(language, text, tuple(names)))
        names = names[1:]
    return found
