"""Where doors put what they hold: below the test's own folder, so that a test sees whether it is gone."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a door makes its own."""
    place = tmp_path / "held"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place
