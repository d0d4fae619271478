"""What is thrown out of an upload, whatever it calls itself, before a session hears of it."""

import gzip
import struct
import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from LumbarSegLib.browser.door.examination import Examination
from LumbarSegLib.browser.door.examining import examined
from LumbarSegLib.browser.limits import limits_from_resources
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import samples_dir
from Testing.browser.made_files import as_file, volume, zipped
from Testing.dicom_series import write_series
from Testing.dicom_studies import identity
from Testing.findings_by_hand import findings_by_hand

MEASURES = to_json(findings_by_hand(), {"model": "phantom"})
SAMPLE = (samples_dir() / "axial-t1.nrrd").read_bytes()
MOST_FILES, MOST_UNPACKED, MOST_VOXEL_BYTES = 50, 20_000_000, 500_000_000


def truncated_zip() -> bytes:
    return zipped({"a.nrrd": SAMPLE}, zipfile.ZIP_STORED)[:-200]


def encrypted_zip() -> bytes:
    packed = bytearray(zipped({"a.nrrd": SAMPLE}))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def bomb(declared: bool) -> bytes:
    """30 kB that unpack to 30 MB; where they do not declare it, they say 10 bytes."""
    packed = bytearray(zipped({"a.nrrd": bytes(30_000_000)}))
    if not declared:
        struct.pack_into("<L", packed, packed.index(b"PK\x01\x02") + 24, 10)
        struct.pack_into("<L", packed, 22, 10)
    return bytes(packed)


def overlapping_bomb() -> bytes:
    """Many entries of the directory that all point at the same bytes."""
    packed = zipped({"a.nrrd": bytes(1_000_000)})
    start = packed.index(b"PK\x01\x02")
    end = packed.index(b"PK\x05\x06")
    entries = packed[start:end] * 300
    tail = bytearray(packed[end:])
    struct.pack_into("<HHL", tail, 8, 300, 300, len(entries))
    return packed[:start] + entries + bytes(tail)


def nrrd(**fields: str) -> bytes:
    header = {"type": "short", "dimension": "3", "sizes": "30 20 4", "encoding": "raw", "endian": "little"}
    header |= {
        "space": "left-posterior-superior",
        "space directions": "(1,0,0) (0,1,0) (0,0,4)",
        "space origin": "(0,0,0)",
    }
    header |= {name.replace("_", " "): value for name, value in fields.items()}
    return ("NRRD0004\n" + "".join(f"{name}: {value}\n" for name, value in header.items()) + "\n").encode()


METAIMAGE = b"ObjectType = Image\nNDims = 3\nDimSize = 10 10 4\nElementType = MET_UCHAR\n"

BAD = {
    "a text called an image": ("notes.nrrd", b"words", "notes.nrrd: there is no image in it that can be opened"),
    "a text without a suffix": ("notes", b"words", "notes: there is no image in it that can be opened"),
    "nothing": ("empty.nrrd", b"", "empty.nrrd: the file is empty"),
    "an archive without an image": ("a.zip", zipped({"a.txt": b"words"}), "a.zip: there is no image in it"),
    "an empty archive": ("a.zip", zipped({}), "a.zip: "),
    "half an archive": ("a.zip", truncated_zip(), "a.zip: the archive is damaged or incomplete"),
    "an encrypted archive": ("a.zip", encrypted_zip(), "a.zip: the archive is encrypted"),
    "a bomb": ("a.zip", bomb(True), "a.zip: the archive unpacks to more than 20 MB"),
    "a bomb that lies": ("a.zip", bomb(False), "a.zip: the archive is damaged or incomplete"),
    "a bomb of one file many times": ("a.zip", overlapping_bomb(), "a.zip: the archive"),
    "an archive of too many files": (
        "a.zip",
        zipped({f"{number}.dcm": b"" for number in range(60)}),
        "a.zip: the archive holds more than 50 files",
    ),
    "a header of another file": ("a.nrrd", nrrd(data_file="/etc/passwd"), "a.nrrd: its voxels lie in another file"),
    "the same in other letters": ("a.nrrd", nrrd(DataFile="../0002.raw"), "a.nrrd: its voxels lie in another file"),
    "the same as MetaImage": (
        "a.mha",
        METAIMAGE + b"ElementDataFile = /etc/passwd\n",
        "a.mha: its voxels lie in another file",
    ),
    "the same behind a comment": (
        "a.mha",
        b"Comment = ElementDataFile = LOCAL\n" + METAIMAGE + b"ElementDataFile = /etc/passwd\n",
        "a.mha: its voxels lie in another file",
    ),
    "another JSON": ("a.json", b'{"a": 1}', "a.json: this JSON holds no findings"),
    "a table of something else": ("a.csv", b"a,b\n1,2\n", "a.csv: this is no table of measures"),
    "measures that were altered": (
        "a.json",
        MEASURES.replace('"value": 96.0', '"value": "many"').encode(),
        "a.json: these findings are damaged or were altered",
    ),
    "a header of far too many voxels": (
        "a.nrrd",
        nrrd(sizes="100000 100000 1000", encoding="gzip") + gzip.compress(bytes(1000)),
        "a.nrrd: the image is larger than",
    ),
}  # fmt: skip


def examine(folder: Path, **files: bytes) -> list[str]:
    """Examine files, given by what their user calls them."""
    suffixes = limits_from_resources().suffixes
    named = {}
    for number, (called, content) in enumerate(files.items(), 1):
        suffix = next((suffix for suffix in suffixes if called.endswith(suffix)), ".dcm")
        named[f"{number:04d}{suffix}"] = called
        (folder / f"{number:04d}{suffix}").write_bytes(content)
    return examined(Examination(str(folder), named, MOST_FILES, MOST_UNPACKED, MOST_VOXEL_BYTES, suffixes))


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_sound_image_gets_one_sentence_with_its_users_name_and_is_gone(case: str, tmp_path: Path) -> None:
    name, content, expected = BAD[case]
    with pytest.raises(InputError) as refused:
        examine(tmp_path, **{name: content})
    said = str(refused.value)
    assert said.startswith(expected)
    assert said.endswith(".")
    assert "0001" not in said


def test_half_a_header_is_told_as_such(tmp_path: Path) -> None:
    half = as_file(volume(), "whole.nii", tmp_path)[:200]
    with pytest.raises(InputError, match=r"^half.nii: "):
        examine(tmp_path, **{"half.nii": half})


def test_among_images_what_is_none_is_left_out_and_gone(tmp_path: Path) -> None:
    assert examine(tmp_path, **{"notes.nrrd": b"words", "image.nrrd": SAMPLE}) == ["0002.nrrd"]
    assert [path.name for path in tmp_path.iterdir()] == ["0002.nrrd"]


def test_measures_of_ours_are_taken_beside_their_image(tmp_path: Path) -> None:
    table = to_csv(findings_by_hand(), {"model": "phantom"})
    files = {"image.nrrd": SAMPLE, "größe.json": MEASURES.encode(), "größe.csv": table.encode("utf-8-sig")}
    assert examine(tmp_path, **files) == ["0001.nrrd", "0002.json", "0003.csv"]


def test_a_member_of_an_archive_has_a_name_of_ours_and_its_own_suffix(tmp_path: Path) -> None:
    packed = zipped(
        {"../../evil.nrrd": SAMPLE, "b/IM0001": b"words", "c.nii.gz": as_file(volume(), "v.nii.gz", tmp_path)}
    )
    (tmp_path / "v.nii.gz").unlink()
    assert examine(tmp_path, **{"study.zip": packed}) == ["0001-0001.nrrd", "0001-0003.nii.gz"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["0001-0001.nrrd", "0001-0003.nii.gz"]


def test_a_directory_of_dicom_files_is_no_image_itself(tmp_path: Path) -> None:
    write_series(tmp_path / "series", **identity())
    files = FileSet()
    for path in (tmp_path / "series").iterdir():
        files.add(path)
    files.write(tmp_path / "medium")
    directory = (tmp_path / "medium" / "DICOMDIR").read_bytes()
    image = next((tmp_path / "series").iterdir()).read_bytes()
    uploaded = tmp_path / "uploaded"
    uploaded.mkdir()

    with pytest.raises(InputError, match=r"^DICOMDIR: a DICOMDIR only lists images"):
        examine(uploaded, DICOMDIR=directory)

    assert examine(uploaded, DICOMDIR=directory, IM0001=image) == ["0002.dcm"]


def test_an_archive_in_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^a.zip: there is no image in it"):
        examine(tmp_path, **{"a.zip": zipped({"b.zip": zipped({"c.nrrd": SAMPLE})})})
