"""The data sets by name, and a user's own by its description file."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from training.data import aasce, mendeley, radiographs, spider
from training.data.cases import DataSet
from training.errors import TrainingError

_READERS: Mapping[str, Callable[..., DataSet]] = MappingProxyType(
    {
        "spider": spider.read_spider,
        "mendeley": mendeley.read_mendeley,
        "aasce": aasce.read_aasce,
        "radiographs": radiographs.read_radiographs,
    }
)
NAMES = tuple(_READERS)


def open_set(name_or_file: str, folder: Path, **options: Any) -> DataSet:
    """Find the cases of a set in `folder`, with the files named and checked but no pixels kept.

    `name_or_file` is one of NAMES, a .toml description of the user's own folder or a MONAI .json datalist; `options`
    go to the reader of a named set. Raises TrainingError for an unknown name or option, a missing folder and a set
    without a single usable case.
    """
    if not folder.is_dir():
        raise TrainingError(f"There is no folder {folder}; give the folder that holds the data.")
    dataset = _read(name_or_file, folder, options)
    if not dataset.cases:
        left_out = dataset.left_out
        why = f" {len(left_out)} were left out, the first because {left_out[0].reason}." if left_out else ""
        raise TrainingError(f"The folder {folder} holds no usable case of {dataset.name}.{why}")
    return dataset


def _read(name_or_file: str, folder: Path, options: Mapping[str, Any]) -> DataSet:
    suffix = Path(name_or_file).suffix.lower()
    if suffix in (".toml", ".json"):
        if options:
            raise TrainingError(f"A {suffix} file takes no options ({', '.join(options)}); write them into the file.")
        return _read_own(Path(name_or_file), folder)
    if name_or_file not in _READERS:
        nearest = get_close_matches(name_or_file, NAMES, 1, cutoff=0.0)[0]
        raise TrainingError(
            f"There is no data set {name_or_file!r}; the nearest is {nearest!r}. "
            f"Give one of {', '.join(NAMES)}, or a .toml or .json file that describes your own."
        )
    reader = _READERS[name_or_file]
    known = [name for name in inspect.signature(reader).parameters if name != "folder"]
    for option in options:
        if option not in known:
            raise TrainingError(
                f"The data set {name_or_file} has no option {option!r}; it has {', '.join(known) or 'none'}."
            )
    return reader(folder, **options)


def _read_own(path: Path, folder: Path) -> DataSet:
    # imported here: both build on the modules above
    if path.suffix.lower() == ".toml":
        from training.data.own import read_description

        return read_description(path, folder)
    from training.data.datalist import read_datalist

    return read_datalist(path, folder)
