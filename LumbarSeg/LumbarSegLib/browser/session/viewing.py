"""The views: how they are laid out, what they show, grey values, zoom and slice."""

from typing import TYPE_CHECKING, Any

import numpy as np
from vtkmodules.util.numpy_support import vtk_to_numpy

from LumbarSegLib.browser.session.page.views import fit_in_place, view_overlay
from LumbarSegLib.core import images
from LumbarSegLib.core.projection import is_projection
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.scene.volumes import image_from_volume

if TYPE_CHECKING:
    from slicer import vtkMRMLSliceNode, vtkMRMLVolumeNode
    from trame_server import Server
    from trame_slicer.core import SlicerApp
    from trame_slicer.views import Layout

    from LumbarSegLib.core.findings import Point

LAYOUTS = (("one", "One view"), ("side", "One large, two small"), ("four", "Four views"), ("3d", "3D and one view"))
"""The layouts by their keys, as the page names them."""

WINDOWS = (
    ("auto", "Automatic", 0.5, 99.5),
    ("contrast", "More contrast", 10.0, 97.0),
    ("soft", "Less contrast", 0.0, 99.99),
    ("dark", "Bright structures", 40.0, 99.9),
)
"""Windows by their keys and names: the percentiles of the image that are black and white. MR has no units."""

_PROBED = 200_000  # voxels that percentiles are taken from
_FPS, _QUALITY = 30.0, 60


class Viewing:
    """The views of one scene. The main one is that in which the slices of the image lie."""

    def __init__(self, app: "SlicerApp", server: "Server") -> None:
        from trame_slicer.core import LayoutManager
        from trame_slicer.rca_view import register_rca_factories

        self._app, self._state = app, server.state
        register_rca_factories(
            app.view_manager,
            server,
            slice_view_ui_f=view_overlay,
            three_d_view_ui_f=view_overlay,
            target_fps=_FPS,
            interactive_quality=_QUALITY,
        )
        self.layouts = LayoutManager(app.scene, app.view_manager, server)
        self._plane = "sagittal"
        self._volume: vtkMRMLVolumeNode | None = None
        self._prepared: set[str] = set()
        self._state.update(
            {
                "layout": "side",
                "window_preset": "auto",
                "inverted": False,
                "adjusting": False,
                "letters": {},
                "flat": False,
                "in_mm": True,
            }
        )
        self._state.change("window_preset")(lambda window_preset, **_: self.set_window(window_preset))
        # All views come before the editor's tools: a tool finds no view that comes after it.
        self.layouts.register_layout("all", _layout("four", self._plane))
        self.set_layout("side")

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        """The image that the views show."""
        return self._volume

    def set_layout(self, key: str) -> None:
        """Lay the views out in one of `LAYOUTS`."""
        self._state.layout = key
        name = f"{key} {self._plane}"
        if not self.layouts.has_layout(name):
            self.layouts.register_layout(name, _layout(key, self._plane), lazy_initialization=True)
        self.layouts.set_layout(name)
        self.prepare_views()

    def prepare_views(self) -> None:
        """Let views that are new show what the others show, and fit when their size changes."""
        from trame_slicer.views import SliceView

        for view in self._app.view_manager.get_views():
            if view.get_singleton_tag() in self._prepared:
                continue
            self._prepared.add(view.get_singleton_tag())
            if isinstance(view, SliceView):
                # Without a graphics card smoothed edges cost most of a picture's time, and a slice has few of them.
                view.render_window().SetMultiSamples(0)
                view.interactor().AddObserver("WindowResizeEvent", lambda *_, view=view: fit_in_place(view))
                view.set_background_volume_id(self._volume.GetID() if self._volume is not None else None)
                view.reset_view()

    def show_volume(self, volume: "vtkMRMLVolumeNode") -> None:
        """Show an image in all views, in the layout that fits how it was taken."""
        image = image_from_volume(volume)
        self._volume = volume
        projected = self._state.flat = is_projection(image)
        self._state.in_mm = has_spacing(image)
        self._plane = images.plane_of(image)
        self.set_layout("one" if projected or self._plane == "axial" else "side")
        self._app.display_manager.show_volume_in_slice_background(volume)
        self._state.inverted = False
        self.set_window("auto")
        self.reset()

    def follow(self, volume: "vtkMRMLVolumeNode") -> None:
        """Show an image anew if it was placed otherwise, as a radiograph is once its view is found."""
        if volume is self._volume and images.plane_of(image_from_volume(volume)) != self._plane:
            self.show_volume(volume)

    def scene_cleared(self) -> None:
        """Nothing is shown any more."""
        self._volume = None

    def fit(self) -> None:
        """Fit all views without leaving the slices that they show."""
        for view in self._app.view_manager.get_slice_views():
            fit_in_place(view)
        self.fit_solid()

    def reset(self) -> None:
        """Let all views show the middle of what there is."""
        for view in self._app.view_manager.get_views():
            view.reset_view()
        self._state.letters = {
            view.get_singleton_tag(): letters_of(view.get_view_node())
            for view in self._app.view_manager.get_slice_views()
        }

    def fit_solid(self) -> None:
        """Let the 3D view look from the left at all that it shows."""
        from trame_slicer.views.threed_view import ViewDirection

        for view in self._app.view_manager.get_threed_views():
            view.fit_view_to_content()
            view.rotate_to_view_direction(ViewDirection.LEFT)

    def set_window(self, key: str) -> None:
        """Show the grey values of one of `WINDOWS`."""
        volume = self._volume
        if volume is None:
            return
        self._state.window_preset = key
        low, high = next((low, high) for name, _, low, high in WINDOWS if name == key)
        as_numpy: Any = vtk_to_numpy  # VTK gives it no types
        voxels = as_numpy(volume.GetImageData().GetPointData().GetScalars())
        black, white = np.percentile(voxels[:: max(1, voxels.size // _PROBED)], (low, high)).tolist()
        display = volume.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(black, max(white, black + 1e-6))

    def set_inverted(self, inverted: bool) -> None:
        """Show black as white."""
        self._state.inverted = inverted
        if self._volume is not None:
            color = "vtkMRMLColorTableNodeInvertedGrey" if inverted else "vtkMRMLColorTableNodeGrey"
            self._volume.GetDisplayNode().SetAndObserveColorNodeID(color)

    def set_adjusting(self, adjusting: bool) -> None:
        """Let the left mouse button set window and level while it is dragged."""
        node = self._app.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        self._state.adjusting = adjusting
        if node is not None:
            node.SetCurrentInteractionMode(node.AdjustWindowLevel if adjusting else node.ViewTransform)

    def jump_to(self, place: "Point") -> None:
        """Bring all slice views to a place (RAS, mm)."""
        from slicer import vtkMRMLSliceNode

        vtkMRMLSliceNode.JumpAllSlices(self._app.scene, *place, vtkMRMLSliceNode.OffsetJumpSlice)


def letters_of(node: "vtkMRMLSliceNode") -> dict[str, str]:
    """Towards which side of the patient the right, left, top and bottom of a slice view lie, in one letter each."""
    found: dict[str, str] = {}
    matrix = node.GetSliceToRAS()
    for column, ends in enumerate((("right", "left"), ("top", "bottom"))):
        along = [matrix.GetElement(row, column) for row in range(3)]
        axis = int(np.argmax(np.abs(along)))
        found |= dict(zip(ends, ("RL", "AP", "SI")[axis][:: 1 if along[axis] > 0 else -1], strict=True))
    return found


def _layout(key: str, plane: str) -> "Layout":
    from trame_slicer.views import Layout, LayoutDirection, ViewLayoutDefinition

    views = {
        "axial": ViewLayoutDefinition.axial_view(),
        "sagittal": ViewLayoutDefinition.sagittal_view(),
        "coronal": ViewLayoutDefinition.coronal_view(),
    }
    main = views.pop(plane)
    solid = ViewLayoutDefinition.threed_view(background_color=("#0b0d10", "#1a1f26"))
    across, down = LayoutDirection.Horizontal, LayoutDirection.Vertical
    others = list(views.values())
    if key == "one":
        return Layout(across, [main])
    if key == "side":
        return Layout(across, [main, Layout(down, others)], ["2", "1"])
    if key == "four":
        return Layout(down, [Layout(across, [main, others[0]]), Layout(across, [others[1], solid])])
    return Layout(across, [solid, main], ["3", "2"])
