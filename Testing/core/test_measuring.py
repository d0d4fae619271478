"""From a Spine to Findings, and again after an edit or a dragged landmark: the same as anew, with less work."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import measuring
from LumbarSegLib.core.analysis import Measured, measure
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.labelmap import label_map
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.core.measure import shapes
from LumbarSegLib.errors import InputError
from Testing.spines import Phantom

PHANTOM = Phantom(spacing=(1.5, 0.8, 0.8), tilt=(8.0, 5.0, -6.0), shift=(20.0, -35.0, 110.0))
SPANS = ("L1-S1", "L4-S1", "L1-L5")
CORNER = "L3.superior_anterior"


@pytest.fixture(scope="module")
def spine() -> Spine:
    return spine_of(PHANTOM.labels)


@pytest.fixture(scope="module")
def first(spine: Spine) -> Measured:
    return measure(spine)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The steps that read voxels, as they are taken."""
    taken: list[str] = []

    def noted(module: object, name: str) -> None:
        step: Callable[..., object] = getattr(module, name)

        def with_note(*given: object) -> object:
            taken.append(name)
            return step(*given)

        monkeypatch.setattr(module, name, with_note)

    for module, name in ((shapes, "centreline_of"), (shapes, "body_of"), (shapes, "disc_of"), (measuring, "Grid")):
        noted(module, name)
    yield taken


def edited(spine: Spine, label: int) -> Spine:
    """The spine with the upper 2 mm of the front of a structure taken away."""
    array = sitk.GetArrayFromImage(spine.labels)
    places = np.argwhere(array == label)
    front = places[places[:, 2] < places[:, 2].min() + 12]
    array[tuple(front[front[:, 1] < front[:, 1].min() + 6].T)] = 0
    labels = sitk.GetImageFromArray(array)
    labels.CopyInformation(spine.labels)
    return spine_of(labels, spine.lowest_disc)


def moved(findings: Findings, name: str, forward: float) -> dict[str, tuple[float, float, float]]:
    x, y, z = findings.landmarks[name].place
    return {name: (x, y - forward, z)}


def numbers(found: Measured) -> dict[tuple[str, str], float | None]:
    return {(one.measure, one.level): one.value for one in found.findings.measurements}


def what_changed(one: Measured, other: Measured) -> set[tuple[str, str]]:
    old, new = numbers(one), numbers(other)
    assert old.keys() == new.keys()
    return {key for key in old if old[key] != new[key]}


def test_every_measure_is_given_at_every_level_that_it_exists_at(first: Measured) -> None:
    levels: dict[str, set[str]] = {}
    for one in first.findings.measurements:
        assert one.value is not None, one
        levels.setdefault(one.measure, set()).add(one.level)
    vertebrae = {"L5", "L4", "L3", "L2", "L1", "T12"}
    discs = {"L5/S1", "L4/5", "L3/4", "L2/3", "L1/2", "T12/L1"}
    by_family = {"canal": vertebrae | discs, "vertebra": vertebrae, "disc": discs, "alignment": discs}
    own = {"alignment.lordosis": set(SPANS), "alignment.apex": {"L1-S1"}}
    assert levels == {
        key: own.get(key, by_family[row.family]) for key, row in MEASURES.items() if row.task == "sagittal"
    }


def test_levels_run_from_the_top_downward_and_the_spans_come_last(first: Measured) -> None:
    levels = list(dict.fromkeys(one.level for one in first.findings.measurements))
    downward = ["T12", "T12/L1", "L1", "L1/2", "L2", "L2/3", "L3", "L3/4", "L4", "L4/5", "L5", "L5/S1"]
    assert levels == [*downward, *SPANS]


def test_each_number_can_be_read_again_from_its_trace(first: Measured) -> None:
    for one in first.findings.measurements:
        trace = one.trace
        if one.measure in {"vertebra.anterior_height", "vertebra.superior_endplate", "canal.midsagittal_ap"}:
            start, end = trace.points.values()
            assert one.value == pytest.approx(np.linalg.norm(np.subtract(start, end)))
        assert trace.points or trace.lines or trace.contours, one


def test_places_are_given_where_they_lie_in_the_patient(first: Measured, spine: Spine) -> None:
    def label_at(place: tuple[float, float, float]) -> int:
        return int(spine.labels[spine.labels.TransformPhysicalPointToIndex(place)])

    for section in first.findings.sections:
        if section.area_mm2:
            assert label_at(section.center) == 100
    contour = first.findings.of("disc.area", "L3/4").trace.contours[0]
    x, y, z = np.mean(contour, axis=0).tolist()
    assert label_at((x, y, z)) == 203


def test_the_same_again_reads_no_voxel(first: Measured, spine: Spine, work: list[str]) -> None:
    again = measure(spine, previous=first)
    assert again.findings == first.findings
    assert work == []


def test_a_dragged_corner_reads_no_voxel_and_changes_only_what_rests_on_it(
    first: Measured, spine: Spine, work: list[str]
) -> None:
    again = measure(spine, overrides=moved(first.findings, CORNER, 4.0), previous=first)
    assert work == []
    changed = what_changed(first, again)
    assert {("vertebra.superior_endplate", "L3"), ("alignment.segmental_angle", "L2/3")} <= changed
    for key, level in changed:
        assert level in {"L3", "L2/3"} or key == "alignment.apex", (key, level)


def test_a_dragged_corner_gives_what_measuring_anew_with_it_gives(first: Measured, spine: Spine) -> None:
    overrides = moved(first.findings, CORNER, 4.0) | moved(first.findings, "L2/3.canal_posterior", -2.0)
    assert measure(spine, overrides=overrides, previous=first).findings == measure(spine, overrides=overrides).findings


def test_what_a_dragged_landmark_changed_is_marked_as_edited(first: Measured, spine: Spine) -> None:
    found = measure(spine, overrides=moved(first.findings, CORNER, 4.0), previous=first).findings
    assert found.landmarks[CORNER].status == "edited"
    assert found.landmarks["L3.superior_posterior"].status == "automatic"
    assert found.of("vertebra.anterior_height", "L3").status == "edited"
    assert found.of("vertebra.posterior_height", "L3").status == "automatic"
    assert found.of("alignment.segmental_angle", "L2/3").status == "edited"


def test_letting_a_landmark_go_brings_the_automatic_one_back(first: Measured, spine: Spine) -> None:
    dragged = measure(spine, overrides=moved(first.findings, CORNER, 4.0), previous=first)
    assert measure(spine, previous=dragged).findings == first.findings


def test_the_mid_sagittal_diameter_follows_its_dragged_end(first: Measured, spine: Spine) -> None:
    name = "L4/5.canal_posterior"
    found = measure(spine, overrides=moved(first.findings, name, 3.0), previous=first)
    before, after = (one.findings.of("canal.midsagittal_ap", "L4/5") for one in (first, found))
    assert before.value is not None and after.value is not None
    assert after.value == pytest.approx(before.value - 3.0, abs=0.3)
    assert after.status == "edited"
    assert what_changed(first, found) == {("canal.midsagittal_ap", "L4/5")}


def test_after_an_edit_of_a_vertebra_only_that_vertebra_is_read_again(
    first: Measured, spine: Spine, work: list[str]
) -> None:
    change = edited(spine, 3)
    again = measure(change, previous=first)
    assert work == ["Grid", "body_of"]
    assert numbers(again) == numbers(measure(change))
    assert ("vertebra.anterior_height", "L3") in what_changed(first, again)


def test_after_an_edit_of_a_disc_that_leaves_the_centreline_no_other_structure_is_read_again(work: list[str]) -> None:
    narrow = spine_of(Phantom(spacing=(1.5, 0.8, 0.8), width=24.0).labels)
    before = measure(narrow)
    change = edited(narrow, 203)
    work.clear()
    again = measure(change, previous=before)
    assert work == ["Grid", "centreline_of", "disc_of"]
    assert numbers(again) == numbers(measure(change))
    assert ("disc.area", "L3/4") in what_changed(before, again)


def test_after_an_edit_of_the_canal_what_lies_far_from_it_is_not_read_again(
    first: Measured, spine: Spine, work: list[str]
) -> None:
    array = sitk.GetArrayFromImage(spine.labels)
    places = np.argwhere(array == 100)
    low = places[places[:, 1] > np.quantile(places[:, 1], 0.95)]
    array[tuple(low[low[:, 2] > low[:, 2].mean()].T)] = 0
    labels = sitk.GetImageFromArray(array)
    labels.CopyInformation(spine.labels)
    change = spine_of(labels)
    again = measure(change, previous=first)
    assert work.count("body_of") < 6 and work.count("disc_of") < 6
    assert numbers(again) == numbers(measure(change))


def test_what_an_edited_segment_changed_is_marked_as_edited(first: Measured, spine: Spine) -> None:
    def statuses(one: Measured) -> dict[tuple[str, str], str]:
        return {(row.measure, row.level): row.status for row in one.findings.measurements}

    vertebra = statuses(measure(edited(spine, 3), previous=first))
    assert vertebra["vertebra.anterior_height", "L3"] == "edited"
    assert vertebra["alignment.segmental_angle", "L3/4"] == "edited"
    assert vertebra["disc.area", "L3/4"] == vertebra["canal.area", "L5"] == "automatic"
    canal = statuses(measure(edited(spine, 100), previous=first))
    assert {row for row, status in canal.items() if row[0].startswith("canal.") and status != "edited"} == set()
    assert canal["vertebra.anterior_height", "L3"] == "automatic"


def test_undoing_an_edit_makes_it_automatic_again(first: Measured, spine: Spine) -> None:
    after = measure(edited(spine, 3), previous=first)
    undone = measure(spine_of(sitk.Image(spine.labels) + 0), previous=after)
    assert undone.findings == first.findings


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("L3.upper_left", (0.0, 0.0, 0.0), "L3.upper_left is no landmark"),
        ("X9.superior_anterior", (0.0, 0.0, 0.0), "X9.superior_anterior is no landmark"),
        ("L3/4.superior_anterior", (0.0, 0.0, 0.0), "is no landmark"),
        (CORNER, (0.0, float("nan"), 0.0), "L3.superior_anterior has no place"),
        (CORNER, (0.0, 0.0), "L3.superior_anterior has no place"),
    ],
)
def test_what_is_no_landmark_is_refused(spine: Spine, name: str, place: tuple[float, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        measure(spine, overrides={name: place})  # type: ignore[dict-item]  # a wrong length is what is tested


def coarser(image: sitk.Image, shift: float = 0.0) -> sitk.Image:
    """An image of the same place with other voxels, moved upward by so many mm."""
    spacing = [length / 0.9 for length in image.GetSpacing()]
    grid = sitk.Image([int(n * 0.9) for n in image.GetSize()], sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetDirection(image.GetDirection())
    x, y, z = image.GetOrigin()
    grid.SetOrigin((x, y, z + shift))
    return grid


def test_a_label_map_on_another_grid_is_brought_onto_the_image_s_with_a_flag(first: Measured, spine: Spine) -> None:
    image = coarser(spine.labels)
    found = measure(spine, image)
    assert found.kept.spine.labels.IsSameImageGeometryAs(image)
    assert "other_grid" in {flag.key for flag in found.findings.flags}
    for measured, level in (("alignment.lordosis", "L1-S1"), ("vertebra.anterior_height", "L3")):
        one, other = (run.findings.of(measured, level).value for run in (first, found))
        assert one == pytest.approx(other, abs=3.0)


def test_a_label_map_on_the_grid_of_the_image_has_no_flag_for_it(first: Measured, spine: Spine) -> None:
    assert measure(spine, spine.labels, previous=first).findings == first.findings


def test_a_label_map_that_lies_elsewhere_is_refused(spine: Spine) -> None:
    with pytest.raises(InputError, match="the label map lies elsewhere: 0 % of it is inside of the image"):
        measure(spine, coarser(spine.labels, shift=500.0))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (sitk.Image(8, 8, sitk.sitkUInt8), "is 2D or empty"),
        (sitk.Image([4, 4, 4, 2], sitk.sitkUInt8), "is 4D or empty"),
        (sitk.Image([4, 4, 4], sitk.sitkVectorUInt8, 3), "several values for each voxel"),
        (sitk.Image([4, 4, 4], sitk.sitkFloat32) + 0.5, "values that are no labels"),
        (sitk.Image([4, 4, 4], sitk.sitkFloat32) + float("nan"), "values that are no labels"),
        (sitk.Image([4, 4, 4], sitk.sitkInt16) - 1, "values that are no labels"),
        (sitk.Image([4, 4, 4], sitk.sitkInt16) + 300, "values that are no labels"),
    ],
)
def test_what_is_no_label_map_is_refused(labels: sitk.Image, words: str) -> None:
    with pytest.raises(InputError, match=words):
        spine_of(labels)


def test_whole_numbers_of_another_type_are_taken(spine: Spine) -> None:
    assert label_map(sitk.Cast(spine.labels, sitk.sitkFloat64)).GetPixelID() == sitk.sitkUInt8


def test_an_empty_label_map_has_no_measurement_and_says_so() -> None:
    found = measure(spine_of(sitk.Image([8, 8, 8], sitk.sitkUInt8))).findings
    assert [flag.key for flag in found.flags] == ["nothing_found"]
    assert [one for one in found.measurements if one.value is not None] == []


def test_what_is_not_measured_has_its_reason(spine: Spine) -> None:
    array = sitk.GetArrayFromImage(spine.labels)
    array[array != 3] = 0
    alone = sitk.GetImageFromArray(array)
    alone.CopyInformation(spine.labels)
    without: list[Measurement] = [one for one in measure(spine_of(alone)).findings.measurements if one.value is None]
    assert without
    assert all(one.reason.endswith(".") for one in without)
