"""Whose image it is, as its DICOM header says; read only when a report is to name the patient."""

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from LumbarSegLib.core.dicom.series import series_at

_TAGS = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate")
_DATES = ("PatientBirthDate", "StudyDate")
_NAMES = dict(zip(_TAGS, ("Patient", "ID", "Born", "Sex", "Examined"), strict=True))
_SEX = {"F": "female", "M": "male", "O": "other"}


def patient_at(path: Path, series: str | None = None) -> dict[str, str]:
    """Name, ID, date of birth, sex and date of the study, each by its name in words, as far as the header states them.

    `path` and `series` are as `reading.read_series` takes them. Raises InputError where there is no such series.
    """
    file = series_at(path, series).headers[0][0]
    header = dcmread(file, stop_before_pixels=True, specific_tags=["SpecificCharacterSet", *_TAGS])
    told = {_NAMES[tag]: _words(tag, header) for tag in _TAGS}
    return {name: text for name, text in told.items() if text}


def _words(tag: str, header: Dataset) -> str:
    value = str(header.get(tag) or "").strip()
    if tag in _DATES and len(value) == 8 and value.isdecimal():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if tag == "PatientName":
        # Of several ways to write it (alphabetic, ideographic, phonetic) each stands; within one, family name first.
        return " = ".join(_name(one) for one in value.split("=") if one)
    return _SEX.get(value.upper(), value) if tag == "PatientSex" else value


def _name(text: str) -> str:
    family, *others = (part.strip() for part in text.split("^"))
    rest = " ".join(part for part in others if part)
    return f"{family}, {rest}" if family and rest else family or rest
