"""Findings leave as JSON and CSV with all that tells where a number is from, and never with a number that is none."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Comparison, Measurement
from LumbarSegLib.core.report.csv_text import VALUES, in_its_column, rows_of_csv
from LumbarSegLib.core.report.layout import BY_LEVEL, IN_PICTURE, ON_RADIOGRAPH, rounded
from LumbarSegLib.core.report.tables import COLUMNS, rows_of, to_csv, to_json
from LumbarSegLib.core.report.words import in_words
from Testing.csv_rows import value_in
from Testing.findings_by_hand import DOUBT, REASON, findings_by_hand

FINDINGS = findings_by_hand()
PROVENANCE = {"model": "sagittal-mr", "image_sha256": "0a1b", "image": "a, b.nrrd"}
RESEARCH_USE = "Research use; not for diagnosis."


def loaded() -> dict[str, Any]:
    return json.loads(to_json(FINDINGS, PROVENANCE))


def comments_and_rows() -> tuple[list[list[str]], list[dict[str, str]]]:
    lines = list(csv.reader(to_csv(FINDINGS, PROVENANCE).splitlines()))
    head = [line for line in lines if line[0].startswith("#")]
    heading, *rows = lines[len(head) :]
    return head, [dict(zip(heading, row, strict=True)) for row in rows]


def row_of(measure: str, level: str) -> dict[str, str]:
    return next(row for row in comments_and_rows()[1] if (row["measure"], row["level"]) == (measure, level))


def test_json_is_one_line_and_says_what_it_is_for_and_what_made_it() -> None:
    assert "\n" not in to_json(FINDINGS, PROVENANCE)
    assert loaded()["use"] == RESEARCH_USE
    assert {key: loaded()[key] for key in PROVENANCE} == PROVENANCE
    assert loaded()["coordinates"] == "LPS, mm"
    assert loaded()["lowest_disc"] == "L5/S1"


def test_json_brings_all_measurements_in_their_order_with_unit_method_and_flags() -> None:
    rows = loaded()["measurements"]
    assert [(row["measure"], row["level"]) for row in rows] == [
        (one.measure, one.level) for one in FINDINGS.measurements
    ]
    narrow = next(row for row in rows if (row["measure"], row["level"]) == ("canal.area", "L4/5"))
    assert (narrow["value"], narrow["unit"], narrow["flags"]) == (96.0, "mm2", ["thick_slices"])
    assert narrow["method"] == MEASURES["canal.area"].method


def test_json_tells_where_each_number_was_read() -> None:
    lordosis = next(row for row in loaded()["measurements"] if row["measure"] == "alignment.lordosis")
    assert np.allclose(lordosis["trace"]["lines"], FINDINGS.of("alignment.lordosis", "L4-S1").trace.lines)
    area = next(row for row in loaded()["measurements"] if row["measure"] == "canal.area")
    assert np.allclose(area["trace"]["contours"][0], FINDINGS.of("canal.area", "L3").trace.contours[0])
    assert np.allclose(
        loaded()["landmarks"]["L4.superior_anterior"]["place"], FINDINGS.landmarks["L4.superior_anterior"].place
    )


def test_json_brings_the_sections_from_the_bottom_upward_and_null_where_one_is_cut() -> None:
    lowest, *others = loaded()["sections"]
    assert (lowest["area_mm2"], lowest["transverse"]) == (None, None)
    assert "border" in lowest["reason"]
    assert [one["area_mm2"] for one in others] == [170.0, 96.0, 190.0, 180.4, 210.0]


def test_json_brings_the_doubts_in_words() -> None:
    assert loaded()["flags"] == [{"key": "corners_disagree", "level": "L5", "text": DOUBT, "blocks": []}]


def test_a_number_that_is_none_cannot_slip_into_json() -> None:
    wrong = replace(FINDINGS, measurements=(Measurement("canal.area", "L3", float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        to_json(wrong, {})


def test_csv_starts_with_the_use_the_provenance_and_the_doubts() -> None:
    head, _ = comments_and_rows()
    assert head[0] == [f"# {RESEARCH_USE}"]
    assert ["# image", "a, b.nrrd"] in head
    assert ["# lowest_disc", "L5/S1"] in head
    assert ["# flag corners_disagree", "L5", DOUBT] in head


def test_csv_has_a_row_for_each_measurement_and_the_same_columns_in_each() -> None:
    _, rows = comments_and_rows()
    assert len(rows) == len(FINDINGS.measurements)
    assert all(tuple(row) == COLUMNS for row in rows)


def test_csv_rounds_as_the_measure_is_worth_and_names_its_unit() -> None:
    assert row_of("canal.midsagittal_ap", "L3/4")["value_mm"] == "13.0"
    assert row_of("canal.area", "L3/4")["value_mm2"] == "180"
    assert [value_in(row) for row in comments_and_rows()[1]] == [rounded(one) for one in FINDINGS.measurements]
    assert row_of("vertebra.height_loss", "L5")["band"] == "Genant 1"
    assert row_of("vertebra.height_loss", "L5")["status"] == "edited"


def test_every_unit_has_a_column_of_its_own_in_a_csv() -> None:
    assert {column for one in MEASURES.values() for column in VALUES if in_its_column(one.ucum, "1")} == set(VALUES)
    assert all("".join(in_its_column(one.ucum, "1")) == "1" for one in MEASURES.values())
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_pandas_reads_a_csv_in_one_line_whatever_stands_in_its_texts(tmp_path: Path) -> None:
    beside = Comparison("below", 1.0, "own", 'Smith #3, "new"', "ours")
    first = replace(FINDINGS.measurements[0], comparisons=(beside,), reason="")
    findings = replace(FINDINGS, measurements=(first, *FINDINGS.measurements[1:]))
    told = {"options": '--level #1, "x"\nand more', "image": "größe.nrrd"}
    (tmp_path / "table.csv").write_text(to_csv(findings, told), encoding="utf-8-sig")
    table = pandas.read_csv(tmp_path / "table.csv", comment="#")
    assert tuple(table.columns) == COLUMNS and len(table) == len(findings.measurements)
    assert table["comparisons"][0] == 'below 1 (Smith #3, "new")'
    assert table.set_index(["measure", "level"])["value_mm2"]["canal.area", "L3/4"] == 180.0
    assert all(table[column].dtype.kind == "f" for column in VALUES)


def test_a_csv_says_again_what_was_written_into_it() -> None:
    told = {"options": '--level #1, "x"', "image": "a, b.nrrd"}
    remarks, rows = rows_of_csv(to_csv(FINDINGS, told))
    assert remarks[0] == [RESEARCH_USE] and all([key, text] in remarks for key, text in told.items())
    assert [tuple(row.values()) for row in rows] == rows_of(FINDINGS)


def test_csv_gives_the_reason_and_no_number_where_nothing_was_measured() -> None:
    assert value_in(row_of("vertebra.anterior_height", "L3")) == ""
    assert row_of("vertebra.anterior_height", "L3")["reason"] == REASON


def test_a_value_that_rounds_to_nothing_has_no_sign() -> None:
    assert rounded(Measurement("alignment.slip", "L4/5", -0.04)) == "0.0"
    assert rounded(Measurement("alignment.slip", "L4/5", -0.06)) == "-0.1"


def test_every_column_of_a_table_has_measures_of_one_unit_and_every_measure_by_level_a_column() -> None:
    columns = [column for table in (*BY_LEVEL, IN_PICTURE, *ON_RADIOGRAPH) for column in table.columns]
    assert all(len({MEASURES[measure].unit for measure in column.measures}) == 1 for column in columns)
    shown = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
    curves = {f"coronal.cobb_{name}" for name in ("proximal_thoracic", "main_thoracic", "thoracolumbar")}
    spans = {"alignment.lordosis", "alignment.apex", "coronal.largest_cobb", "coronal.shift"}
    assert set(MEASURES) - shown == spans | curves


def test_words_give_a_table_by_level_with_units_and_a_dash_where_nothing_was_measured() -> None:
    canal = in_words(FINDINGS).split("\n\n")[0].splitlines()
    assert canal[0].split()[:2] == ["Canal", "area"]
    assert canal[1].split()[0] == "mm²"
    assert canal[2].split() == ["L3", "210", "15.0"]
    assert canal[-1].split() == ["L5/S1", "160", "—"]


def test_words_give_each_reason_once_with_what_it_keeps_from_being_measured() -> None:
    words = in_words(FINDINGS)
    assert words.count(REASON) == 1
    assert f"{REASON} L3: anterior height" in words


def test_words_give_spans_published_classes_and_doubts() -> None:
    words = in_words(FINDINGS)
    assert "Lordosis L4-S1: 31.3°" in words
    assert "Genant 1" in words
    assert DOUBT in words
