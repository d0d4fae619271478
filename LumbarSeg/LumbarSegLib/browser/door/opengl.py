"""Whether this machine can draw: the page's pictures are made here, with OpenGL, on a screen or without one."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

from LumbarSegLib.errors import LumbarSegError

_PACKAGES = {"libegl1": "libEGL.so.1", "libgl1-mesa-dri": "dri/swrast_dri.so"}
"""Of Debian, with a file that each brings."""

_FOLDERS = ("/usr/lib/*-linux-gnu*", "/lib/*-linux-gnu*")
_DRAWS = """
import vtk
window = vtk.vtkRenderWindow()
window.SetOffScreenRendering(True)
window.SetSize(8, 8)
window.AddRenderer(vtk.vtkRenderer())
window.Render()
raise SystemExit(0 if window.SupportsOpenGL() else 1)
"""
_LIMIT_S = 60


class NoOpenGL(LumbarSegError):
    """This machine cannot draw; says what to install."""


async def check_drawing() -> None:
    """Raise NoOpenGL unless a window that nobody sees can be drawn. Without OpenGL that ends a process, so another
    one tries.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-c", _DRAWS, stdout=DEVNULL, stderr=DEVNULL)
    try:
        status = await asyncio.wait_for(process.wait(), _LIMIT_S)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if status != 0:
        raise NoOpenGL(f"this machine has no OpenGL to draw with; {_remedy()}.")


def _remedy() -> str:
    if not sys.platform.startswith("linux"):
        return "install a graphics driver that brings OpenGL 3.2"
    missing = [package for package, file in _PACKAGES.items() if not _there(file)]
    packages = " ".join(missing or _PACKAGES)
    return f"install it (Debian, Ubuntu: apt-get install {packages})"


def _there(file: str) -> bool:
    return any(True for folder in _FOLDERS for _ in Path("/").glob(f"{folder[1:]}/{file}"))
