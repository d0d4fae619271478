"""Agreement of readers: published examples and values by hand, what is missing, and folders that tell nothing."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from LumbarSegLib import __version__
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.reader_study.readings import read_readings
from LumbarSegLib.core.reader_study.statistics import Agreement, agreements
from LumbarSegLib.core.reader_study.writing import write_agreement
from LumbarSegLib.core.report.tables import to_json
from LumbarSegLib.errors import InputError

AREA, HEIGHT = "canal.area", "disc.mean_height"

SHROUT_AND_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
"""Psychological Bulletin 1979;86:420-428, table 2: four judges of six targets. ICC(2,1) is 0.29."""

WRIGHT = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)
"""Bland & Altman, Lancet 1986;327:307-310, table 1: peak flow of 17 people by two meters, the first measurement of
each. The difference is -2.1 in the mean with a standard deviation of 38.8.
"""


def write_reading(
    folder: Path, reader: str, case: str, values: Mapping[tuple[str, str], float | None], **told: Any
) -> None:
    rows = tuple(
        Measurement(measure, level, value, reason="" if value is not None else "The border cuts it.")
        for (measure, level), value in values.items()
    )
    findings = Findings(rows, {}, (), (), told.pop("lowest_disc", "L5/S1"))
    (folder / reader).mkdir(parents=True, exist_ok=True)
    (folder / reader / f"{case}.json").write_text(to_json(findings, told), encoding="utf-8")


def of_one_level(folder: Path, table: np.ndarray, measure: str = AREA) -> None:
    """A case for each row and a reader for each column."""
    for case, row in enumerate(table):
        for reader, value in zip("ABCD", row, strict=False):
            write_reading(folder, reader, f"case{case:02d}", {(measure, "L4/5"): float(value)})


def pooled(folder: Path, measure: str = AREA) -> Agreement:
    return next(one for one in agreements(read_readings(folder)) if one.measure == measure)


def test_the_icc_is_that_of_shrout_and_fleiss(tmp_path: Path) -> None:
    of_one_level(tmp_path, SHROUT_AND_FLEISS)
    found = pooled(tmp_path)
    assert found.icc == pytest.approx(0.29, abs=0.005)
    assert found.interval == pytest.approx((0.02, 0.76), abs=0.006)
    assert (found.places, found.complete, found.cases) == (6, 6, 6)
    assert found.has_few


def test_the_icc_is_that_of_the_mean_squares_worked_out_by_hand(tmp_path: Path) -> None:
    """Two readers who differ by 1 everywhere, on values 10, 20, 30: rows have a mean square of 200, columns one of
    1.5, and nothing is left; so the ICC is 200 / (200 + 2 * 1.5 / 3) = 0.995.
    """
    of_one_level(tmp_path, np.array([[10, 11], [20, 21], [30, 31]]))
    assert pooled(tmp_path).icc == pytest.approx(200 / 201, abs=1e-6)


def test_bias_and_limits_are_those_of_bland_and_altman(tmp_path: Path) -> None:
    of_one_level(tmp_path, np.stack([WRIGHT, MINI], axis=1))
    (pair,) = pooled(tmp_path).pairs
    assert (pair.readers, pair.count) == (("A", "B"), 17)
    assert pair.bias == pytest.approx(-2.1, abs=0.05)
    assert pair.sd == pytest.approx(38.8, abs=0.05)
    assert pair.limits == pytest.approx((-78.1, 73.9), abs=0.1)
    # The paper gives -22.0 to 17.8 for the bias, and limits that are known within 34 to either side.
    assert pair.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    assert pair.limits_within == pytest.approx(34.5, abs=0.3)


def test_readers_who_agree_wholly_have_an_icc_of_one(tmp_path: Path) -> None:
    of_one_level(tmp_path, np.array([[10, 10], [20, 20], [30, 30]]))
    found = pooled(tmp_path)
    assert (found.icc, found.pairs[0].bias, found.pairs[0].sd) == (1.0, 0.0, 0.0)


def test_values_that_are_all_the_same_have_no_icc_but_a_reason(tmp_path: Path) -> None:
    of_one_level(tmp_path, np.full((4, 2), 12))
    assert pooled(tmp_path).icc is None
    assert pooled(tmp_path).reason == "All values are the same, so that nothing tells the places apart."


def test_a_measure_that_nobody_could_take_is_told_as_such(tmp_path: Path) -> None:
    for reader in "AB":
        write_reading(tmp_path, reader, "case", {(AREA, "L4/5"): None})
    assert pooled(tmp_path).reason == "No place has a value of every reader."


def test_too_few_values_are_told_and_give_no_number(tmp_path: Path) -> None:
    of_one_level(tmp_path, np.array([[10, 11], [20, 21]]))
    found = pooled(tmp_path)
    assert (found.icc, found.interval, found.pairs[0].bias, found.pairs[0].limits) == (None, None, None, None)
    assert found.reason == "Only 2 places have a value of every reader."
    text = write_agreement(read_readings(tmp_path), [found], tmp_path / "out")[0].read_text(encoding="utf-8")
    assert "Only 2 places have a value of every reader." in text and "fewer than 3 values" in text


def test_what_a_reader_could_not_measure_is_counted_and_left_out(tmp_path: Path) -> None:
    for case, (first, second) in enumerate([(100.0, 101.0), (90.0, None), (80.0, 82.0), (70.0, 69.0), (None, 60.0)]):
        for reader, value in (("A", first), ("B", second)):
            write_reading(tmp_path, reader, f"case{case}", {(AREA, "L4/5"): value})
    write_reading(tmp_path, "A", "case5", {(AREA, "L4/5"): 50.0})
    found = pooled(tmp_path)
    assert (found.places, found.complete, found.not_measured) == (6, 3, {"A": 1, "B": 2})
    assert found.pairs[0].bias == pytest.approx(np.mean([-1.0, -2.0, 1.0]))
    assert "B has not read 1 of 6 cases." in read_readings(tmp_path).notes


def test_levels_are_taken_together_and_each_by_itself(tmp_path: Path) -> None:
    for case in range(4):
        for reader, off in (("A", 0.0), ("B", 2.0)):
            values = {(HEIGHT, "L3/4"): 8.0 + case + off, (HEIGHT, "L4/5"): 12.0 - case + off}
            write_reading(tmp_path, reader, f"case{case}", values)
    found = agreements(read_readings(tmp_path))
    assert [(one.level, one.complete, one.cases) for one in found] == [("all", 8, 4), ("L3/4", 4, 4), ("L4/5", 4, 4)]
    assert {one.pairs[0].bias for one in found} == {-2.0}


def test_a_slice_that_stands_for_a_level_counts_once(tmp_path: Path) -> None:
    for reader in "AB":
        write_reading(tmp_path, reader, "case", {("ts.area", "L4/5"): 90.0, ("ts.area", "slice 3"): 90.0})
    assert pooled(tmp_path, "ts.area").places == 1


def test_a_curve_is_one_of_its_image_wherever_a_reader_finds_its_ends(tmp_path: Path) -> None:
    for case in range(3):
        for reader, span in (("A", "T5-T11"), ("B", "T6-T11")):
            write_reading(tmp_path, reader, f"case{case}", {("coronal.largest_cobb", span): 20.0 + 5 * case})
    assert pooled(tmp_path, "coronal.largest_cobb").complete == 3


def test_three_readers_have_three_pairs_and_a_picture_for_each_measure(tmp_path: Path) -> None:
    of_one_level(tmp_path / "in", SHROUT_AND_FLEISS[:, :3])
    readings = read_readings(tmp_path / "in")
    found = agreements(readings)
    assert [pair.readers for pair in found[0].pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    files = write_agreement(readings, found, tmp_path / "out")
    assert [file.name for file in files] == ["agreement.md", "icc.csv", "differences.csv", "canal-area.png"]
    assert files[3].read_bytes().startswith(b"\x89PNG")
    assert "![Canal area](canal-area.png)" in files[0].read_text(encoding="utf-8")


def test_the_tables_hold_the_numbers_their_form_and_the_use(tmp_path: Path) -> None:
    of_one_level(tmp_path / "in", np.stack([WRIGHT, MINI], axis=1))
    readings = read_readings(tmp_path / "in")
    page, icc, differences, _ = write_agreement(readings, agreements(readings), tmp_path / "out")
    use, version, date, readers, cases, heading, row = csv.reader(icc.read_text(encoding="utf-8-sig").splitlines())
    assert (version, readers) == (["# lumbarseg_version", __version__], ["# readers", "A; B"])
    assert date[0] == "# date" and cases[0] == "# cases"
    told = dict(zip(heading, row, strict=True))
    assert use == ["# Research use; not for diagnosis."]
    assert (told["icc_form"], told["unit"], told["not_measured"]) == ("ICC(A,1)", "mm2", "A: 0; B: 0")
    *_, heading, row = csv.reader(differences.read_text(encoding="utf-8-sig").splitlines())
    told = dict(zip(heading, row, strict=True))
    assert float(told["bias"]) == pytest.approx(np.mean(np.subtract(WRIGHT, MINI)), abs=1e-5)
    text = page.read_text(encoding="utf-8")
    assert "two-way random effects, absolute agreement, single measurement" in text
    assert "| Canal area | A − B | 17 | -2.1 mm² |" in text  # noqa: RUF001 - minus
    assert "Fewer than 30 values" in text


def test_readers_who_count_from_different_discs_are_told(tmp_path: Path) -> None:
    write_reading(tmp_path, "A", "case", {(AREA, "L4/5"): 90.0})
    write_reading(tmp_path, "B", "case", {(AREA, "L3/4"): 90.0}, lowest_disc="L4/5")
    assert read_readings(tmp_path).notes == ("case: readers name the lowest disc differently (L4/5, L5/S1).",)


def test_one_name_for_two_images_is_refused(tmp_path: Path) -> None:
    write_reading(tmp_path, "A", "case", {(AREA, "L4/5"): 90.0}, image_sha256="aa")
    write_reading(tmp_path, "B", "case", {(AREA, "L4/5"): 91.0}, image_sha256="bb")
    with pytest.raises(InputError, match=r"B/case\.json: this is about another image"):
        read_readings(tmp_path)


def test_a_folder_without_two_readers_of_a_case_is_refused(tmp_path: Path) -> None:
    write_reading(tmp_path, "A", "one", {(AREA, "L4/5"): 90.0})
    write_reading(tmp_path, "B", "other", {(AREA, "L4/5"): 91.0})
    with pytest.raises(InputError, match="no case was measured by two readers; make a folder for each reader"):
        read_readings(tmp_path)
    with pytest.raises(InputError, match="there is no such folder"):
        read_readings(tmp_path / "missing")


def test_a_file_that_holds_no_findings_is_named(tmp_path: Path) -> None:
    write_reading(tmp_path, "A", "case", {(AREA, "L4/5"): 90.0})
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / "case.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"^B/case\.json: this is no JSON"):
        read_readings(tmp_path)
