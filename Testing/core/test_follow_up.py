"""Two studies side by side: matched by level, the difference of the numbers as shown, the error beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.measurement_error import ERRORS, error_of
from LumbarSegLib.core.report.follow_up import Change, changes, told_of_levels
from LumbarSegLib.core.report.follow_up_page import changed_in_words, write_follow_up
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError
from Testing.findings_by_hand import DIAMETERS, findings_by_hand

AP, HEIGHT, LORDOSIS, SAC = "canal.midsagittal_ap", "disc.mean_height", "alignment.lordosis", "ts.area"


def study(name: str, *measurements: Measurement, **told: Any) -> Study:
    provenance = {"image_sha256": name, "date": "2026-01-02T03:04:05+00:00"}
    return Study(name, None, None, Findings(measurements, {}, (), (), **{"lowest_disc": "L5/S1", **told}), provenance)


def spine(name: str, ap: float, **told: Any) -> Study:
    return study(name, Measurement(AP, "L3/4", 13.0), Measurement(AP, "L4/5", ap), **told)


def only(found: list[Change], level: str) -> Change:
    (one,) = [one for one in found if one.level == level]
    return one


def test_each_level_is_set_beside_the_same_level_with_the_difference_of_the_numbers_as_shown() -> None:
    found = changes(spine("a", 12.26), spine("b", 9.04))
    one = only(found, "L4/5")
    assert one.difference == pytest.approx(9.0 - 12.3)
    assert [one.level for one in found] == ["L3/4", "L4/5"]


@pytest.mark.parametrize(("later", "verdict"), [(9.0, "within"), (8.9, "within"), (8.5, "beyond"), (16.0, "beyond")])
def test_a_difference_is_beyond_the_error_only_if_it_is_larger(later: float, verdict: str) -> None:
    known = error_of("sagittal", AP, "L4/5")
    assert known is not None and known.change == 3.4
    assert only(changes(spine("a", 12.3), spine("b", later)), "L4/5").verdict == verdict


def test_where_no_error_is_known_nothing_is_said_of_a_difference() -> None:
    ratio = [study(name, Measurement("canal.area_ratio", "L4/5", value)) for name, value in (("a", 1.0), ("b", 0.4))]
    assert changes(*ratio)[0].verdict == "unknown"


def test_a_value_that_one_study_lacks_has_no_difference_and_no_verdict() -> None:
    lacking = study("b", Measurement(AP, "L3/4", 12.9), Measurement(AP, "L4/5", None, reason="It is cut."))
    one = only(changes(spine("a", 12.3), lacking), "L4/5")
    assert (one.difference, one.verdict) == (None, "")


def test_every_error_is_that_of_a_known_measure_and_tells_its_source() -> None:
    assert {one.measure for one in ERRORS} <= MEASURES.keys()
    assert all(one.change > 0 and one.basis and one.source for one in ERRORS)
    special, general = (error_of("axial", SAC, level) for level in ("L5/S1", "L4/5"))
    assert special and general and (special.change, general.change) == (55, 42)
    assert error_of("xray", LORDOSIS, "L1-S1") is None


def test_levels_that_only_one_study_has_are_told_and_another_count_too() -> None:
    earlier = study("a", Measurement(AP, "T12", 13.0), Measurement(AP, "L4/5", 12.0))
    told = told_of_levels(earlier, spine("b", 12.0, lowest_disc="L4/5"))
    assert "Only in the earlier study: T12." in told and "Only in the later study: L3/4." in told
    assert any("taken as L5/S1 in the earlier study and as L4/5 in the later one" in line for line in told)
    assert told_of_levels(spine("a", 12.0), spine("a", 12.0)) == ["Both studies are of the very same image."]


def test_levels_run_from_the_top_downward_whichever_study_has_them_and_spans_come_last() -> None:
    names = ("L5/S1", "L1-S1", "T12/L1", "L2", "L5")
    earlier = study("a", *(Measurement(LORDOSIS if "-" in one else AP, one, 10.0) for one in names))
    assert [one.level for one in changes(earlier, earlier)] == [
        "T12/L1", "L2", "L5", "L5/S1", "L1-S1"
    ]  # fmt: skip


def test_a_curve_is_matched_by_its_name_also_where_its_end_vertebrae_have_changed() -> None:
    films = [
        study(name, Measurement("coronal.cobb_main_thoracic", span, value), view="frontal", lowest_disc="L5/S1")
        for name, span, value in (("a", "T5-T9", 20.0), ("b", "T5-T10", 50.0))
    ]
    (one,) = changes(*films)
    assert (one.difference, one.verdict) == (30.0, "beyond")
    assert "  T5-T9 / T5-T10, Main thoracic Cobb angle: 20.0° to 50.0° (+30.0°)" in changed_in_words([one])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (study("b", Measurement(SAC, "L4/5", 120.0)), "a is a sagittal MR and b an axial MR"),
        (study("b", Measurement(AP, "T11", 12.0)), "no level in common"),
        (study("b", Measurement("coronal.tilt", "L4", 1.0), view="frontal"), "b a radiograph"),
    ],
)
def test_studies_that_cannot_be_compared_are_refused_in_a_sentence(other: Study, words: str) -> None:
    with pytest.raises(InputError, match=words):
        changes(spine("a", 12.0), other)


def test_slices_and_blocks_without_a_level_are_not_matched() -> None:
    axial = study("a", Measurement(SAC, "slice 1", 100.0), Measurement(SAC, "block 1", 100.0), lowest_disc="")
    with pytest.raises(InputError, match="no level in common"):
        changes(axial, axial)


def test_views_of_two_radiographs_must_be_alike() -> None:
    films = [study(view, Measurement("vertebra.wedge_angle", "L4", 1.0), view=view) for view in ("frontal", "lateral")]
    with pytest.raises(InputError, match="frontal is a frontal and lateral a lateral radiograph"):
        changes(*films)


def test_the_page_shows_both_numbers_their_difference_and_the_error_with_its_source(tmp_path: Path) -> None:
    findings = findings_by_hand()
    narrower = tuple(
        replace(one, value=one.value - 4.0) if one.measure == AP and one.value else one for one in findings.measurements
    )
    earlier = Study("Müller 2026", None, None, findings, {"image_sha256": "a"})
    later = Study("Müller 2027", None, None, replace(findings, measurements=narrower), {"image_sha256": "b"})
    found = write_follow_up(earlier, later, tmp_path / "follow-up.html", notes=["No image is there."])
    html = (tmp_path / "follow-up.html").read_text(encoding="utf-8")

    beyond = [one for one in found if one.verdict == "beyond"]
    assert {one.level for one in beyond} == {level for level, value in DIAMETERS.items() if value}
    assert '<span class="faint">9.0 →</span> 5.0<br><b class="beyond">\N{MINUS SIGN}4.0</b>' in html
    assert "3.4 mm" in html and "training/reports/sagittal-measures.md" in html
    assert "Müller 2026" in html and "No image is there." in html and "Research use; not for diagnosis." in html
    assert changed_in_words(found)[0] == f"{len(beyond)} differences beyond the measurement error:"
