"""Uploaded scenes: what leads out of them, or is too much, is thrown out before 3D Slicer's library reads it."""

import io
import zipfile
from pathlib import Path

import pytest

from LumbarSegLib.browser.door.examination import Examination
from LumbarSegLib.browser.door.examining import examined
from LumbarSegLib.browser.limits import limits_from_resources
from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import samples_dir
from Testing.browser.made_files import zipped
from Testing.browser.scene_files import yesterday

SAMPLE = (samples_dir() / "axial-t1.nrrd").read_bytes()
MOST_FILES, MOST_UNPACKED, MOST_VOXEL_BYTES = 50, 20_000_000, 500_000_000


def scene(more: str = "", name: str = "Data/a.nrrd", head: str = "") -> bytes:
    stored = f'<VolumeArchetypeStorage id="s1" name="s" fileName="{name}" {more}></VolumeArchetypeStorage>'
    return f'<?xml version="1.0"?>{head}<MRML version="Slicer4.4.0">{stored}</MRML>'.encode()


def bundle(text: bytes, **more: bytes) -> bytes:
    return zipped({"a/a.mrml": text, "a/Data/a.nrrd": SAMPLE, **more})


def with_a_link() -> bytes:
    packed = io.BytesIO(bundle(scene()))
    with zipfile.ZipFile(packed, "a") as archive:
        link = zipfile.ZipInfo("a/Data/b.nrrd")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


LEADS_OUT = "a.mrb: the scene names files that do not lie in it"
NO_SCENE = "a.mrb: there is no scene in it that can be opened"
DAMAGED = "a.mrb: the scene is damaged or incomplete"
REMOTE = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 3 3 3\nencoding: raw\ndata file: /etc/passwd\n\n"

BAD = {
    "words": (b"words", DAMAGED),
    "nothing": (b"", DAMAGED),
    "half of it": (bundle(scene())[:-200], DAMAGED),
    "an archive without a scene": (zipped({"a.nrrd": SAMPLE}), NO_SCENE),
    "two scenes": (bundle(scene(), **{"a/b.mrml": scene()}), NO_SCENE),
    "a scene that is no XML": (bundle(b"<MRML>"), NO_SCENE),
    "a scene with entities": (bundle(scene(head='<!DOCTYPE x [<!ENTITY a "aaaa">]>')), NO_SCENE),
    "a member above its folder": (bundle(scene(), **{"../../evil.nrrd": SAMPLE}), LEADS_OUT),
    "a member with a place of its own": (bundle(scene(), **{"/evil.nrrd": SAMPLE}), LEADS_OUT),
    "a member in the manner of Windows": (bundle(scene(), **{"C:\\evil.nrrd": SAMPLE}), LEADS_OUT),
    "a link": (with_a_link(), LEADS_OUT),
    "a file of the machine": (bundle(scene(name="/etc/passwd")), LEADS_OUT),
    "a file above the scene": (bundle(scene(name="../../x.nrrd")), LEADS_OUT),
    "the same behind escapes": (bundle(scene(name="%2e%2e/%2e%2e/x.nrrd")), LEADS_OUT),
    "one of a list of files": (bundle(scene('fileListMember0="/etc/passwd"')), LEADS_OUT),
    "an address": (bundle(scene('uri="http://example.org/a.nrrd"')), LEADS_OUT),
    "an image whose voxels lie elsewhere": (
        zipped({"a/a.mrml": scene(), "a/Data/a.nrrd": REMOTE}),
        "a.mrb: its voxels lie in another file",
    ),
    "a bomb": (bundle(scene(), **{"a/Data/b.nrrd": bytes(30_000_000)}), "a.mrb: the archive unpacks to more than"),
    "too many files": (
        bundle(scene(), **{f"a/{number}.txt": b"" for number in range(60)}),
        "a.mrb: the archive holds more than 50 files",
    ),
}  # fmt: skip


def examine(folder: Path, called: str, content: bytes) -> list[str]:
    limits = limits_from_resources()
    suffix = next(suffix for suffix in limits.suffixes if called.endswith(suffix))
    (folder / f"0001{suffix}").write_bytes(content)
    wanted = Examination(
        str(folder), {f"0001{suffix}": called}, MOST_FILES, MOST_UNPACKED, MOST_VOXEL_BYTES, limits.suffixes
    )
    return examined(wanted)


@pytest.mark.parametrize("case", BAD)
def test_a_scene_that_leads_out_or_is_none_gets_one_sentence_and_is_gone(case: str, tmp_path: Path) -> None:
    content, expected = BAD[case]
    with pytest.raises(InputError) as refused:
        examine(tmp_path, "a.mrb", content)
    assert str(refused.value).startswith(expected)
    assert "0001" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_scene_and_segments_of_ours_are_taken_as_they_are(tmp_path: Path) -> None:
    files = yesterday(tmp_path)
    uploaded = tmp_path / "uploaded"
    uploaded.mkdir()
    for path, name in ((files.scene, "0001.mrb"), (files.segments, "0001.seg.nrrd")):
        content = path.read_bytes()
        assert examine(uploaded, path.name, content) == [name]
        assert (uploaded / name).read_bytes() == content
        (uploaded / name).unlink()
        assert list(uploaded.iterdir()) == []
