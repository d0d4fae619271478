"""The tables of measures and of flags: what they say of each key, and that they hold together."""

import re

import pytest

from LumbarSegLib.core.definitions import DOUBTS, MEASURES, fits

UCUM = {"mm": "mm", "mm²": "mm2", "mm³": "mm3", "°": "deg", "%": "%", "": "1"}


def test_the_families_stand_together() -> None:
    families = list(dict.fromkeys(row.family for row in MEASURES.values()))
    assert families == ["canal", "vertebra", "alignment", "disc", "ts", "ivd", "aap", "slice", "coronal"]
    assert [row.family for row in MEASURES.values()] == sorted(
        (row.family for row in MEASURES.values()), key=families.index
    )


@pytest.mark.parametrize("key", MEASURES)
def test_each_measure_says_what_it_is_and_where_it_comes_from(key: str) -> None:
    row = MEASURES[key]
    assert UCUM[row.unit] == row.ucum
    assert row.name and row.source and re.fullmatch(r"[A-Z].*\.", row.method)
    assert row.plausible[0] < row.plausible[1]
    for cited in (*row.thresholds, *row.norms):
        assert cited.source and cited.population


def test_angles_say_below_what_they_are_noise() -> None:
    for row in MEASURES.values():
        if row.unit == "°":
            assert f"less than {row.noise:.0f}° is noise" in row.method


def test_a_norm_comes_from_people_who_lie() -> None:
    norms = [norm for row in MEASURES.values() for norm in row.norms]
    assert norms
    assert all("lying" in norm.population for norm in norms)


@pytest.mark.parametrize(
    ("loss", "grade"), [(-5, 0), (19.9, 0), (20, 1), (24.9, 1), (25, 2), (39.9, 2), (40, 3), (70, 3)]
)
def test_loss_of_height_falls_into_the_grades_of_genant(loss: float, grade: int) -> None:
    assert MEASURES["vertebra.height_loss"].band_of(loss) == f"Genant {grade}"


@pytest.mark.parametrize(("percent", "grade"), [(10, "I"), (25, "II"), (50, "III"), (75, "IV"), (100, "V"), (130, "V")])
def test_slip_falls_into_the_grades_of_meyerding(percent: float, grade: str) -> None:
    assert MEASURES["alignment.slip_percent"].band_of(percent) == f"Meyerding {grade}"


@pytest.mark.parametrize(("percent", "words"), [(-4, ""), (0, "up to one third"), (50, "one to two thirds")])
def test_a_canal_that_is_wider_than_its_neighbours_has_no_class_of_loss(percent: float, words: str) -> None:
    assert MEASURES["canal.loss"].band_of(percent) == (f"Lurie: {words}" if words else "")


def test_bands_follow_on_one_another_without_a_gap() -> None:
    for row in MEASURES.values():
        for lower, upper in zip(row.bands, row.bands[1:], strict=False):
            assert lower.below == upper.lowest
        assert bool(row.bands) == bool(row.band_source)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("vertebra.wedge_angle", -0.04, "0.0°"),
        ("canal.area", 147.6, "148 mm²"),
        ("disc.height_index", 0.256, "0.26"),
        ("alignment.slip_percent", -7.4, "-7 %"),
    ],
)
def test_a_value_is_written_with_its_decimals_and_its_unit(key: str, value: float, words: str) -> None:
    assert MEASURES[key].words(value) == words


@pytest.mark.parametrize("key", DOUBTS)
def test_each_flag_speaks_in_a_sentence_and_names_measures_that_exist(key: str) -> None:
    doubt = DOUBTS[key]
    flag = doubt.flag("L3", "7")
    assert re.fullmatch(r"[A-Z0-9].*[^.]\.", flag.text) and "{" not in flag.text
    assert (flag.key, flag.level, flag.blocks) == (key, "L3", doubt.blocks)
    for pattern in (*doubt.concerns, *doubt.blocks, *doubt.not_compared):
        assert any(fits(measure, (pattern,)) for measure in MEASURES), pattern


def test_no_text_names_a_diagnosis() -> None:
    texts = [doubt.text for doubt in DOUBTS.values()]
    texts += [text for row in MEASURES.values() for text in (row.name, *(band.name for band in row.bands))]
    assert not re.search(r"stenosis|fracture|spondylolisthesis|patholog", " ".join(texts).lower())
