"""The DICOMDIR of a medium stands for the images that it lists, as a folder stands for those in it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.fileset import FileSet

from LumbarSegLib import cli
from LumbarSegLib.core.dicom.series import series_among
from LumbarSegLib.core.images import read_image
from LumbarSegLib.errors import InputError
from Testing.dicom_series import SLICES, write_series
from Testing.dicom_studies import identity


def medium(folder: Path, *numbers: int) -> tuple[Path, list[str]]:
    """A medium with these series, its files in folders and with names of its own: the DICOMDIR, and the UIDs."""
    study: dict[str, Any] = identity()
    del study["InstanceNumber"]
    uids = [
        write_series(folder / "series", number=number, seed=number, InstanceNumber=1, **study) for number in numbers
    ]
    files = FileSet()
    for file in sorted((folder / "series").iterdir()):
        files.add(file)
    files.write(folder / "disc")
    return folder / "disc" / "DICOMDIR", uids


def test_the_images_that_it_lists_are_read_as_those_of_a_folder(tmp_path: Path) -> None:
    directory, (uid,) = medium(tmp_path, 1)
    image, other = read_image(directory), read_image(tmp_path / "series")
    assert np.array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(other))
    assert image.GetMetaData("SeriesInstanceUID") == uid
    assert image.GetSize()[2] == SLICES


def test_several_series_are_listed_and_one_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory, uids = medium(tmp_path, 1, 2)
    asked = r"DICOMDIR: the medium holds 2 series; choose one with its number or UID \(--series\): 1 \(.*; 2 \(.*UID "
    with pytest.raises(InputError, match=asked):
        read_image(directory)
    assert read_image(directory, "2").GetMetaData("SeriesInstanceUID") == uids[1]
    assert cli.run(["segment", str(directory), "-o", str(tmp_path / "out.seg.nrrd")]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "--series" in told


def test_files_beside_it_that_it_does_not_list_are_not_read(tmp_path: Path) -> None:
    directory, _ = medium(tmp_path, 1)
    write_series(directory.parent / "more", number=7)
    assert read_image(directory).GetSize()[2] == SLICES


def test_names_that_were_copied_in_small_letters_are_found(tmp_path: Path) -> None:
    directory, _ = medium(tmp_path, 1)
    for path in sorted(directory.parent.rglob("*"), reverse=True):
        if path != directory:
            path.rename(path.with_name(path.name.lower()))
    assert read_image(directory).GetSize()[2] == SLICES


def test_the_series_of_a_medium_is_found_by_its_uid(tmp_path: Path) -> None:
    directory, uids = medium(tmp_path, 1, 2)
    assert len(series_among([directory], uids[1]).headers) == SLICES


def test_a_directory_without_its_files_says_what_to_do(tmp_path: Path) -> None:
    directory, _ = medium(tmp_path, 1)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "DICOMDIR").write_bytes(directory.read_bytes())
    with pytest.raises(
        InputError, match="none of the 5 files that it lists is there; give the DICOMDIR in its own folder"
    ):
        read_image(alone / "DICOMDIR")


def test_a_damaged_directory_says_what_to_do(tmp_path: Path) -> None:
    directory, _ = medium(tmp_path, 1)
    whole = directory.read_bytes()
    for part in (0.5, 0.9):
        directory.write_bytes(whole[: int(part * len(whole))])
        with pytest.raises(InputError, match=r"^DICOMDIR: this DICOMDIR is damaged; give the folder with the images"):
            read_image(directory)


def test_a_listed_file_outside_of_the_medium_is_not_read(tmp_path: Path) -> None:
    directory, _ = medium(tmp_path, 1)
    (directory.parent / "link").symlink_to(tmp_path / "series")
    from LumbarSegLib.core.dicom.series import _on_medium

    name = next((tmp_path / "series").iterdir()).name
    assert _on_medium(directory.parent, ["link", name]) is None
    assert _on_medium(directory.parent, ["..", "series", name]) is None
