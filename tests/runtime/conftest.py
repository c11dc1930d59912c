"""A town with a tiny detector, for tests of whole runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinycity


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    site = tmp_path / "site"
    tinycity.install(site)
    monkeypatch.syspath_prepend(str(site))
    yield tmp_path
    sys.modules.pop("tiny_town", None)
