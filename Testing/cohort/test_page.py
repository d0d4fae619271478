"""The page of small pictures: one file, the most doubtful first, and quick to go through with the keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.folder import Batch
from LumbarSegLib.cohort.key_numbers import apart_from_others, doubt_of
from LumbarSegLib.cohort.page import PAGE, write_page
from LumbarSegLib.cohort.records import KeyNumber, Outcome, Record

CHROMIUM = "/usr/bin/chromium"
WITHHELD = {"key": "fragmented", "level": "L4", "text": "L4 is broken.", "blocks": ["*"]}
MENTIONED = {"key": "islands", "level": "L4", "text": "L4 has <pieces>.", "blocks": []}
ROUTINE = {"key": "numbering_assumed", "level": "", "text": "Counted from below.", "blocks": []}
ASKED = {
    "begun": "2026-01-02T03:04:05+00:00",
    "source": "list.csv",
    "options": {"--pdf": True, "--task": "auto"},
    "made_with": {"lumbarseg_version": "1.2.3"},
}


def record(name: str, *flags: dict[str, object], lordosis: float = 50.0) -> Record:
    number = KeyNumber("lordosis_l1_s1_deg", "lordosis", "L1-S1", lordosis, f"{lordosis:.1f}°")
    files = {"plain": "plain.jpg", "overlay": "overlay.jpg", "picture": "a b.png", "findings": "f.json"}
    told = {"model": "sagittal-mr", "model_version": "7", "model_sha256": "ab" * 32}
    outcome = Outcome("sagittal", "L1 to L5", files, (number,), flags, ("A note.",), told)
    return Record(name, f"/data/{name}.nrrd", "done", 1.0, "", "1", outcome=outcome)


def batch_of(root: Path, records: list[Record]) -> Batch:
    for one in records:
        folder = root / "cases" / one.name
        folder.mkdir(parents=True)
        for file in ("plain.jpg", "overlay.jpg"):
            Image.fromarray(np.zeros((40, 30), np.uint8)).save(folder / file)
    return Batch(root, tuple(Case(one.name, Path(one.image)) for one in records), ASKED, "1")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    records = [
        record("sure", ROUTINE),
        record("mentioned", ROUTINE, MENTIONED),
        record("withheld <b>", WITHHELD, MENTIONED),
        Record("broken", "/data/broken.nrrd", "refused", 0.1, "", "1", "The file is damaged."),
    ]
    write_page(batch_of(tmp_path, records), records)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto((tmp_path / PAGE).as_uri())
        yield page
        browser.close()


def test_doubt_counts_what_keeps_numbers_from_being_given_twice() -> None:
    assert doubt_of(record("a", ROUTINE), ()) == 0
    assert doubt_of(record("a", ROUTINE, MENTIONED), ()) == 1
    assert doubt_of(record("a", WITHHELD, MENTIONED), ()) == 3
    assert doubt_of(record("a"), ("Lordosis is unlike the others.",)) == 2


def test_a_number_unlike_those_of_the_others_is_told() -> None:
    usual = [record(f"c{k}", lordosis=50.0 + k) for k in range(9)]
    (told,) = apart_from_others([*usual, record("odd", lordosis=-20.0)]).items()
    assert told[0] == "odd"
    assert told[1] == ["Lordosis -20.0° at L1-S1 is unlike the others here (median 53.5°)."]
    assert apart_from_others([*usual[:5], record("odd", lordosis=-20.0)]) == {}


def test_the_page_needs_no_other_file_and_says_where_it_is_from(tmp_path: Path) -> None:
    records = [record("a & b")]
    write_page(batch_of(tmp_path, records), records)
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert not re.findall(r"https?://|<link|@import|url\(", text)
    assert set(re.findall(r'src="(\w+:[\w/]+)', text)) == {"data:image/jpeg"}
    assert len(re.findall(r"src=", text)) == 2
    assert re.findall(r'href="([^"]+)"', text) == ["cases/a%20%26%20b/a%20b.png"]
    for words in ("LumbarSeg 1.2.3", "sagittal-mr 7", "abababababab", "--pdf", "Research use; not for diagnosis."):
        assert words in text


def test_what_is_said_of_several_levels_is_said_once(tmp_path: Path) -> None:
    records = [record("a", MENTIONED, {**MENTIONED, "level": "L3"}, {**MENTIONED, "level": "L2"})]
    write_page(batch_of(tmp_path, records), records)
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<li>L4 has &lt;pieces&gt;. Likewise L3, L2.</li></ul>" in text


def test_what_has_no_result_comes_first_then_the_most_doubtful(page: Page) -> None:
    shown = page.locator("article").evaluate_all("cards => cards.map(card => card.dataset.name)")
    assert shown == ["broken", "withheld <b>", "mentioned", "sure"]
    first = page.locator("article").first.inner_text()
    assert first.splitlines()[:4] == ["broken", "refused", "", "The file is damaged."]
    page.select_option("#order", "name")
    assert page.locator("article h2").first.inner_text().startswith("broken")


def test_marks_are_set_by_keys_and_kept_for_the_next_time(page: Page) -> None:
    for key in ("1", "ArrowRight", "2"):
        page.keyboard.press(key)
    marks = "cards => cards.map(card => card.dataset.mark)"
    assert page.locator("article").evaluate_all(marks) == ["good", "", "again", ""]
    assert page.locator("#looked").inner_text() == "2 of 4 looked at"
    page.reload()
    assert page.locator("article").evaluate_all(marks) == ["good", "", "again", ""]
    page.select_option("#show", "again")
    assert page.locator("article:visible").count() == 1
    with page.expect_download() as saved:
        page.click("#save")
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[:3] == ["case,status,mark", '"broken","refused","good"', '"withheld <b>","done",""']


def test_outlines_can_be_taken_away(page: Page) -> None:
    assert page.locator("img.overlay:visible").count() == 3
    page.keyboard.press("o")
    assert page.locator("img.overlay:visible").count() == 0
