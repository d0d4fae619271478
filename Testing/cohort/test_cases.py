"""Each case has a name of its own, and one that a folder can bear."""

from pathlib import Path

import pytest

from LumbarSegLib.cohort.cases import Wanted, named_cases


def names(*paths: str, taken: tuple[str, ...] = ()) -> list[str]:
    return [case.name for case in named_cases([Wanted(Path(path)) for path in paths], taken)]


def test_a_case_is_called_as_its_file_without_suffix() -> None:
    assert names("/data/a.nii.gz", "/data/b.v2.nrrd", "/data/Müller Übung.mha") == ["a", "b.v2", "Müller Übung"]


def test_images_of_the_same_name_are_told_apart_by_their_folders() -> None:
    assert names("/data/p1/t2.nrrd", "/data/p2/t2.nrrd", "/data/p2/t1.nrrd") == ["p1_t2", "p2_t2", "t1"]
    assert names("/a/p1/t2.nrrd", "/b/p1/t2.nrrd") == ["a_p1_t2", "b_p1_t2"]


def test_where_no_folder_tells_them_apart_a_number_does() -> None:
    assert names("/data/t2.nrrd", "/data/t2.mha", "/data/t2.nrrd") == ["t2", "t2-2", "t2-3"]


def test_names_that_differ_in_capitals_alone_do_not_share_a_folder() -> None:
    assert names("/data/Case.nrrd", "/data/case.mha") == ["Case", "case-2"]


def test_a_letter_in_one_piece_and_in_two_is_the_same_name() -> None:
    assert names("/data/u\u0308.nrrd", "/data/\u00fc.mha") == ["\u00fc", "\u00fc-2"]


def test_names_of_cases_before_are_taken() -> None:
    assert names("/data/new/t2.nrrd", taken=("t2",)) == ["t2-2"]


def test_equal_names_of_a_list_do_not_overwrite_each_other() -> None:
    wanted = [Wanted(Path("/data/a.nrrd"), "P 1"), Wanted(Path("/data/b.nrrd"), "P 1")]
    assert [case.name for case in named_cases(wanted)] == ["P 1", "P 1-2"]


@pytest.mark.parametrize(
    ("given", "name"),
    [("a/b", "a_b"), ("..", "case"), ("con", "con_"), (" x. ", "x"), ('a<b>:"c', "a_b_c"), ("tab\there", "tab_here")],
)
def test_a_name_is_one_that_every_file_system_takes(given: str, name: str) -> None:
    assert named_cases([Wanted(Path("/data/a.nrrd"), given)])[0].name == name


def test_a_long_name_leaves_room_for_suffixes() -> None:
    (name,) = names(f"/data/{'ä' * 120}.nrrd")
    assert 100 <= len(name.encode()) <= 120
