"""The lock that a writing run holds on its store: an OS file lock, so that it dies with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from gatukoll.errors import UserError


class WriteLock:
    """Exclusive right to write a store, held from construction until `release` or the end of the process.

    The lock is ``flock`` on ``STORE.lock``. The kernel frees it when its holder ends in any way, SIGKILL and
    power cut included; that the file stays means nothing. Its text only says who holds it.

    Raises:
        UserError: another process holds it, or the folder can't be written.
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".lock")
        try:
            self._file: IO[str] | None = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"the store's lock can't be written ({error.strerror})",
                where=str(self.path),
                todo="Choose a store in a folder that you may write.",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(self._file)
            self._file.close()
            raise UserError(
                f"another run is writing this store ({holder})",
                where=str(store),
                todo="Wait until it has ended, or end it; what it has done is kept.",
            ) from error
        self._write(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def release(self) -> None:
        """Give the lock back; once is enough, more does no harm."""
        if self._file is not None:
            self._write(None)
            self._file.close()
            self._file = None

    def _write(self, holder: dict[str, str | int] | None) -> None:
        assert self._file is not None
        try:
            self._file.truncate(0)
            if holder:
                self._file.write(json.dumps(holder))
            self._file.flush()
        except OSError:  # a full disk: the lock holds all the same, only its text is missing
            pass


def _holder(file: IO[str]) -> str:
    """Return who holds the lock, as far as its text says."""
    try:
        file.seek(0)
        said = json.loads(file.read())
        return f"process {said['pid']} on {said['host']}, since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its holder has not said who it is"
