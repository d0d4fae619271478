"""Which data set a folder holds, where the user does not say it."""

import json
from pathlib import Path

from training.data.cases import DataSet
from training.data.sets import NAMES, open_set
from training.errors import TrainingError


def open_guessed(folder: Path) -> DataSet:
    """Open a folder by what lies in it: its one description (.toml) or datalist (.json), else the set whose reader
    finds cases.

    Raises TrainingError where nothing or more than one thing fits, with what each reader misses.
    """
    if not folder.is_dir():
        raise TrainingError(f"There is no folder {folder}; give the folder that holds the data.")
    described = [*sorted(folder.glob("*.toml")), *filter(_is_datalist, sorted(folder.glob("*.json")))]
    if len(described) == 1:
        return open_set(str(described[0]), folder)
    if described:
        names = ", ".join(path.name for path in described)
        raise TrainingError(f"{folder} holds several descriptions ({names}); choose one with --set.")
    found = [dataset for name in NAMES if (dataset := _opened(name, folder))]
    if len(found) == 1:
        return found[0]
    if found:
        fitting = ", ".join(dataset.name for dataset in found)
        raise TrainingError(f"{folder} can be read as {fitting}; choose one with --set.")
    raise TrainingError(
        f"{folder} looks like none of {', '.join(NAMES)}; say with --set which of them it is, or describe your own "
        f"data in a .toml file."
    )


def _opened(name: str, folder: Path) -> DataSet | None:
    try:
        return open_set(name, folder)
    except TrainingError:
        return None


def _is_datalist(path: Path) -> bool:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(listed, dict) and isinstance(listed.get("training"), list)
