"""What tests of the door and of the page have in common."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from Testing.browser.browsing import App, chromium, running_app
from Testing.browser.working import open_page


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a door makes its own: below the test's, which so sees whether it is gone."""
    place = tmp_path / "held"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The command with a sample, as the README starts it; one for the tests of a file."""
    with running_app(tmp_path_factory.mktemp("kept"), "--sample", "lumbar-t2") as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def newcomer(browser: Browser, app: App) -> Iterator[Page]:
    """The page of a user who comes for one test."""
    with open_page(browser, app) as page:
        yield page
