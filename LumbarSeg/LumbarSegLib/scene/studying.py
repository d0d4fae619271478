"""A measured segmentation of the scene as a study, which reports and DICOM are written of."""

from LumbarSegLib.core.provenance import origin, with_handwork
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.confirming import standing_of
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.reading import image_to_measure
from LumbarSegLib.scene.segmentations import provenance_of, task_of


def study_of(live: LiveMeasures) -> Study:
    """The image, the result and the findings of the last `refresh`, with what was edited and confirmed by hand.

    It is called after the volume. Raises InputError where nothing was measured yet, or a node is gone.
    """
    segmentation, volume, findings = live.segmentation, live.volume, live.findings
    if segmentation is None or volume is None or findings is None:
        raise InputError("This segmentation is not measured, so there is no report of it. Choose another format.")
    task = task_of(segmentation)
    image = image_to_measure(volume, task)
    told = {"task": task, **provenance_of(segmentation)}
    # A segmentation that was loaded, or made by hand, does not tell of the image.
    known = told if "image_sha256" in told else {**origin(image), **told}
    provenance = with_handwork(known, findings, live.edited, standing_of(live).confirmed)
    return Study(volume.GetName(), image, live.result, findings, provenance)
