"""Which numbers stand for a case in a list."""

from LumbarSegLib.cohort.key_numbers import COLUMNS, key_numbers
from LumbarSegLib.core.definitions import DOUBTS, MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.resources import resource


def findings(*rows: tuple[str, str, float | None]) -> Findings:
    return Findings(tuple(Measurement(*row) for row in rows), {}, (), (), "L5/S1")


def test_a_key_number_is_the_worst_level_or_that_at_its_own() -> None:
    numbers = key_numbers(
        findings(
            ("alignment.lordosis", "L1-S1", None),
            ("alignment.lordosis", "L4-S1", 30.0),
            ("alignment.lordosis", "L1-L5", 40.0),
            ("canal.midsagittal_ap", "L3/4", 9.0),
            ("canal.midsagittal_ap", "L4/5", 7.04),
            ("alignment.slip", "L3/4", 3.0),
            ("alignment.slip", "L4/5", -5.0),
        )
    )
    told = {one.column: (one.level, one.words) for one in numbers}
    assert told == {
        "lordosis_l1_l5_deg": ("L1-L5", "40.0°"),
        "smallest_canal_ap_mm": ("L4/5", "7.0 mm"),
        "largest_slip_mm": ("L4/5", "-5.0 mm"),
    }


def test_numbers_that_are_not_given_are_no_key_numbers() -> None:
    assert key_numbers(findings(("canal.area", "L4/5", None))) == ()


def test_the_table_of_key_numbers_names_measures_and_flags_that_exist() -> None:
    import json

    told = json.loads(resource("cohort.json").read_text(encoding="utf-8"))
    assert {column.measure for column in COLUMNS} <= MEASURES.keys()
    assert set(told["said_of_most_images"]) <= DOUBTS.keys()
    units = {"deg": "deg", "mm2": "mm2", "mm": "mm", "pct": "%", "index": "1"}
    assert all(MEASURES[column.measure].ucum == units[column.column.rsplit("_", 1)[1]] for column in COLUMNS)
