"""What SEG and SR have in common: the series that they are written into, the device and the model that made them."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydicom.sr.coding import Code as DicomCode

from LumbarSegLib import RESEARCH_USE, __version__
from LumbarSegLib.core.anatomy import Code
from LumbarSegLib.core.dicom.codes import SCHEME, SCHEME_NAME
from LumbarSegLib.core.dicom.source import Source

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence

MAKER = "LumbarSeg"
DEVICE_UID = f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:lumbarseg').int}"
"""Of the software as an observing device, the same in every report."""

_SERIES = {"segmentation": 1, "measures": 2}
_UNICODE = "ISO_IR 192"
_LARGEST = 10_000_000  # number of a series that can be multiplied
_LONGEST = 64  # letters of a DICOM long string


def coded(code: Code) -> DicomCode:
    """A code as pydicom and highdicom take it."""
    return DicomCode(code.value, code.scheme, code.meaning)


def series_of(source: Source, what: str) -> dict[str, Any]:
    """What highdicom is told of the series and the device of a "segmentation" or of "measures"; texts are Unicode.

    The number of the series follows from that of the source. No serial number exists; the version stands for it.
    """
    import highdicom
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return {
        "series_instance_uid": highdicom.UID(),
        "series_number": 100 * min(max(0, int(source.first.get("SeriesNumber") or 0)), _LARGEST) + _SERIES[what],
        "series_description": f"LumbarSeg {what}. {RESEARCH_USE}",
        "manufacturer": MAKER,
        "manufacturer_model_name": MAKER,
        "software_versions": __version__,
        "device_serial_number": __version__,
        "specific_character_set": _UNICODE,
        "coding_schemes": [CodingSchemeIdentificationItem(SCHEME, name=SCHEME_NAME)],
    }


def made_with(provenance: Mapping[str, str]) -> "AlgorithmIdentificationSequence":
    """The model that a provenance names, as the algorithm of a segment."""
    from highdicom import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    keys = ("model_sha256", "corner_model", "corner_model_sha256", "lowest_disc", "view")
    told = {key: provenance[key] for key in keys if provenance.get(key)}
    return AlgorithmIdentificationSequence(
        name=provenance["model"][:_LONGEST],
        family=codes.DCM.ArtificialIntelligence,
        version=(provenance.get("model_version") or "unknown")[:_LONGEST],
        source=f"{MAKER} {provenance.get('lumbarseg_version', __version__)}"[:_LONGEST],
        parameters=told,
    )
