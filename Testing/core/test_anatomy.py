"""The table of structures and the naming of levels."""

from itertools import pairwise

import pytest

from LumbarSegLib.core.anatomy import LOWEST_DISCS, SEMANTIC, STRUCTURES, Numbering, kinds_of
from LumbarSegLib.errors import InputError
from training.data import aasce
from training.data.cases import CLASSES

UNSPECIFIED = {"vertebra": "51282000", "disc": "360499006"}


def test_labels_are_those_of_spider() -> None:
    names = {label: Numbering().structure(label).name for label in (1, 2, 5, 6, 100, 201, 202, 205, 206, 207)}
    assert names == {
        1: "L5",
        2: "L4",
        5: "L1",
        6: "T12",
        100: "Spinal canal",
        201: "L5/S1",
        202: "L4/5",
        205: "L1/2",
        206: "T12/L1",
        207: "T11/12",
    }


def test_a_level_without_its_own_code_carries_the_unspecified_one() -> None:
    own = {"L5": "49668003", "L1": "66794005", "T11": "12989004", "L5/S1": "715056000", "T12/L1": "76206002"}
    own |= {"T10": "7610001", "T1": "64864005", "T11/12": "1537001", "T1/2": "40908007"}
    codes = {row.name: row.code.value for row in STRUCTURES}
    assert {name: codes[name] for name in own} == own
    assert codes["L6"] == UNSPECIFIED["vertebra"]
    assert {codes["L6/S1"], codes["L5/L6"]} == {UNSPECIFIED["disc"]}


def test_no_specific_code_is_used_twice() -> None:
    specific = [row.code.value for row in STRUCTURES if row.code.value not in UNSPECIFIED.values()]
    assert len(specific) == len(set(specific))


def test_neighbours_differ_in_colour() -> None:
    levels = Numbering("L6/S1").levels()
    for below, above in pairwise(levels):
        assert below.vertebra.color != above.vertebra.color
        assert below.disc.color != above.disc.color


def test_the_kinds_have_the_values_of_a_semantic_map() -> None:
    assert {kind: row.label for kind, row in SEMANTIC.items()} == {"vertebra": 1, "disc": 2, "canal": 3}
    assert {kind: row.label for kind, row in kinds_of("axial").items()} == {"ivd": 1, "pe": 2, "ts": 3, "aap": 4}
    xray = {kind: row.label for kind, row in kinds_of("xray").items()}
    assert xray == {"vertebra": 1, "lateral_vertebra": 2, "disc_space": 3}


def test_axial_regions_are_spelled_out_coloured_apart_and_coded_by_the_nearest_verified_concept() -> None:
    rows = kinds_of("axial").values()
    assert {row.name: row.words for row in rows} == {
        "IVD": "intervertebral disc",
        "PE": "posterior element",
        "TS": "thecal sac",
        "AAP": "area between anterior and posterior elements",
    }
    assert len({row.color for row in rows}) == 4
    assert {row.name: (row.code.value, row.code.meaning) for row in rows} == {
        "IVD": ("360499006", "Intervertebral disc"),
        "PE": ("40265002", "Arch of vertebra"),
        "TS": ("280401006", "Spinal cerebrospinal fluid pathway"),
        "AAP": ("122496007", "Lumbar spine"),
    }


def test_the_names_that_training_gives_its_classes_are_the_kinds() -> None:
    assert {task: ("background", *kinds_of(task)) for task in CLASSES} == {**CLASSES, "xray": aasce.CLASSES}
    assert CLASSES["xray"] == aasce.CLASSES[:2]


@pytest.mark.parametrize(
    ("lowest", "first"),
    [
        ("L5/S1", [("L5/S1", 201, "L5", 1), ("L4/5", 202, "L4", 2)]),
        ("L4/5", [("L4/5", 202, "L4", 2), ("L3/4", 203, "L3", 3)]),
        ("L5/L6", [("L5/L6", 201, "L5", 1), ("L4/5", 202, "L4", 2)]),
        ("L6/S1", [("L6/S1", 225, "L6", 25), ("L5/L6", 201, "L5", 1)]),
    ],
)
def test_levels_count_upward_from_the_lowest_disc(lowest: str, first: list[tuple[str, int, str, int]]) -> None:
    levels = Numbering(lowest).levels()[:2]
    found = [(row.disc.name, row.disc.label, row.vertebra.name, row.vertebra.label) for row in levels]
    assert found == first


def test_every_lowest_disc_that_is_offered_can_be_used() -> None:
    assert [Numbering(name).levels()[0].disc.name for name in LOWEST_DISCS] == list(LOWEST_DISCS)


def test_an_unknown_lowest_disc_is_refused_with_the_names_that_are_allowed() -> None:
    with pytest.raises(InputError, match=r"L7/S1.*L6/S1, L5/L6, L5/S1, L4/5"):
        Numbering("L7/S1")


def test_a_label_that_belongs_to_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="42"):
        Numbering().structure(42)
