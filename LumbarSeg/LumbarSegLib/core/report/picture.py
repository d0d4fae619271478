"""A picture of what was found in an image; of a sagittal one the slice through the canal, plain and with segments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from matplotlib.figure import Figure

from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, Result
from LumbarSegLib.core.report.contact_sheet import regions_figure
from LumbarSegLib.core.report.measured_radiograph import vertebrae_figure
from LumbarSegLib.core.report.png_origin import origin_in_png
from LumbarSegLib.core.report.slices import (
    Stack,
    black_figure,
    draw_names,
    draw_scale_bar,
    draw_segments,
    draw_slice,
    state_research_use,
)

_HEIGHT_IN = 8.0
_MARGIN_IN = 0.45
_OPACITY = 0.28
_LATERAL_MM = 6.0


def draw_picture(image: sitk.Image, result: Result, path: Path, provenance: Mapping[str, Any] = {}) -> None:
    """Write a PNG of the segmented 3D image that tells its `provenance`: a Spine from the side, the Regions of an axial
    image on a contact sheet, the vertebrae of a radiograph.

    Raises OSError if it is not written.
    """
    if isinstance(result, Regions):
        figure = regions_figure(image, result)
    elif isinstance(result, Radiograph):
        figure = vertebrae_figure(image, result)
    else:
        figure = _spine_figure(image, result)
    figure.savefig(path, metadata=origin_in_png(provenance))


def _spine_figure(image: sitk.Image, spine: Spine) -> Figure:
    """The slice through the middle of the canal, plain and with segments, and a lateral one if there is.

    `image` is the 3D sagittal volume, `spine` what was found on its grid. Level names stand in front of the
    bodies and discs; a name in parentheses is partly out of the image.
    """
    stack = Stack(image, spine.labels)
    middle, lateral = stack.middle, _lateral_slice(stack)
    shown = [(middle, "Through the canal"), (middle, "Segmented")]
    if lateral != middle:
        shown.append((lateral, f"{abs(lateral - middle) * stack.spacing[2]:.0f} mm lateral"))
    width = len(shown) * _HEIGHT_IN * stack.box.width / stack.box.height
    figure = black_figure(width, _HEIGHT_IN + 2 * _MARGIN_IN)
    edge = _MARGIN_IN / (_HEIGHT_IN + 2 * _MARGIN_IN)
    figure.subplots_adjust(left=0.005, right=0.995, bottom=edge, top=1 - edge, wspace=0.01)
    panels = figure.subplots(1, len(shown))
    for axes, (index, title) in zip(panels, shown, strict=True):
        draw_slice(axes, stack, index, title, stack.box)
    draw_scale_bar(panels[0], stack, stack.box)
    for axes, (index, _) in zip(panels[1:], shown[1:], strict=True):
        draw_segments(axes, stack.labels[index], spine.instances, stack.box, _OPACITY)
    draw_names(panels[1], stack, spine)
    state_research_use(figure)
    return figure


def _lateral_slice(stack: Stack) -> int:
    """A slice beside the canal, on the side that shows more."""
    step = max(1, round(_LATERAL_MM / stack.spacing[2]))
    sides = [index for index in (stack.middle - step, stack.middle + step) if 0 <= index < len(stack.labels)]
    return max(sides, key=lambda index: np.count_nonzero(stack.labels[index]), default=stack.middle)
