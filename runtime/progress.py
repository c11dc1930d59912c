"""Progress of a run: a bar on a terminal, plain lines elsewhere, both on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY_S = 10.0
"""Seconds between two plain lines within a capture."""


class RunProgress:
    """Counts captures, and frames over those that are due.

    Use it as a context manager; `begin` once per capture, `frame` once per frame offered.

    Args:
        captures: all that are offered, also those that are done or rejected already.
        frames: due.
        stream: where it goes; None = standard error.
    """

    def __init__(self, captures: int, frames: int, stream: TextIO | None = None) -> None:
        self._stream = stream = stream or sys.stderr
        self._captures, self._frames = captures, frames
        self._capture, self._frame = 0, 0
        self._started = self._said = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = (
            Progress(*columns, console=Console(file=stream), transient=True) if stream.isatty() else None
        )
        self._task = self._bar.add_task("", total=frames) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, name: str, frames: int = 0) -> None:
        """Count one more capture; with frames due, say that it begins."""
        self._capture += 1
        self._name = name
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=f"{self._capture}/{self._captures} {name}")
        elif frames:
            self._line(f"{name}: {frames} frames due")

    def frame(self) -> None:
        """Say that one more frame is through."""
        self._frame += 1
        if self._bar and self._task is not None:
            self._bar.advance(self._task)
        elif time.monotonic() - self._said > EVERY_S:
            left = (time.monotonic() - self._started) / self._frame * (self._frames - self._frame)
            self._line(
                f"{self._name}: frame {self._frame} of {self._frames} in all, about {left / 60:.1f} min left"
            )

    def say(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        if self._bar:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        print(f"[{self._capture}/{self._captures}] {text}", file=self._stream, flush=True)
