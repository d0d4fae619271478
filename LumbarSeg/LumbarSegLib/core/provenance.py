"""Where a result comes from, as every file of it tells: version, date, image and model, nothing of the patient."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import SimpleITK as sitk

from LumbarSegLib import __version__
from LumbarSegLib.core.analysis import Segmented
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.confirmation import Confirmation
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.images import image_identity
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions


def origin(image: sitk.Image) -> dict[str, str]:
    """The part of a provenance that all results share: version, date and the image's identity."""
    identity = {f"image_{key}": value for key, value in image_identity(image).items()}
    return {"lumbarseg_version": __version__, "date": datetime.now(UTC).isoformat(timespec="seconds"), **identity}


def provenance(found: Segmented) -> dict[str, str]:
    """The provenance of a segmentation: its origin, the task, the model, the name of the lowest disc where levels are
    named, and the view of a radiograph.
    """
    result = found.result
    return {
        **origin(found.image),
        "task": found.model.task,
        "model": found.model.name,
        "model_version": found.model.version,
        "model_sha256": found.model.sha256,
        **_of_corners(found),
        **({} if isinstance(result, Regions) else {"lowest_disc": result.lowest_disc}),
        **({"view": result.view} if isinstance(result, Radiograph) else {}),
    }


def _of_corners(found: Segmented) -> dict[str, str]:
    """The file that was asked for the corners after the model: where that sees vertebrae from the front."""
    info = found.model.corners
    front = kinds_of("xray")["vertebra"].label
    if info is None or not (sitk.GetArrayViewFromImage(found.semantic) == front).any():
        return {}
    return {"corner_model": f"{info.name} {info.version}", "corner_model_sha256": info.sha256}


def with_handwork(
    provenance: Mapping[str, str],
    findings: Findings,
    edited: Iterable[str] = (),
    confirmed: Confirmation | None = None,
) -> dict[str, str]:
    """A provenance that also tells what was done by hand.

    "edited" names the segments that are not as they were found, and the landmarks that were set; "confirmed" and what
    begins so tell who confirmed the whole, and when. Nothing is added where there is nothing to tell.
    """
    landmarks = [name for name, one in findings.landmarks.items() if one.status == "edited"]
    by_hand = ", ".join([*sorted(edited), *landmarks])
    return {**provenance, **({"edited": by_hand} if by_hand else {}), **(confirmed.told() if confirmed else {})}
