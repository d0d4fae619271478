"""DICOM SEG and SR from the panel, with Slicer's database of DICOM files standing by."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import SimpleITK as sitk
import slicer
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import dcmread

from LumbarSegLib.desktop.exporting import FORMATS_HERE
from Testing.desktop.driving import Driven
from Testing.dicom_series import write_volume
from Testing.dicom_studies import identity


class Database:
    """What the panel asks of `slicer.dicomDatabase`: the file of an image, "" where it is not known."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def fileForInstance(self, uid: str) -> str:
        return str(self._files.get(uid, ""))


@pytest.fixture
def files(segmented: Driven, known: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The DICOM files of the panel's volume, as if Slicer had loaded it from them."""
    folder = tmp_path / "dicom"
    folder.mkdir()
    write_volume(folder, sitk.Cast(known[0], sitk.sitkUInt16), 1, **identity())
    found = {str(dcmread(file).SOPInstanceUID): file for file in sorted(folder.iterdir())}
    monkeypatch.setattr(slicer, "dicomDatabase", Database(found), raising=False)
    segmented.panel.measuring.live.volume.SetAttribute("DICOM.instanceUIDs", " ".join(found))
    return found


def export(driven: Driven, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = next(at for at, one in enumerate(FORMATS_HERE) if one.title.startswith("DICOM"))
    driven.choose("formatBox", str(place))
    monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", staticmethod(lambda *_: str(folder)))
    driven.click("exportButton")
    return folder / "Ünïté L-spine segmentation DICOM"


def test_seg_and_sr_of_what_the_panel_shows_are_written(
    segmented: Driven, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = export(segmented, tmp_path, monkeypatch)
    assert segmented.ui.exportLabel.text == f"Written: {folder}"
    seg, document = segread(folder / "LumbarSeg-SEG.dcm"), srread(folder / "LumbarSeg-SR.dcm")
    assert {one.SegmentLabel for one in seg.SegmentSequence} >= {"L3", "L3/4", "Spinal canal"}
    assert {one.SegmentAlgorithmType for one in seg.SegmentSequence} == {"AUTOMATIC"}
    found = segmented.panel.measuring.findings.of("vertebra.anterior_height", "L3").value
    heights = [
        one.value
        for group in document.content.get_image_measurement_groups()
        if str(group.tracking_identifier) == "L3 L3 vertebra"
        for one in group.get_measurements()
        if one.name.meaning == "Height"
    ]
    assert found is not None and np.isclose(heights, found, atol=1e-3).any()


def test_an_image_that_is_no_dicom_says_what_to_do(
    segmented: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = export(segmented, tmp_path, monkeypatch)
    assert "give the DICOM series as the image" in segmented.ui.exportLabel.text
    assert not folder.exists()


def test_files_that_are_gone_are_told_of(
    segmented: Driven, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(iter(files.values())).unlink()
    folder = export(segmented, tmp_path, monkeypatch)
    assert (
        f"1 of {len(files)} DICOM files of the image are gone; import the series again."
        in segmented.ui.exportLabel.text
    )
    assert not folder.exists()
