"""Lists as people write them, and folders as scanners leave them."""

from pathlib import Path

import pytest

from LumbarSegLib.cohort.cases import Wanted
from LumbarSegLib.cohort.listing import wanted_images
from LumbarSegLib.errors import InputError
from Testing import dicom_series
from Testing.bad_images import volume


def listed(folder: Path, name: str, text: str | bytes) -> list[Wanted]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return wanted_images(folder / name, folder / "out")


def test_a_text_file_names_an_image_a_line(tmp_path: Path) -> None:
    wanted = listed(tmp_path, "list.txt", "# my cohort\na.nrrd\n\n  sub/b c.nii.gz\r\n/data/ü.mha\n")
    assert [one.image for one in wanted] == [tmp_path / "a.nrrd", tmp_path / "sub/b c.nii.gz", Path("/data/ü.mha")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_names_images_and_what_is_known_of_them(tmp_path: Path, separator: str) -> None:
    rows = [
        ["ID", "Path", "age", "Task", "series"],
        ["P1", "a.nrrd", "60", "", ""],
        ["P2", "d", "50", "Axial", "4"],
    ]
    wanted = listed(tmp_path, "list.csv", "\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    assert wanted == [Wanted(tmp_path / "a.nrrd", "P1"), Wanted(tmp_path / "d", "P2", "axial", "4")]


def test_a_table_from_an_old_spreadsheet_is_read_by_its_own_encoding(tmp_path: Path) -> None:
    (wanted,) = listed(tmp_path, "list.csv", "image;name\nMüller.nrrd;Müller\n".encode("cp1252"))
    assert wanted == Wanted(tmp_path / "Müller.nrrd", "Müller")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("list.txt", "# nothing\n", "there is no image in it"),
        ("list.csv", "patient,age\n1,2\n", "no column is called image"),
        ("list.txt", "a.nrrd\na.nrrd\n", "lines 1 and 2 name the same image"),
        ("list.csv", "image,task\na.nrrd,knee\n", "line 2: knee is no task; give one of sagittal, axial, xray"),
        ("image.nrrd", "NRRD0004\n", "this is no list"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        listed(tmp_path, name, text)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such list or folder"):
        wanted_images(tmp_path / "none.txt", tmp_path / "out")


def test_a_folder_gives_its_images_and_dicom_series(tmp_path: Path) -> None:
    for name in ("b.nrrd", "sub/a.nii.gz", "out/old.nrrd", ".hidden/c.mha", "film.PNG", "notes.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    dicom_series.write_series(tmp_path / "one")
    dicom_series.write_series(tmp_path / "two", number=3)
    dicom_series.write_volume(tmp_path / "two", volume(), number=4)
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "1.dcm").write_bytes(b"damaged")

    wanted = wanted_images(tmp_path, tmp_path / "out")

    found = [one.image.relative_to(tmp_path).as_posix() for one in wanted]
    series = [one for one in found if one.startswith("two/")]
    assert len(series) == 2
    assert [one for one in found if one not in series] == ["b.nrrd", "film.PNG", "lost", "one", "sub/a.nii.gz"]


def test_each_series_of_a_folder_is_read_as_an_image_of_its_own(tmp_path: Path) -> None:
    from LumbarSegLib.core.images import read_image

    dicom_series.write_volume(tmp_path, volume(), number=3)
    dicom_series.write_volume(tmp_path, volume() + 50, number=4)
    images = [read_image(one.image) for one in wanted_images(tmp_path, tmp_path / "out")]
    assert len({image.GetMetaData("SeriesInstanceUID") for image in images}) == 2
