"""DICOM SEG: each structure lies on the very pixels of the images that it was found in, and says who made it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from highdicom.seg import Segmentation
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes

from LumbarSegLib.core import images
from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.dicom.seg import segmentations
from LumbarSegLib.core.dicom.source import read_source
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.core.planes import planes_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.errors import InputError
from Testing.axial_phantoms import STEP, labels_of
from Testing.dicom_blocks import write_multi_frame
from Testing.dicom_studies import BLOCKS, PATIENT, Made, axial, radiograph, sagittal


@pytest.fixture(scope="module")
def spine(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return sagittal(tmp_path_factory.mktemp("spine"))


def segs_of(made: Made, **changed: Any) -> list[Segmentation]:
    return segmentations(replace(made.study, **changed), read_source([made.folder]))


def headers_in(folder: Path) -> list[Dataset]:
    return [dcmread(file) for file in sorted(folder.iterdir())]


def mask_on(seg: Segmentation, image: Dataset, number: int) -> NDArray[Any]:
    """The pixels of a segment on one source image, as highdicom finds them by the references."""
    found = seg.get_pixels_by_source_instance([image.SOPInstanceUID], assert_missing_frames_are_empty=True)
    return np.asarray(found[0, ..., number - 1])


def test_every_segment_lies_on_the_pixels_of_its_source_images(spine: Made) -> None:
    (seg,) = segs_of(spine)
    assert isinstance(spine.study.result, Spine) and spine.study.image is not None
    truth = sitk.GetArrayFromImage(spine.study.result.labels)
    through = np.array([plane.origin[0] for plane in planes_of(spine.study.image)])
    numbers = {one.SegmentLabel: one.SegmentNumber for one in seg.SegmentSequence}
    assert set(numbers) == {one.structure.name for one in spine.study.result.instances}
    for header in headers_in(spine.folder):
        k = int(np.argmin(np.abs(through - float(header.ImagePositionPatient[0]))))
        for one in spine.study.result.instances:
            mask = mask_on(seg, header, numbers[one.structure.name])
            assert np.array_equal(mask, truth[k] == one.structure.label)


def test_a_label_map_that_is_stored_otherwise_lies_on_the_same_pixels(spine: Made) -> None:
    (seg,) = segs_of(spine)
    assert isinstance(spine.study.result, Spine)
    mirrored = sitk.DICOMOrient(spine.study.result.labels, "ASL")
    (other,) = segs_of(spine, result=spine_of(mirrored))
    assert np.array_equal(seg.pixel_array, other.pixel_array)


def test_patient_study_and_frame_of_reference_are_kept_and_the_text_is_unicode(spine: Made) -> None:
    (seg,) = segs_of(spine)
    first = headers_in(spine.folder)[0]
    assert str(seg.PatientName) == PATIENT
    kept = ("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID")
    assert [seg[keyword].value for keyword in kept] == [first[keyword].value for keyword in kept]
    assert seg.SpecificCharacterSet == "ISO_IR 192"
    referenced = {one.ReferencedSOPInstanceUID for one in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referenced == {header.SOPInstanceUID for header in headers_in(spine.folder)}
    assert seg.SeriesInstanceUID != first.SeriesInstanceUID


def test_the_segments_carry_their_codes_and_the_model_that_made_them(spine: Made) -> None:
    (seg,) = segs_of(spine)
    by_name = {one.SegmentLabel: one for one in seg.SegmentSequence}
    assert by_name["L4"].segmented_property_type == codes.SCT.L4Vertebra
    assert by_name["L4/5"].segmented_property_type == codes.SCT.L4L5Disc
    assert by_name["Spinal canal"].segmented_property_type == codes.SCT.VertebralCanal
    assert by_name["L4"].segmented_property_category == codes.SCT.AnatomicalStructure
    algorithm = by_name["L4"].SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("phantom", "1.2")
    assert "ab" * 32 in algorithm.AlgorithmParameters


@pytest.mark.parametrize(
    ("edited", "by_hand"),
    [("", set()), ("L4, L3/4", {"L4", "L3/4"}), ("L4.superior_anterior", set())],
    ids=["untouched", "two-segments", "only-a-corner"],
)
def test_a_segment_that_was_edited_is_semiautomatic(spine: Made, edited: str, by_hand: set[str]) -> None:
    (seg,) = segs_of(spine, provenance={**spine.study.provenance, "edited": edited})
    kinds = {one.SegmentLabel: one.SegmentAlgorithmType for one in seg.SegmentSequence}
    assert kinds == {name: "SEMIAUTOMATIC" if name in by_hand else "AUTOMATIC" for name in kinds}


def test_a_label_map_of_which_no_model_is_known_counts_as_drawn_by_hand(spine: Made) -> None:
    (seg,) = segs_of(spine, provenance={"task": "sagittal"})
    assert {one.SegmentAlgorithmType for one in seg.SegmentSequence} == {"MANUAL"}
    assert not any("SegmentationAlgorithmIdentificationSequence" in one for one in seg.SegmentSequence)


def test_a_vertebra_that_is_seen_in_part_says_what_its_flag_says(tmp_path: Path) -> None:
    made = sagittal(tmp_path, cut_above=10.0)
    (seg,) = segs_of(made)
    told = {one.SegmentLabel: one.get("SegmentDescription", "") for one in seg.SegmentSequence}
    assert told["L2"] == "L2 is seen in part: the border of the image cuts it, or it fades out before."
    assert told["L4"] == told["Spinal canal"] == ""


def test_an_axial_series_of_oblique_blocks_becomes_a_seg_for_each_block_with_its_true_planes(tmp_path: Path) -> None:
    made = axial(tmp_path)
    segs = segs_of(made)
    assert sorted(int(seg.NumberOfFrames) for seg in segs) == [2 * 4, 2 * 4, 3 * 4]  # four regions
    assert len({seg.SeriesInstanceUID for seg in segs}) == 1
    assert sorted(int(seg.InstanceNumber) for seg in segs) == [1, 2, 3]
    assert len({seg.SegmentSequence[0].TrackingUID for seg in segs}) == 1
    for header in headers_in(made.folder):
        (seg,) = [one for one in segs if header.SOPInstanceUID in images_behind(one)]
        for number, region in enumerate(("IVD", "PE", "TS", "AAP"), start=1):
            assert seg.SegmentSequence[number - 1].SegmentLabel.startswith(region)
            assert np.array_equal(mask_on(seg, header, number), header.pixel_array == number * STEP)
        shared = seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
        assert np.allclose(shared.ImageOrientationPatient, header.ImageOrientationPatient, atol=1e-6)
        assert any(np.allclose(place, header.ImagePositionPatient, atol=1e-4) for place in positions(seg))


def images_behind(seg: Segmentation) -> set[str]:
    return {
        one.ReferencedSOPInstanceUID
        for frame in seg.PerFrameFunctionalGroupsSequence
        for derived in frame.DerivationImageSequence
        for one in derived.SourceImageSequence
    }


def positions(seg: Segmentation) -> list[Sequence[float]]:
    groups = seg.PerFrameFunctionalGroupsSequence
    return [list(group.PlanePositionSequence[0].ImagePositionPatient) for group in groups]


def test_the_blocks_of_one_file_with_many_frames_are_told_apart_as_well(tmp_path: Path) -> None:
    made = axial(tmp_path / "study")
    file = tmp_path / "frames.dcm"
    write_multi_frame(file, BLOCKS)
    enhanced = dcmread(file)
    enhanced.FrameOfReferenceUID = headers_in(made.folder)[0].FrameOfReferenceUID
    enhanced.save_as(file)
    image = images.read_image(file)
    segs = segs_of(Made(replace(made.study, image=image, result=regions_of(labels_of(image))), file))
    truth = dcmread(file).pixel_array // STEP
    seen = []
    for seg in segs:
        pixels = seg.pixel_array.reshape(-1, *truth.shape[1:])
        for place, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
            number = int(group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
            label = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
            seen.append((number, label))
            assert np.array_equal(pixels[place], truth[number - 1] == label)
    assert sorted(seen) == [(number, label) for number in range(1, 8) for label in range(1, 5)]


@pytest.mark.parametrize("turned", [False, True], ids=["upright", "mirrored-and-on-its-head"])
def test_a_radiograph_gets_its_segments_on_the_pixels_of_its_file(tmp_path: Path, turned: bool) -> None:
    made = radiograph(tmp_path / "film.dcm", turned)
    (seg,) = segs_of(made)
    assert made.study.result is not None
    upright = sitk.GetArrayFromImage(made.study.result.labels)[0]
    stored = upright[::-1, ::-1] if turned else upright
    pixels = seg.pixel_array.reshape(-1, *stored.shape)
    labels = {row.name: row.label for row in STRUCTURES}
    assert len(pixels) == 6
    for number, one in enumerate(seg.SegmentSequence):
        assert np.array_equal(pixels[number] > 0, stored == labels[one.SegmentLabel])


def test_a_segmentation_that_lies_elsewhere_is_refused(spine: Made) -> None:
    assert isinstance(spine.study.result, Spine)
    moved = sitk.Image(spine.study.result.labels)
    moved.SetOrigin([mm + 0.7 for mm in moved.GetOrigin()])
    with pytest.raises(InputError, match="slices that the DICOM images do not have"):
        segs_of(spine, result=spine_of(moved))


def test_an_empty_segmentation_makes_no_seg(spine: Made) -> None:
    assert isinstance(spine.study.result, Spine)
    with pytest.raises(InputError, match="Nothing is segmented"):
        segs_of(spine, result=spine_of(spine.study.result.labels * 0))
