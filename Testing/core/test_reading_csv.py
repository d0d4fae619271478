"""A table of measures is read again, and one that was altered is refused."""

from dataclasses import replace

import pytest

from LumbarSegLib.core.findings import Represented
from LumbarSegLib.core.report.reading_csv import findings_from_csv
from LumbarSegLib.core.report.tables import COLUMNS, rows_of, to_csv
from LumbarSegLib.errors import InputError
from Testing.core.test_radiograph_reports import measured
from Testing.findings_by_hand import findings_by_hand

FINDINGS = findings_by_hand()
TOLD = {"model": "sagittal-mr", "image_sha256": "0a1b", "image": "a, #1.nrrd"}


def test_numbers_reasons_flags_and_origin_come_back() -> None:
    found, told = findings_from_csv(to_csv(FINDINGS, TOLD))
    beside = COLUMNS.index("comparisons")
    assert [row[:beside] for row in rows_of(found)] == [row[:beside] for row in rows_of(FINDINGS)]
    assert [(one.key, one.level, one.text) for one in found.flags] == [
        (one.key, one.level, one.text) for one in FINDINGS.flags
    ]
    assert (told, found.lowest_disc) == (TOLD, FINDINGS.lowest_disc)


def test_levels_of_slices_come_back() -> None:
    levels = (Represented("L4/5", 3, "user"),)
    assert findings_from_csv(to_csv(replace(FINDINGS, represented=levels), {}))[0].represented == levels


@pytest.mark.parametrize("spacing", [True, False])
def test_the_corners_of_a_radiograph_come_back(spacing: bool) -> None:
    findings = measured("frontal", spacing)[1].findings
    found = findings_from_csv(to_csv(findings, {}))[0]
    assert (found.view, found.patient) == ("frontal", findings.patient)
    for one, written in zip(found.corners, findings.corners, strict=True):
        assert one.vertebra == written.vertebra
        assert one.pixels == {end: pytest.approx(place, abs=0.006) for end, place in written.pixels.items()}
        assert (one.mm is None) == (written.mm is None) == (not spacing)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("canal.area", "canal.arena"), "there is no measure"),
        ((",180,", ",180,180,"), "more or fewer fields"),
        (("automatic", "dreamt"), "is no status"),
        (("value_mm2", "value_inch"), "no table of measures"),
    ],
)
def test_a_table_that_was_altered_is_refused(change: tuple[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        findings_from_csv(to_csv(FINDINGS, TOLD).replace(*change, 1))


def test_a_number_under_the_wrong_unit_is_refused() -> None:
    table = to_csv(FINDINGS, {}).splitlines()
    row = next(line for line in table if line.startswith("L3/4,canal.area"))
    cells = row.split(",")
    place = COLUMNS.index("value_mm2")
    cells[place - 1], cells[place] = cells[place], ""
    with pytest.raises(InputError, match="under another unit than mm2"):
        findings_from_csv("\n".join(table).replace(row, ",".join(cells)))
