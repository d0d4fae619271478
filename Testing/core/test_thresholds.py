"""Cut-offs: each value stands beside those of its level with their source, and a user's own take their place."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.core.report.words import in_words
from LumbarSegLib.core.thresholds import SHIPPED, compared, read_thresholds
from LumbarSegLib.errors import InputError
from Testing.axial import axial_labels
from Testing.phantoms import PhantomSpine

OWN = {"value": 90, "meaning": "ours", "source": "our own study", "population": "40 people"}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "own.json"
    path.write_text(json.dumps({"measures": list(rows)}), encoding="utf-8")
    return path


def sides(findings: Findings, key: str, level: str) -> dict[float, str]:
    return {one.cut_off: one.side for one in findings.of(key, level).comparisons}


def alone(key: str, level: str, value: float | None, flags: tuple[str, ...] = ()) -> Findings:
    one = Measurement(key, level, value, flags=flags, reason="" if value is not None else "It is not seen.")
    return compared(Findings((one,), {}, (), (), ""), SHIPPED)


def test_a_value_at_a_cut_off_is_not_below_it() -> None:
    assert sides(alone("ts.area", "L4/5", 99.9), "ts.area", "L4/5") == {111.1: "below", 100: "below", 70: "not below"}
    assert sides(alone("ts.area", "L3/4", 100.0), "ts.area", "L3/4") == {100: "not below", 70: "not below"}


def test_what_was_not_measured_or_must_not_be_compared_has_no_cut_off_beside_it() -> None:
    assert sides(alone("ts.area", "L4/5", None), "ts.area", "L4/5") == {}
    assert sides(alone("ts.area", "L4/5", 60.0, ("tilted_much",)), "ts.area", "L4/5") == {}
    assert sides(alone("ts.area", "L4/5", 60.0, ("tilted",)), "ts.area", "L4/5") != {}


def test_sagittal_measures_stand_beside_theirs_in_the_same_way() -> None:
    findings = measure(spine_of(PhantomSpine(vertebrae=4).labels)).findings
    assert sides(findings, "canal.midsagittal_ap", "L3") == {12: "not below", 10: "not below", 18: "below"}
    assert "Mid-sagittal canal AP diameter, 18 mm: below: " in in_words(findings)


def test_words_name_the_sides_with_meaning_population_and_source_and_no_verdict() -> None:
    words = " ".join(in_words(measure(regions_of(axial_labels()), levels={"L4/5": 4, "L5/S1": 2}).findings).split())
    assert "Thecal sac area (DSCA), 100 mm²: below: L4/5 (96 mm²). The cut-off: line in use" in words
    assert "70 mm²: not below: L4/5 (96 mm²), L5/S1 (96 mm²)." in words
    assert "Steurer 2011, BMC Musculoskelet Disord 12:175." in words
    assert "slice" not in words.split("Beside cut-offs from the literature:")[1].split("Not measured")[0]


def test_a_user_s_cut_offs_take_the_place_of_the_shipped_ones_of_that_measure_alone(tmp_path: Path) -> None:
    own = read_thresholds(written(tmp_path, {"key": "ts.area", "unit": "mm²", "thresholds": [OWN]}))
    findings = measure(regions_of(axial_labels()), thresholds=own).findings
    assert sides(findings, "ts.area", "slice 3") == {90: "not below"}
    assert sides(findings, "ts.ap_diameter", "slice 3") == {10: "below"}
    assert "40 people; our own study." in " ".join(in_words(findings).split())


def test_an_empty_list_takes_them_away_and_levels_bind_them(tmp_path: Path) -> None:
    rows = [{"key": "ts.area", "thresholds": []}, {"key": "ivd.area", "thresholds": [OWN | {"levels": ["L4/5"]}]}]
    own = read_thresholds(written(tmp_path, *rows))
    findings = measure(regions_of(axial_labels()), thresholds=own, levels={"L4/5": 3}).findings
    assert sides(findings, "ts.area", "L4/5") == {}
    assert sides(findings, "ivd.area", "L4/5") == {90: "not below"}
    assert sides(findings, "ivd.area", "slice 3") == {}


def test_the_shipped_rows_can_be_given_back_as_they_are(tmp_path: Path) -> None:
    from LumbarSegLib.resources import resource

    shipped = json.loads(resource("measures.json").read_text(encoding="utf-8"))["measures"]
    rows = [{key: row[key] for key in ("key", "unit", "thresholds")} for row in shipped if "thresholds" in row]
    assert dict(read_thresholds(written(tmp_path, *rows))) == dict(SHIPPED)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"key": "ts.volume", "thresholds": []}, '"key" must be that of a measure'),
        ({"thresholds": []}, '"key" must be that of a measure'),
        ({"key": "ts.area"}, '"thresholds" must be a list'),
        ({"key": "ts.area", "thresholds": [1]}, '"thresholds" must be a list'),
        ({"key": "ts.area", "unit": "cm²", "thresholds": []}, "its unit is mm², not cm²"),
        ({"key": "ts.area", "limits": [], "thresholds": []}, '"limits" is no part of a row'),
        ({"key": "ts.area", "thresholds": [{"value": 90}]}, 'a cut-off lacks its "meaning"'),
        ({"key": "ts.area", "thresholds": [OWN | {"verdict": "bad"}]}, '"verdict" is no part of a cut-off'),
        ({"key": "ts.area", "thresholds": [OWN | {"value": "90"}]}, 'the "value" of a cut-off must be a number'),
        (
            {"key": "ts.area", "thresholds": [OWN | {"value": float("nan")}]},
            'the "value" of a cut-off must be a number',
        ),
        ({"key": "ts.area", "thresholds": [OWN | {"source": " "}]}, "must be texts that are not empty"),
        ({"key": "ts.area", "thresholds": [OWN | {"levels": "L4/5"}]}, 'the "levels" of a cut-off must be a list'),
        ({"key": "ts.area", "thresholds": [OWN | {"levels": ["L4/5", "L4-5"]}]}, "L4-5 is no level"),
    ],
)
def test_a_wrong_row_is_refused_with_what_is_wrong(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"own.json: .*{re.escape(words)}"):
        read_thresholds(written(tmp_path, row))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"measures": 3}', '{"measures": [3]}'])
def test_what_is_no_file_of_cut_offs_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.json: "):
        read_thresholds(path)
    with pytest.raises(InputError, match="there is no such file"):
        read_thresholds(tmp_path / "absent.json")


def test_every_shipped_cut_off_has_what_a_user_s_must_have() -> None:
    for key, rows in SHIPPED.items():
        assert rows == MEASURES[key].thresholds
        assert all(row.meaning and row.source and row.population for row in rows)
