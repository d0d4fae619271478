"""A study into DICOM files beside the images that it was made from: SEG and SR, all of them or none."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset

from LumbarSegLib.core.confirmation import confirmation_of
from LumbarSegLib.core.dicom.reading import SERIES_UID
from LumbarSegLib.core.dicom.seg import segmentations
from LumbarSegLib.core.dicom.source import Source, read_source
from LumbarSegLib.core.dicom.sr import report
from LumbarSegLib.core.images import check_place, write_whole
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError


def write_dicom(study: Study, source: Sequence[Path], folder: Path) -> list[Path]:
    """Write what was segmented and measured into a folder that exists: `NAME-SEG.dcm`, one for each block of an axial
    series, and `NAME-SR.dcm`. Returns the files.

    `source`: the DICOM files of the image, or the one file, folder or DICOMDIR that it was read from. The SR is
    verified by whom the study's provenance names as the one who confirmed it, with an organization. Raises InputError
    where the source is no DICOM, is another series or lacks what the standard needs, OutputError where the folder takes
    no file; nothing is written then.
    """
    # pydicom and highdicom warn of unusual names and dates, and say them.
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = _made(study, read_source(source, _series_uid(study)))
        files = {folder / f"{study.name}-{name}.dcm": dataset for name, dataset in made.items()}
        for path in files:
            check_place(path)
        for path, dataset in files.items():
            _write(dataset, path)
    return list(files)


def _series_uid(study: Study) -> str:
    if study.image is not None and study.image.HasMetaDataKey(SERIES_UID):
        return str(study.image.GetMetaData(SERIES_UID))
    return study.provenance.get("image_series_instance_uid", "")


def _made(study: Study, images: Source) -> dict[str, Dataset]:
    try:
        found = segmentations(study, images)
        measured = report(study, images, found, confirmation_of(study.provenance))
    # What highdicom says of headers that hold what no standard allows.
    except (KeyError, ValueError) as error:
        raise InputError(
            f"the DICOM headers of the image cannot be referred to ({error}); export the series again."
        ) from error
    names = ["SEG"] if len(found) == 1 else [f"SEG-{number}" for number in range(1, len(found) + 1)]
    return {**dict(zip(names, found, strict=True)), "SR": measured}


def _write(dataset: Dataset, path: Path) -> None:
    write_whole(path, lambda part: dataset.save_as(part, enforce_file_format=True))
