"""Public data fetched from their records: resumed where a download broke off, verified, unpacked."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from training.data.records import Record, RemoteFile, changed, find_record, list_files, records
from training.data.unpack import check_space, unpack
from training.data.web import Gone, Web
from training.errors import TrainingError

RECEIPT = "downloaded.json"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Downloaded:
    """What a download did: the files of the record that were fetched and those that were there already."""

    record: Record
    fetched: tuple[str, ...]
    there: tuple[str, ...]


def download(
    name: str, folder: Path, known: Mapping[str, Record] | None = None, web: Web | None = None, show: bool = True
) -> Downloaded:
    """Fetch the public data `name` into `folder` (made if it is not there), with a progress bar if `show`.

    A file stands under its name only when its checksum is right; zip archives are unpacked and removed. RECEIPT in the
    folder tells what came from where, so that a second call fetches only what is missing.
    Raises TrainingError with one sentence for whatever keeps it from being done; what arrived is used the next time.
    """
    known, web = records() if known is None else known, web or Web()
    record = find_record(name, known)
    files = list_files(record, web)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _download(record, files, folder, web, show)
    except OSError as error:
        if error.errno in _FULL:
            raise TrainingError(
                f"The disk of {folder} is full; free some space and give the same command again, it goes on where it "
                f"stopped."
            ) from error
        raise TrainingError(
            f"{error.filename or folder} cannot be written ({error.strerror}); give another folder."
        ) from error


def _download(record: Record, files: list[RemoteFile], folder: Path, web: Web, show: bool) -> Downloaded:
    receipts = _receipts(folder)
    receipt = receipts.setdefault(record.page, {})
    missing = [file for file in files if not _is_there(file, record, folder, receipt)]
    check_space(folder, sum(file.size - _arrived(_part(file, folder)) for file in missing))
    with _progress(show) as progress:
        for file in missing:
            _fetch(file, record, folder, web, progress)
            receipt[str(file.path)] = f"{file.algorithm}:{file.checksum}"
            _write_receipts(folder, receipts)
    there = tuple(str(file.path) for file in files if file not in missing)
    return Downloaded(record, tuple(str(file.path) for file in missing), there)


def _fetch(file: RemoteFile, record: Record, folder: Path, web: Web, progress: Progress) -> None:
    place, part = folder / file.path, _part(file, folder)
    part.parent.mkdir(parents=True, exist_ok=True)
    task = progress.add_task(file.path.name, total=file.size, completed=_arrived(part))
    try:
        web.fetch(file.url, part, file.size, lambda length: progress.update(task, completed=length))
    except Gone as error:
        part.unlink(missing_ok=True)
        raise changed(record, f"{file.path} is no longer there as it was") from error
    progress.update(task, completed=file.size, description=f"{file.path.name}: verifying")
    _verify(file, part)
    if place.suffix.lower() == ".zip":
        progress.update(task, description=f"{file.path.name}: unpacking")
        unpack(part, place.parent, place.name)
        part.unlink()
    else:
        part.replace(place)
    progress.update(task, description=file.path.name)


def _verify(file: RemoteFile, part: Path) -> None:
    with part.open("rb") as opened:
        found = hashlib.file_digest(opened, file.algorithm).hexdigest()
    if found != file.checksum:
        part.unlink()
        raise TrainingError(
            f"{file.path} arrived damaged: its {file.algorithm} checksum is {found}, the record says {file.checksum}. "
            f"It is removed; give the same command again."
        )


def _is_there(file: RemoteFile, record: Record, folder: Path, receipt: Mapping[str, str]) -> bool:
    had = receipt.get(str(file.path))
    if had is None:
        return False
    if had != f"{file.algorithm}:{file.checksum}":
        raise TrainingError(
            f"The record {record.page} has changed: {file.path} is not the one that {folder} was filled from. Give an "
            f"empty folder to get all of it anew."
        )
    return file.path.suffix.lower() == ".zip" or (folder / file.path).is_file()


def _part(file: RemoteFile, folder: Path) -> Path:
    """Where a file arrives; the checksum in its name keeps parts of different versions apart."""
    return folder / file.path.with_name(f"{file.path.name}.{file.checksum[:8]}.part")


def _arrived(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receipts(folder: Path) -> dict[str, dict[str, str]]:
    """By the page of each record the checksums of the files that the folder has from it."""
    path = folder / RECEIPT
    if not path.exists():
        return {}
    try:
        return {page: dict(files) for page, files in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise TrainingError(f"{path} is damaged; remove it, then everything is fetched anew.") from error


def _write_receipts(folder: Path, receipts: Mapping[str, Mapping[str, str]]) -> None:
    part = folder / f"{RECEIPT}.part"
    part.write_text(json.dumps(receipts, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / RECEIPT)


def _progress(show: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        disable=not show,
    )
