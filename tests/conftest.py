"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "kit"))  # modules that several tests share


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real data; tests that need it are skipped where it is absent."""
    path = Path(os.environ.get("GATUKOLL_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip(f"no real data at {path}; set GATUKOLL_SHARED_DATA to its folder")
    return path
