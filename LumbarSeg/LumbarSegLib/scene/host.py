"""The scene that the rest of this package works on, and the library that it is made of.

Inside 3D Slicer a scene is running already (`slicer.mrmlScene`), and in the browser too. The command line
and the tests open their own with `open_scene`. Every function of this package takes a plain `vtkMRMLScene`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from LumbarSegLib.errors import LumbarSegError

if TYPE_CHECKING:
    from slicer import vtkMRMLScene

_DEBIAN_PACKAGES = {
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libgomp.so.1": "libgomp1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXcursor.so.1": "libxcursor1",
    "libXext.so.6": "libxext6",
    "libXt.so.6": "libxt6",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
}


def reason_for_failed_import(error: ImportError) -> str:
    """One sentence for the user: what 3D Slicer's library misses, and how to install it."""
    library = re.match(r"(\S+): cannot open shared object file", str(error))
    if library is None:
        return f"3D Slicer's library cannot be loaded ({error}). Install it with: pip install slicer-core"
    name = library[1]
    package = _DEBIAN_PACKAGES.get(name)
    remedy = f"it with: apt-get install {package}" if package else f"the package that holds {name}."
    return f"The system library {name} is missing. Install {remedy}"


try:
    import slicer as slicer  # noqa: PLC0414 - the other modules take it from here
except ImportError as error:
    raise LumbarSegError(reason_for_failed_import(error)) from error


@contextmanager
def open_scene() -> Iterator["vtkMRMLScene"]:
    """A new, empty MRML scene that can hold, read and write volumes and segmentations.

    It lives as long as the `with` block. What a scene bundle is unpacked to while it is read goes with it.
    """
    with TemporaryDirectory(prefix="lumbarseg-") as unpacked:
        scene = slicer.vtkMRMLScene()
        logics = _logics(scene, Path(unpacked))
        try:
            yield scene
        finally:
            # The scene is emptied while its logics still know it; they live exactly as long as it is open.
            scene.Clear(1)
            del logics


def _logics(scene: "vtkMRMLScene", unpacked: Path) -> list["slicer.vtkMRMLAbstractLogic"]:
    """What a scene needs beside it: without these no segment can be stored and no bundle read."""
    segmentations = slicer.vtkSlicerSegmentationsModuleLogic()
    segmentations.SetMRMLScene(scene)
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.GetCacheManager().SetRemoteCacheDirectory(str(unpacked))
    data = slicer.vtkDataIOManagerLogic()
    data.SetMRMLScene(scene)
    data.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    return [segmentations, remote, data]
