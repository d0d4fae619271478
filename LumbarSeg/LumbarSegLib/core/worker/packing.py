"""Images and results on their way through the pipe: what JSON can say, and their pixels."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import STRUCTURES, kinds_of
from LumbarSegLib.core.carried import carrying, texts_of
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.core.planes import triple
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, Result

_FASTEST = 1  # of zlib's levels; a label map becomes a hundredth with it, and the others gain nothing worth their time

Told = Mapping[str, Any]


def packed_image(image: sitk.Image) -> tuple[dict[str, Any], bytes]:
    """Geometry, type and texts of an image of any kind, and a copy of its pixels."""
    pixels = sitk.GetArrayViewFromImage(image)
    vector = "vector" in image.GetPixelIDTypeAsString()
    told = {
        "type": pixels.dtype.str,
        "shape": [*image.GetSize()[::-1], *([image.GetNumberOfComponentsPerPixel()] if vector else [])],
        "vector": vector,
        "spacing": image.GetSpacing(),
        "origin": image.GetOrigin(),
        "direction": image.GetDirection(),
        "texts": texts_of(image),
    }
    return told, pixels.tobytes()


def unpacked_image(told: Told, pixels: bytes) -> sitk.Image:
    """The image that was packed."""
    array = np.frombuffer(pixels, np.dtype(told["type"])).reshape(told["shape"])
    image = sitk.GetImageFromArray(array, isVector=told["vector"])
    image.SetSpacing(told["spacing"])
    image.SetOrigin(told["origin"])
    image.SetDirection(told["direction"])
    return carrying(image, told["texts"])


def packed_labels(labels: sitk.Image) -> tuple[dict[str, Any], bytes]:
    """As `packed_image`, compressed."""
    told, pixels = packed_image(labels)
    return told, zlib.compress(pixels, _FASTEST)


def unpacked_labels(told: Told, pixels: bytes) -> sitk.Image:
    """The label map that was packed."""
    return unpacked_image(told, zlib.decompress(pixels))


def packed_result(result: Result) -> tuple[dict[str, Any], bytes]:
    """What was found in an image, and its label map."""
    image, pixels = packed_labels(result.labels)
    instances = [
        {
            "name": one.structure.name,
            "center": one.center,
            "volume_mm3": one.volume_mm3,
            "partly_visible": one.partly_visible,
        }
        for one in result.instances
    ]
    return {"labels": image, "instances": instances, "notes": result.notes, **_own(result)}, pixels


def _own(result: Result) -> dict[str, Any]:
    """What only a result of its task has."""
    if isinstance(result, Spine):
        return {"task": "sagittal", "lowest_disc": result.lowest_disc}
    if isinstance(result, Radiograph):
        return {"task": "xray", "view": result.view, "lowest_disc": result.lowest_disc, "parted": result.parted}
    return {"task": result.task}


def unpacked_result(told: Told, pixels: bytes) -> Result:
    """The result that was packed."""
    rows = STRUCTURES if "lowest_disc" in told else kinds_of(told["task"]).values()
    structures = {row.name: row for row in rows}
    labels, notes = unpacked_labels(told["labels"], pixels), tuple(told["notes"])
    instances = tuple(
        Instance(structures[one["name"]], triple(one["center"]), one["volume_mm3"], one["partly_visible"])
        for one in told["instances"]
    )
    if told["task"] == "sagittal":
        return Spine(labels, instances, told["lowest_disc"], notes)
    if told["task"] == "xray":
        return Radiograph(labels, told["view"], instances, told["lowest_disc"], notes, tuple(told["parted"]))
    return Regions(told["task"], labels, instances, notes)
