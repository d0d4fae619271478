"""What was segmented as DICOM SEG: every structure a segment, on the very pixels of the images that it was found in.

A SEG has one orientation for all of its frames, and readers rely on that; an axial series of several oblique blocks
becomes one SEG for each block, all in one series. Written by highdicom.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.definitions import DOUBTS
from LumbarSegLib.core.dicom.codes import CATEGORY, REGION, type_of
from LumbarSegLib.core.dicom.placing import Labels, labels_on
from LumbarSegLib.core.dicom.source import Frame, Source
from LumbarSegLib.core.dicom.written import coded, made_with, series_of
from LumbarSegLib.core.levels import Instance
from LumbarSegLib.core.planes import Plane
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription

_SAME_DIRECTION = 1e-4
NOTHING = "Nothing is segmented, so there is no DICOM SEG; segment the image first."


def segmentations(study: Study, source: Source) -> "list[Segmentation]":
    """The SEG of a study; several for an axial series of several blocks, none for a study without segmentation.

    Raises InputError where nothing is in the segmentation, or where it lies elsewhere than the source.
    """
    result = study.result
    if result is None:
        return []
    labels = labels_on(source, result.labels, study.image)
    blocks = [block for block in _blocks(source.frames) if any(labels[place].any() for place in block)]
    if not blocks:
        raise InputError(NOTHING)
    uids = _uids([one.structure.name for one in result.instances])
    series = series_of(source, "segmentation")
    return [
        _segmentation(
            result.instances, source, block, labels, uids, study.provenance, {**series, "instance_number": number}
        )
        for number, block in enumerate(blocks, start=1)
    ]


def algorithm_type(name: str, kind: str, provenance: Mapping[str, str]) -> str:
    """Who made a segment: AUTOMATIC, a model; SEMIAUTOMATIC, a model and a hand; MANUAL where no model is known.

    Of axial slices, whose edits are told by slice and region ("slice 4.ts"), one edited slice counts for its region.
    """
    if not provenance.get("model"):
        return "MANUAL"
    edited = re.split(r"\s*[,;]\s*", provenance.get("edited", ""))
    by_hand = any(one == name or one.rpartition(".")[2] == kind for one in edited)
    return "SEMIAUTOMATIC" if by_hand else "AUTOMATIC"


def _uids(names: Sequence[str]) -> dict[str, str]:
    import highdicom

    return {name: str(highdicom.UID()) for name in names}


def _blocks(frames: Sequence[Frame]) -> list[list[int]]:
    """The frames by their orientation, as places in the sequence."""
    blocks: list[tuple[Any, list[int]]] = []
    for place, frame in enumerate(frames):
        axes = None if frame.plane is None else np.array([frame.plane.row, frame.plane.column])
        for its, block in blocks:
            if axes is None or np.abs(its - axes).max() < _SAME_DIRECTION:
                block.append(place)
                break
        else:
            blocks.append((axes, [place]))
    return [block for _, block in blocks]


def _segmentation(
    instances: Sequence[Instance],
    source: Source,
    block: Sequence[int],
    labels: Sequence[Labels],
    uids: Mapping[str, str],
    provenance: Mapping[str, str],
    series: Mapping[str, Any],
) -> "Segmentation":
    import highdicom
    from highdicom.seg import Segmentation

    values = np.stack([labels[place] for place in block])
    present = [one for one in instances if (values == one.structure.label).any()]
    numbers = np.zeros(256, np.uint8)
    for number, one in enumerate(present, start=1):
        numbers[one.structure.label] = number
    frames = [source.frames[place] for place in block]
    images, places = _as_one_block(frames)
    made = Segmentation(
        source_images=images,
        pixel_array=numbers[values],
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _described(number, one, uids[one.structure.name], provenance) for number, one in enumerate(present, start=1)
        ],
        sop_instance_uid=highdicom.UID(),
        content_label="LUMBARSEG",
        content_description=RESEARCH_USE,
        **places,
        **series,
    )
    if frames[0].plane is None:
        # What lies nowhere in the patient says where its rows and columns run instead, as far as that is known.
        made.PatientOrientation = frames[0].header.get("PatientOrientation")
    return made


def _described(number: int, one: Instance, uid: str, provenance: Mapping[str, str]) -> "SegmentDescription":
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    structure = one.structure
    kind = algorithm_type(structure.name, structure.kind, provenance)
    has_level = structure.kind in ("vertebra", "disc")
    description = SegmentDescription(
        segment_number=number,
        segment_label=f"{structure.name} ({structure.words})" if structure.words else structure.name,
        segmented_property_category=coded(CATEGORY),
        segmented_property_type=coded(type_of(structure)),
        algorithm_type=kind,
        algorithm_identification=None if kind == "MANUAL" else made_with(provenance),
        tracking_uid=uid,
        tracking_id=structure.name,
        anatomic_regions=None if has_level else [coded(REGION)],
        display_color=CIELabColor.from_rgb(*structure.color),
    )
    if one.partly_visible and structure.kind != "canal":
        description.SegmentDescription = DOUBTS["partly_visible"].flag(structure.name).text
    return description


def _as_one_block(frames: Sequence[Frame]) -> tuple[list[Dataset], dict[str, Any]]:
    """The images of these frames as highdicom takes them, with one orientation for all, and where the frames lie where
    it cannot tell.

    It reads the orientation of the first image alone, and that of the shared group of a file with several frames.
    """
    import highdicom

    first = frames[0]
    if first.plane is None:
        return [first.header], {}
    planes = [frame.plane for frame in frames if frame.plane]
    thickness = first.thickness or _distance(planes) or None
    if "PerFrameFunctionalGroupsSequence" not in first.header:
        images = [frame.header for frame in frames]
        images[0].SliceThickness = thickness
        for image in images[1:]:
            image.ImageOrientationPatient = images[0].ImageOrientationPatient
        return images, {}
    axes = [float(value) for value in (*first.plane.row, *first.plane.column)]
    orientation = highdicom.PlaneOrientationSequence("PATIENT", axes)
    measures = highdicom.PixelMeasuresSequence(first.plane.spacing[::-1], thickness)
    image = deepcopy(first.header)
    shared = image.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = orientation, measures
    return [image], {
        "plane_positions": [highdicom.PlanePositionSequence("PATIENT", plane.origin) for plane in planes],
        "plane_orientation": orientation,
        "pixel_measures": measures,
    }


def _distance(planes: Sequence[Plane]) -> float:
    """How far apart parallel slices lie in mm; 0 of a single one. As thick are voxels whose thickness nothing tells."""
    along = np.sort([np.asarray(plane.origin) @ planes[0].normal for plane in planes])
    return round(float(np.median(np.diff(along))), 4) if len(planes) > 1 else 0.0
