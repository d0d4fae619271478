"""The sample images that come with LumbarSeg."""

import json
from dataclasses import dataclass
from pathlib import Path

from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import samples_dir


@dataclass(frozen=True)
class Sample:
    """A sample image: its name, what it shows, its file and its SHA-256."""

    name: str
    title: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where its file lies. Raises InputError where it is missing."""
        path = samples_dir() / self.file
        if not path.is_file():
            raise InputError(f"The sample {self.file} is missing; install LumbarSeg again.")
        return path


def _listed() -> tuple[Sample, ...]:
    path = samples_dir() / "samples.json"
    if not path.is_file():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))["samples"]
    return tuple(Sample(row["name"], row["title"], row["file"], row["sha256"]) for row in rows)


SAMPLES = _listed()
"""All samples, in the order of their list; none where the list did not come with the library."""


def sample_named(name: str) -> Sample:
    """The sample of this name. Raises InputError where there is none."""
    for sample in SAMPLES:
        if sample.name == name:
            return sample
    known = ", ".join(sample.name for sample in SAMPLES)
    raise InputError(f"There is no sample {name}; choose one of: {known}.")
