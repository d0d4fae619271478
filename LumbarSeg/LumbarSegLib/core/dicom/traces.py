"""Where a number was read, as DICOM SR says it: in the frame of reference of a volume, or in pixels of a radiograph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.dicom.placing import on_film
from LumbarSegLib.core.dicom.radiograph import read_radiograph
from LumbarSegLib.core.dicom.source import Source
from LumbarSegLib.core.findings import Point, Trace
from LumbarSegLib.core.projection import View, seen_as
from LumbarSegLib.core.study import Study

if TYPE_CHECKING:
    from highdicom.sr import CoordinatesForMeasurement, CoordinatesForMeasurement3D

    Coordinates = list[CoordinatesForMeasurement | CoordinatesForMeasurement3D]

Places = NDArray[np.float64]


@dataclass(frozen=True)
class Tracing:
    """Turns traces (LPS, mm) into coordinates of an SR about the images of a source.

    `to_pixels` brings places (n, 3) into the pixels of a radiograph, and is None for a volume.
    """

    source: Source
    to_pixels: Callable[[Sequence[Point]], Places] | None

    def of(self, trace: Trace) -> "Coordinates":
        """The points, each line and each contour of a trace."""
        shapes: list[tuple[str, Sequence[Point]]] = []
        if trace.points:
            points = list(trace.points.values())
            shapes.append(("MULTIPOINT" if len(points) > 1 else "POINT", points))
        shapes += [("POLYLINE", line) for line in trace.lines]
        shapes += [("POLYGON", (*contour, contour[0])) for contour in trace.contours if len(contour) > 2]
        return [self._on_film(*one) if self.to_pixels else self._in_patient(*one) for one in shapes]

    def _in_patient(self, kind: str, places: Sequence[Point]) -> "CoordinatesForMeasurement3D":
        from highdicom.spatial import are_points_coplanar
        from highdicom.sr import CoordinatesForMeasurement3D

        at = np.asarray(places, float)
        # A closed line that leaves its plane by more than rounding, as along an endplate, is no polygon.
        if kind == "POLYGON" and not are_points_coplanar(at):
            kind = "POLYLINE"
        return CoordinatesForMeasurement3D(kind, at, self.source.first.FrameOfReferenceUID)

    def _on_film(self, kind: str, places: Sequence[Point]) -> "CoordinatesForMeasurement":
        from highdicom.sr import CoordinatesForMeasurement, SourceImageForRegion

        assert self.to_pixels is not None
        image = SourceImageForRegion.from_source_image(self.source.first)
        # In an image a closed line is what encloses a region.
        return CoordinatesForMeasurement("POLYLINE" if kind == "POLYGON" else kind, self.to_pixels(places), image)


def tracing(study: Study, source: Source) -> Tracing:
    """What turns the traces of a study into coordinates. Of a radiograph the grid of its image is needed; where the
    study brings none, the file is read again.
    """
    if not source.is_radiograph:
        return Tracing(source, None)
    grid = study.image or (study.result.labels if study.result else None) or _read_again(study, source)
    return Tracing(source, on_film(source.first, grid))


def _read_again(study: Study, source: Source) -> sitk.Image:
    path = source.paths[0]
    view: View = "lateral" if study.findings.view == "lateral" else "frontal"
    return seen_as(read_radiograph([(path, source.first)], path), view)
