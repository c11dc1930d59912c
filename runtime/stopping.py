"""Ctrl-C and SIGTERM end a run between two frames; a second Ctrl-C ends it at once. Both lose nothing."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from gatukoll.errors import StoppedEarly, UserError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def late_errors() -> Iterator[None]:
    """Around what happens once frames may have been read: a user error then stops a run that has begun.

    Raises:
        StoppedEarly: instead of a UserError.
    """
    try:
        yield
    except UserError as error:
        raise StoppedEarly(f"{str(error).rstrip('.')}; what was finished is kept") from error


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Give a function to be called between frames; it raises StoppedEarly once a signal has come.

    Raises:
        StoppedEarly: a second signal came; it ends what is under way, wherever it is.
    """
    came: list[str] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(signal.Signals(number).name)

    def check() -> None:
        if came:
            raise StoppedEarly(f"Got {came[0]}; what was finished is kept")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    except KeyboardInterrupt:  # click would make "Aborted!" and exit code 1 of it
        raise StoppedEarly("Got two signals; the captures that were finished are kept") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
