"""The tools of the segment editor, one of which is in use at a time, and their settings."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode
    from trame_server.state import State
    from trame_slicer.core import SlicerApp

TOOLS = (
    ("", "Move", "mdi-cursor-default-outline"),
    ("paint", "Paint", "mdi-brush"),
    ("erase", "Erase", "mdi-eraser"),
    ("draw", "Draw", "mdi-draw"),
    ("scissors", "Scissors", "mdi-content-cut"),
    ("threshold", "Threshold", "mdi-contrast-box"),
    ("islands", "Islands", "mdi-scatter-plot-outline"),
    ("smoothing", "Smoothing", "mdi-blur"),
)
"""The tools by their keys, with name and icon; the first is none."""

SCISSORS = (
    ("ERASE_INSIDE", "Erase inside"),
    ("ERASE_OUTSIDE", "Erase outside"),
    ("FILL_INSIDE", "Fill inside"),
    ("FILL_OUTSIDE", "Fill outside"),
)
ISLANDS = (
    ("KEEP_LARGEST_ISLAND", "Keep the largest"),
    ("REMOVE_SMALL_ISLANDS", "Remove small ones"),
    ("KEEP_SELECTED", "Keep the one clicked"),
    ("REMOVE_SELECTED", "Remove the one clicked"),
    ("ADD_SELECTED", "Add the one clicked"),
)
SMOOTHINGS = (
    ("MEDIAN", "Median"),
    ("OPENING", "Remove extrusions"),
    ("CLOSING", "Fill holes"),
    ("GAUSSIAN", "Gaussian"),
    ("JOINT", "All segments together"),
)

_BRUSH_SHARE = 1 / 60  # of the field of view
_FEWEST_PIXELS = 5.0
_STEP = 1.25
SMALLEST_MM, LARGEST_MM = 1.0, 60.0
_SETTINGS = ("brush_mm", "sphere", "scissors", "islands", "smallest_island", "smoothing_tool", "smoothing_mm")
_GREY = ("low", "high")


class Tools:
    """Turns the editor's effects on and off and hands them what the page's state has for them."""

    def __init__(self, app: "SlicerApp", state: "State") -> None:
        from trame_slicer import segmentation as effects

        self._state, self._editor = state, app.segmentation_editor
        self._effects: dict[str, Any] = {
            "": effects.SegmentationEffectNoTool,
            "paint": effects.SegmentationEffectPaint,
            "erase": effects.SegmentationEffectErase,
            "draw": effects.SegmentationEffectDraw,
            "scissors": effects.SegmentationEffectScissors,
            "threshold": effects.SegmentationEffectThreshold,
            "islands": effects.SegmentationEffectIslands,
            "smoothing": effects.SegmentationEffectSmoothing,
        }
        state.update(
            {
                "tool": "",
                "brush_mm": 6.0,
                "sphere": False,
                "scissors": SCISSORS[0][0],
                "islands": ISLANDS[0][0],
                "smallest_island": 100,
                "smoothing_tool": SMOOTHINGS[0][0],
                "smoothing_mm": 2.0,
                "low": 0.0,
                "high": 1.0,
            }
        )
        state.change(*_SETTINGS, *_GREY)(lambda **_: self.settings_changed())

    def use(self, key: str) -> None:
        """Take a tool of `TOOLS` into use, or put it away where it is in use already."""
        key = "" if key == self._state.tool else key
        self._state.tool = key
        if self._editor.active_segmentation is None:
            self._state.tool = ""
            return
        effect = self._editor.set_active_effect_type(self._effects[key])
        if key == "threshold" and effect is not None:
            effect.auto_threshold()
            self._state.low, self._state.high = effect.get_threshold_min_max_values()
        self.settings_changed()

    def fit(self, volume: "vtkMRMLVolumeNode") -> None:
        """Give brushes a size that fits an image."""
        size, spacing = volume.GetImageData().GetDimensions(), volume.GetSpacing()
        across = np.sort(np.multiply(size, spacing))[-2]
        pixel = np.sort(spacing)[1] if 1 in size else np.sort(spacing)[0]
        self._set_brush(max(across * _BRUSH_SHARE, _FEWEST_PIXELS * pixel))
        self.settings_changed()

    def resize_brush(self, larger: bool) -> None:
        """Make the brush a step larger or smaller."""
        self._set_brush(self._state.brush_mm * (_STEP if larger else 1 / _STEP))
        self.settings_changed()

    def settings_changed(self) -> None:
        """Hand the tools the settings that the page's state has."""
        from trame_slicer import segmentation as kinds

        get = self._editor.get_effect
        for key in ("paint", "erase", "smoothing"):
            brush = get(self._effects[key])
            brush.set_brush_diameter(float(self._state.brush_mm), kinds.BrushDiameterMode.Absolute)
            brush.set_use_sphere_brush(bool(self._state.sphere))
        get(self._effects["scissors"]).set_fill_mode(kinds.ScissorsEffectFillMode[self._state.scissors])
        islands = get(self._effects["islands"])
        islands.set_island_mode(kinds.SegmentationIslandsMode[self._state.islands])
        islands.set_minimum_island_size(int(self._state.smallest_island))
        smoothing = get(self._effects["smoothing"])
        smoothing.set_smoothing_mode(type(smoothing.smoothing_mode)[self._state.smoothing_tool])
        smoothing.set_kernel_size(float(self._state.smoothing_mm))
        smoothing.set_standard_deviation(float(self._state.smoothing_mm))
        if self._state.tool == "threshold":
            get(self._effects["threshold"]).set_threshold_min_max_values(
                (float(self._state.low), float(self._state.high))
            )

    def _set_brush(self, size_mm: float) -> None:
        self._state.brush_mm = round(float(np.clip(size_mm, SMALLEST_MM, LARGEST_MM)), 1)

    def apply(self) -> None:
        """Do to the whole segment what the tool in use does."""
        effect = self._editor.active_effect
        if self._state.tool == "smoothing":
            effect.apply_smoothing()
        elif self._state.tool in ("threshold", "islands"):
            effect.apply()
            if self._state.tool == "threshold":
                self.use("threshold")
