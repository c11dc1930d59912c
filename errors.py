"""All errors that gatukoll raises on purpose, in one tree.

GatukollError
├── UserError        the user can mend it; the command ends with exit code 2 before anything is begun
│   ├── ConfigError      a city file, capture.yaml, recipe or option
│   ├── ModelError       an ONNX file or its card
│   ├── PluginError      a detector that can't be loaded
│   └── DataError        a labelled source or a dataset
├── PictureRefused   a picture of a capture that may not be written; a bug of the caller
├── CaptureRejected  one capture can't be used; counted with its reason code, the run goes on
└── StoppedEarly     a signal or a full disk; exit code 3, run again to go on

Anything else that escapes is a bug (exit code 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GatukollError(Exception):
    """Base of all errors raised on purpose."""


class UserError(GatukollError):
    """Something the user can mend.

    Args:
        what: what is wrong, one clause, lower case.
        where: file (with line) and key, or option, as the user would look for it.
        allowed: what would have been right, in words or as a list.
        nearest: the nearest right word, if any (see `nearest_word`).
        todo: what to do next.

    >>> print(UserError("unknown detector", where="city.yaml:4 detectors.pavment", nearest="pavement"))
    city.yaml:4 detectors.pavment: unknown detector. Did you mean "pavement"?
    """

    def __init__(
        self, what: str, *, where: str = "", allowed: str = "", nearest: str | None = None, todo: str = ""
    ) -> None:
        self.what, self.where, self.allowed, self.nearest, self.todo = what, where, allowed, nearest, todo
        parts = [f"{where}: {what}." if where else f"{what}."]
        if nearest:
            parts.append(f'Did you mean "{nearest}"?')
        if allowed:
            parts.append(f"Allowed: {allowed}.")
        if todo:
            parts.append(todo)
        super().__init__(" ".join(parts))


class ConfigError(UserError):
    """A city file, a capture.yaml, a recipe or an option is wrong."""


class ModelError(UserError):
    """An ONNX file or the card inside it is wrong."""


class PluginError(UserError):
    """A detector that the city enabled can't be loaded."""


class DataError(UserError):
    """A labelled source or a dataset version is wrong."""


class PictureRefused(GatukollError):
    """A picture of a capture was to be written that is not surely made."""


class CaptureRejected(GatukollError):
    """One capture can't be used.

    Args:
        code: a reason code of `gatukoll.runtime.capture.reasons`.
        detail: the particulars, one sentence for the operator, with what to do.
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")


class StoppedEarly(GatukollError):
    """A signal or a full disk ended the run between two captures; what was done is kept."""


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Return the known word nearest to a mistyped one, or None where nothing is near.

    >>> nearest_word("sings", ["pavement", "signs"])
    'signs'
    """
    known = {w.lower(): w for w in words}
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return known[found[0]] if found else None
