"""VTK tells of errors on a window of its own; here they become Python errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from vtkmodules.util.misc import calldata_type
from vtkmodules.util.vtkConstants import VTK_STRING
from vtkmodules.vtkCommonCore import vtkCommand, vtkLogger, vtkObject, vtkOutputWindow


class VtkError(RuntimeError):
    """An error that VTK or MRML reported, in its own words."""


@contextmanager
def vtk_errors_raised() -> Iterator[None]:
    """Raise VtkError at the end of the block if VTK reported an error within it. Nothing is printed."""
    reported: list[str] = []

    @calldata_type(VTK_STRING)  # type: ignore[no-untyped-call, untyped-decorator]  # VTK has no types here
    def keep(_window: vtkObject, _event: str, text: str) -> None:
        reported.append(" ".join(text.split()))

    quiet = vtkOutputWindow()
    quiet.SetDisplayModeToNever()
    quiet.AddObserver(vtkCommand.ErrorEvent, keep)
    window, verbosity = vtkOutputWindow.GetInstance(), vtkLogger.GetCurrentVerbosityCutoff()
    vtkOutputWindow.SetInstance(quiet)
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield
    finally:
        vtkLogger.SetStderrVerbosity(verbosity)
        vtkOutputWindow.SetInstance(window)
    if reported:
        raise VtkError("; ".join(reported))
