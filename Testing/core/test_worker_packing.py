"""What goes through the pipe comes out as it went in, and what is no message is told from one that breaks off."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.carried import texts_of
from LumbarSegLib.core.levels import Spine, find_levels
from LumbarSegLib.core.notes import notes_of, with_notes
from LumbarSegLib.core.planes import planes_of, triple, with_planes
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.core.worker import frames
from LumbarSegLib.core.worker.frames import Garbled, Message
from LumbarSegLib.core.worker.packing import packed_image, packed_result, unpacked_image, unpacked_result
from Testing.axial import axial_labels
from Testing.phantoms import spine_phantom

MESSAGE = Message("progress", {"step": "Größe", "fraction": 0.1}, (b"\x00LSW1\n", b"", bytes(range(256))))


def through_pipe(*messages: Message) -> BytesIO:
    pipe = BytesIO()
    for message in messages:
        frames.write(pipe, message)
    pipe.seek(0)
    return pipe


def test_messages_come_out_one_after_the_other_and_then_the_end() -> None:
    pipe = through_pipe(MESSAGE, Message("alive", {}))
    first, second = frames.read(pipe), frames.read(pipe)
    assert first == Message("progress", {"step": "Größe", "fraction": 0.1}, list(MESSAGE.blocks))
    assert second == Message("alive", {}, [])
    assert frames.read(pipe) is None


def test_a_message_that_breaks_off_anywhere_is_the_end() -> None:
    whole = through_pipe(MESSAGE).getvalue()
    assert all(frames.read(BytesIO(whole[:length])) is None for length in range(len(whole)))


@pytest.mark.parametrize(
    "garbage",
    [
        b"Hello",
        b"L\n",
        b"LSW2\x00\x00\x00\x02{}",
        b"LSW1\xff\xff\xff\xff",
        b"LSW1\x02\x00\x00\x00{}",
        b"LSW1\x02\x00\x00\x00no",
        b"LSW1\x02\x00\x00\x00[]",
    ],
)
def test_what_is_no_message_is_told(garbage: bytes) -> None:
    with pytest.raises(Garbled):
        frames.read(BytesIO(garbage))


def oblique(image: sitk.Image) -> sitk.Image:
    """The image in a place of its own, with texts."""
    image.SetSpacing([0.1 + 0.2, 1 / 3, 4.4][: image.GetDimension()])
    image.SetOrigin([-1e-17, 123.456, 7][: image.GetDimension()])
    if image.GetDimension() == 3:
        turn = sitk.Euler3DTransform((0, 0, 0), 0.1, 0.2, 0.3)
        image.SetDirection(turn.GetMatrix())
    image.SetMetaData("0010|0010", "Müller^Jürgen")
    return with_notes(image, ["Slices are missing."])


@pytest.mark.parametrize(
    "image",
    [
        sitk.GetImageFromArray(np.random.default_rng(0).integers(-999, 999, (4, 5, 6), np.int16)),
        sitk.GetImageFromArray(np.random.default_rng(0).normal(size=(4, 5, 6))),
        sitk.GetImageFromArray(np.arange(120, dtype=np.uint8).reshape(4, 5, 6)),
        sitk.GetImageFromArray(np.arange(60, dtype=np.float32).reshape(4, 5, 3), isVector=True),
        sitk.GetImageFromArray(np.arange(180, dtype=np.uint8).reshape(3, 4, 5, 3), isVector=True),
        sitk.GetImageFromArray(np.arange(30, dtype=np.uint32).reshape(5, 6)),
        sitk.Image([2, 3, 4], sitk.sitkComplexFloat32),
        sitk.Image([2, 3, 4, 5], sitk.sitkUInt16),
        sitk.Image([2, 3, 4], sitk.sitkVectorUInt8, 1),
    ],
    ids=lambda image: f"{image.GetDimension()}D {image.GetPixelIDTypeAsString()}",
)
def test_an_image_of_any_kind_comes_out_as_it_went_in(image: sitk.Image) -> None:
    if image.GetDimension() < 4:
        image = oblique(image)
    told, pixels = packed_image(image)
    message = frames.read(through_pipe(Message("image", told, (pixels,))))
    assert message is not None
    found = unpacked_image(message.told, message.blocks[0])
    assert found.GetPixelID() == image.GetPixelID()
    assert np.array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(image))
    for geometry in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection", "GetNumberOfComponentsPerPixel"):
        assert getattr(found, geometry)() == getattr(image, geometry)()
    assert texts_of(found) == texts_of(image)
    assert notes_of(found) == notes_of(image)


def test_a_header_in_another_encoding_does_not_hinder_an_image(tmp_path: Path) -> None:
    image = sitk.Image([2, 3, 4], sitk.sitkUInt8)
    image.SetMetaData("patient", "Muller^Jurgen")
    image.SetMetaData("institute", "Charité")
    sitk.WriteImage(image, str(tmp_path / "image.nrrd"))
    content = (tmp_path / "image.nrrd").read_bytes()
    (tmp_path / "image.nrrd").write_bytes(content.replace(b"Muller^Jurgen", b"M\xfcller^J\xfcrgen"))
    read = with_notes(sitk.ReadImage(str(tmp_path / "image.nrrd")), ["Slices are missing."])
    found = unpacked_image(*packed_image(read))
    assert notes_of(found) == ("Slices are missing.",)
    assert found.GetMetaData("institute") == "Charité"
    assert not found.HasMetaDataKey("patient")


def assert_same_result(found: object, made: object) -> None:
    assert type(found) is type(made)
    assert isinstance(found, Spine | Regions) and isinstance(made, Spine | Regions)
    assert (found.instances, found.notes) == (made.instances, made.notes)
    assert np.array_equal(sitk.GetArrayFromImage(found.labels), sitk.GetArrayFromImage(made.labels))
    assert found.labels.IsSameImageGeometryAs(made.labels, 0, 0)


@pytest.mark.parametrize("lowest_disc", ["L5/S1", "L5/L6", "L4/5"])
def test_a_spine_keeps_its_names_and_notes(lowest_disc: str) -> None:
    _, semantic = spine_phantom(slices=7)
    spine = find_levels(semantic, lowest_disc)
    told, pixels = packed_result(spine)
    message = frames.read(through_pipe(Message("answer", told, (pixels,))))
    assert message is not None
    found = unpacked_result(message.told, message.blocks[0])
    assert_same_result(found, spine)
    assert isinstance(found, Spine)
    assert found.lowest_disc == spine.lowest_disc


def test_a_radiograph_keeps_its_view_and_what_had_to_be_cut_apart() -> None:
    _, semantic = spine_phantom(slices=7)
    spine = find_levels(semantic)
    radiograph = Radiograph(spine.labels, "frontal", spine.instances[1:2], "L4/5", ("One is left out.",), ("L4", "L3"))
    found = unpacked_result(*packed_result(radiograph))
    assert np.array_equal(sitk.GetArrayFromImage(found.labels), sitk.GetArrayFromImage(radiograph.labels))
    assert replace(found, labels=radiograph.labels) == radiograph


def test_regions_keep_what_is_missing_and_the_planes_of_their_slices() -> None:
    labels = axial_labels()
    planes = [replace(plane, origin=triple(np.add(plane.origin, 0.1))) for plane in planes_of(labels)]
    regions = regions_of(with_planes(sitk.ChangeLabel(labels, {4: 0}), planes))
    assert len(regions.notes) == 1
    told, pixels = packed_result(regions)
    message = frames.read(through_pipe(Message("answer", told, (pixels,))))
    assert message is not None
    found = unpacked_result(message.told, message.blocks[0])
    assert_same_result(found, regions)
    assert planes_of(found.labels) == tuple(planes)
