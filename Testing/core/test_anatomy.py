"""The table of structures and the naming of levels."""

from itertools import pairwise

import pytest

from LumbarSegLib.core.anatomy import LOWEST_DISCS, SEMANTIC, STRUCTURES, Numbering
from LumbarSegLib.errors import InputError

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
    codes = {row.name: row.code.value for row in STRUCTURES}
    assert {name: codes[name] for name in own} == own
    assert {codes["T10"], codes["L6"]} == {UNSPECIFIED["vertebra"]}
    assert {codes["T11/12"], codes["L6/S1"], codes["L5/L6"]} == {UNSPECIFIED["disc"]}


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
