"""The `metadata.json` inside a model file, whatever its schema, in the present form."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from LumbarSegLib.errors import ModelError

SCHEMA_VERSION = 2
"""The form that is written; the first one, of sagittal models that see slices, is read too."""

_FIRST = MappingProxyType(
    {"orientation": "PIR", "normalisation": "percentile 0.5-99.5, then zero mean and unit deviation"}
)
"""What every model file of the first schema says."""
_FIRST_AS_PRESENT = MappingProxyType({"input": "slices", "size": None, "crop": False, "normalisation": "percentile"})


def read_metadata(path: Path) -> Mapping[str, Any]:
    """What a model file says of itself, in the form of `SCHEMA_VERSION`, its values unchecked.

    Raises ModelError where the file is no model file or damaged, carries no metadata or has an unknown schema.
    """
    metadata = _carried(path)
    found = metadata.get("schema_version")
    if found == SCHEMA_VERSION:
        return metadata
    if found != 1:
        raise ModelError(
            f"{path.name} has model schema {found}, and this version reads schema 1 and {SCHEMA_VERSION}; "
            "use a matching version of LumbarSeg or export the model again."
        )
    if any(metadata.get(key) != value for key, value in _FIRST.items()):
        raise ModelError(f"{path.name} asks for a preprocessing that this version does not know; export it again.")
    return {**metadata, **_FIRST_AS_PRESENT}


def _carried(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile
            member = next(name for name in archive.namelist() if name.endswith("extra/metadata.json"))
            return dict(json.loads(archive.read(member)))
    except (zipfile.BadZipFile, zlib.error, OSError) as error:
        raise ModelError(f"{path.name} is not a model file, or is damaged or cut off; get it again.") from error
    except (StopIteration, ValueError) as error:
        raise ModelError(f"{path.name} carries no metadata; export it with LumbarSeg's training folder.") from error
