"""One examined image with all that belongs to it, as reports and DICOM take it."""

from collections.abc import Mapping
from dataclasses import dataclass

import SimpleITK as sitk

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.regions import Result


@dataclass(frozen=True)
class Study:
    """One examined image with what was found and measured in it; either of image and result may be missing.

    `name` is what pictures and pages call it: the file's name without its suffix, never a patient's. `result` lies on
    the grid of `image`. `provenance` is as `provenance.provenance` gives it, and what was added by hand: "edited"
    names the segments and points, "confirmed" who stands for the whole.
    """

    name: str
    image: sitk.Image | None
    result: Result | None
    findings: Findings
    provenance: Mapping[str, str]

    @property
    def task(self) -> str:
        """The task of the images that such findings are from."""
        if self.findings.view:
            return "xray"
        axial = any(MEASURES[one.measure].task == "axial" for one in self.findings.measurements)
        return "axial" if axial else "sagittal"
