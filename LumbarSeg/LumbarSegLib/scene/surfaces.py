"""Segments as surfaces, one STL file for each, as printers and mesh programs read them."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import vtkReverseSense
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter
from vtkmodules.vtkIOGeometry import vtkSTLWriter

from LumbarSegLib.errors import OutputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import segments_of
from LumbarSegLib.scene.vtk_errors import VtkError, vtk_errors_raised

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def save_surfaces(segmentation: "vtkMRMLSegmentationNode", folder: str | Path) -> list[Path]:
    """Write the surface of each segment that is not empty into a new or empty folder, and return the files.

    Points are in LPS mm, as the header of each file says. A file is named after its segment: `L3-4.stl`.
    Raises OutputError if the folder holds something already or cannot be written; it then is as it was.
    """
    folder = Path(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{folder}: something is there already. Give a new or an empty folder.")
        with TemporaryDirectory(prefix=".", dir=folder.parent) as place:
            # The temporary folder itself is closed to other users, its content need not be.
            whole = Path(place) / "surfaces"
            whole.mkdir()
            names = _write_all(segmentation, whole)
            if folder.exists():
                folder.rmdir()
            whole.replace(folder)
    except (OSError, VtkError) as error:
        raise OutputError(
            f"{folder}: the surfaces cannot be written. Free some space or choose another place."
        ) from error
    return [folder / name for name in names]


def _write_all(segmentation: "vtkMRMLSegmentationNode", folder: Path) -> list[str]:
    names: list[str] = []
    for segment_id, segment in segments_of(segmentation).items():
        with vtk_errors_raised():
            surface = _surface(segmentation, segment_id)
            if surface.GetNumberOfPoints():
                names.append(_file_name(segment.GetName(), taken=names))
                _write(surface, folder / names[-1])
    return names


def _surface(segmentation: "vtkMRMLSegmentationNode", segment_id: str) -> vtkPolyData:
    """The closed surface in RAS mm, under the node's transform; made if the segmentation does not hold it."""
    surface = vtkPolyData()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.GetSegmentClosedSurfaceRepresentation(segmentation, segment_id, surface, True):
        raise VtkError(f"no surface of {segment_id}")
    # On a left-handed grid MRML makes the surface inside out.
    voxels, to_ras = segmentation.GetBinaryLabelmapInternalRepresentation(segment_id), vtkMatrix4x4()
    if voxels is not None:
        voxels.GetImageToWorldMatrix(to_ras)
    if to_ras.Determinant() > 0:
        return surface
    turned = vtkReverseSense()
    turned.SetInputData(surface)
    turned.Update()
    outward: vtkPolyData = turned.GetOutput()
    return outward


def _write(surface: vtkPolyData, path: Path) -> None:
    ras_to_lps = vtkTransform()
    ras_to_lps.Scale(-1, -1, 1)
    turned = vtkTransformPolyDataFilter()
    turned.SetInputData(surface)
    turned.SetTransform(ras_to_lps)
    writer = vtkSTLWriter()
    writer.SetInputConnection(turned.GetOutputPort())
    writer.SetFileName(str(path))
    writer.SetFileTypeToBinary()
    writer.SetHeader("LumbarSeg. SPACE=LPS")
    writer.Write()


def _file_name(segment: str, taken: list[str]) -> str:
    """A name that every file system takes and no other segment has, whatever the case of its letters."""
    stem = re.sub(r"[^\w. -]+", "-", segment).strip(" .-") or "segment"
    names = [f"{stem}.stl", *(f"{stem}-{number}.stl" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.lower() not in {other.lower() for other in taken})
