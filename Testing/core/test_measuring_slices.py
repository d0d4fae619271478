"""Measuring an axial stack again: only what changed is read again, and what was done by hand is marked."""

from collections.abc import Iterator

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import measuring_slices
from LumbarSegLib.core.analysis import Measured, measure
from LumbarSegLib.core.findings import Findings, Point
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.errors import InputError
from Testing.axial import AAP, TS, axial_labels
from Testing.phantoms import PhantomSpine

FRONT, BACK = "slice 3.ts_anterior", "slice 3.ts_posterior"


@pytest.fixture(scope="module")
def regions() -> Regions:
    return regions_of(axial_labels())


@pytest.fixture(scope="module")
def first(regions: Regions) -> Measured:
    return measure(regions)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The slices whose shape is read, in turn."""
    done: list[str] = []
    shape_of = measuring_slices.shape_of
    monkeypatch.setattr(measuring_slices, "shape_of", lambda one: (done.append(one.name), shape_of(one))[1])
    yield done


def edited(slice_index: int, value: int = TS) -> Regions:
    """The stack after the last row of the sac was taken away in one slice, or after something was done to the AAP."""
    array = sitk.GetArrayFromImage(axial_labels())
    rows = np.nonzero((array[slice_index] == value).any(axis=1))[0]
    array[slice_index, rows[-1]][array[slice_index, rows[-1]] == value] = 0
    labels = sitk.GetImageFromArray(array)
    labels.CopyInformation(axial_labels())
    return regions_of(labels)


def numbers(findings: Findings) -> dict[tuple[str, str], float | None]:
    return {(one.measure, one.level): one.value for one in findings.measurements}


def moved(first: Measured, name: str, back: float) -> dict[str, Point]:
    x, y, z = first.findings.landmarks[name].place
    return {name: (x, y + back, z)}


def test_measuring_the_same_again_reads_no_slice(first: Measured, regions: Regions, work: list[str]) -> None:
    assert measure(regions, previous=first).findings == first.findings
    assert work == []


def test_after_an_edit_only_the_changed_slice_is_read_again(first: Measured, work: list[str]) -> None:
    again = measure(edited(2), previous=first)
    assert work == ["slice 3"]
    assert numbers(again.findings) == numbers(measure(edited(2)).findings)
    assert again.findings.of("ts.area", "slice 3").value == pytest.approx(84.0)
    assert again.findings.of("ts.area", "slice 4").value == pytest.approx(96.0)


def test_what_an_edit_changed_is_marked_and_undoing_it_takes_the_mark_away(first: Measured) -> None:
    again = measure(edited(2), previous=first)
    told = {(one.measure, one.level) for one in again.findings.measurements if one.status == "edited"}
    assert {("ts.area", "slice 3"), ("ts.disc_area_ratio", "slice 3")} <= told
    assert ("ivd.area", "slice 3") not in told and {level for _, level in told} == {"slice 3"}
    assert measure(regions_of(axial_labels()), previous=again).findings == first.findings


def test_an_edit_of_the_aap_leaves_the_sac_automatic(first: Measured) -> None:
    again = measure(edited(1, AAP), previous=first).findings
    assert again.of("aap.area", "slice 2").status == "edited"
    assert again.of("ts.area", "slice 2").status == "automatic"


def test_a_dragged_end_changes_the_diameters_that_rest_on_it_and_nothing_else(
    first: Measured, regions: Regions, work: list[str]
) -> None:
    again = measure(regions, overrides=moved(first, BACK, 3.0), previous=first)
    assert work == []
    before, after = numbers(first.findings), numbers(again.findings)
    assert {key for key in before if before[key] != after[key]} == {
        ("ts.ap_diameter", "slice 3"),
        ("ts.disc_ap_ratio", "slice 3"),
    }
    one = again.findings.of("ts.ap_diameter", "slice 3")
    assert one.status == "edited"
    assert again.findings.landmarks[BACK].status == "edited"
    assert again.findings.landmarks[FRONT].status == "automatic"
    assert measure(regions, previous=again).findings == first.findings


def test_a_dragged_end_is_brought_into_the_plane_of_its_slice(first: Measured, regions: Regions) -> None:
    plane = first.kept.slices[2].plane  # type: ignore[union-attr]  # these are slices
    x, y, z = np.array(first.findings.landmarks[BACK].place) + 2.0 * plane.normal
    found = measure(regions, overrides={BACK: (x, y, z)}, previous=first).findings
    assert found.landmarks[BACK].place == pytest.approx(first.findings.landmarks[BACK].place)


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("slice 3.ts_middle", (0.0, 0.0, 0.0), "slice 3.ts_middle is no landmark"),
        ("slice 9.ts_left", (0.0, 0.0, 0.0), "slice 9.ts_left is no landmark"),
        ("L3.superior_anterior", (0.0, 0.0, 0.0), "is no landmark"),
        (BACK, (0.0, float("nan"), 0.0), "slice 3.ts_posterior has no place"),
        (BACK, (0.0, 0.0), "slice 3.ts_posterior has no place"),
    ],
)
def test_what_is_no_landmark_is_refused(regions: Regions, name: str, place: tuple[float, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        measure(regions, overrides={name: place})  # type: ignore[dict-item]  # a wrong length is what is tested


def test_a_result_of_the_other_task_is_not_built_upon(first: Measured, regions: Regions) -> None:
    spine = measure(spine_of(PhantomSpine(vertebrae=3).labels), previous=first)
    assert {one.level for one in spine.findings.measurements} >= {"L5", "L4/5"}
    assert measure(regions, previous=spine).findings == first.findings


def test_a_label_map_that_is_the_same_object_is_not_cut_into_slices_again(first: Measured, regions: Regions) -> None:
    again = measure(regions, previous=first, levels={"L4/5": 3})
    assert again.kept.slices is first.kept.slices  # type: ignore[union-attr]  # both are slices
    assert again.findings.of("ts.area", "L4/5").value == first.findings.of("ts.area", "slice 3").value
