"""A case of a batch: the files of `lumbarseg report`, small pictures, and what lists and pages say of it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from LumbarSegLib.cli.case import CaseDone, CaseWishes, run_case
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from LumbarSegLib.cohort.cases import Case
    from LumbarSegLib.cohort.records import Outcome

_PLAIN, _OVERLAY = "plain.jpg", "overlay.jpg"
_FILES = {".html": "report", ".json": "findings", ".png": "picture", ".seg.nrrd": "segmentation"}


def make_case(wishes: CaseWishes, case: "Case", folder: Path) -> "Outcome":
    """All files of a case in a folder, by `run_case`, and the small pictures of the page. Raises LumbarSegError."""
    from LumbarSegLib.core.report.thumbnail import draw_thumbnails

    try:
        own = replace(wishes, task=case.task or wishes.task, series=case.series or wishes.series)
        done = run_case(case.image, folder, own, name=case.name)
    except typer.BadParameter as error:
        raise InputError(error.format_message()) from error
    study = done.study
    assert study.image is not None
    assert study.result is not None
    draw_thumbnails(study.image, study.result, folder / _PLAIN, folder / _OVERLAY)
    return _outcome(done)


def _outcome(done: CaseDone) -> "Outcome":
    from LumbarSegLib.cohort.key_numbers import key_numbers
    from LumbarSegLib.cohort.records import Outcome
    from LumbarSegLib.core.images import full_suffix
    from LumbarSegLib.core.report.tables import as_dict

    named = {_FILES[full_suffix(path)]: path.name for path in done.files if full_suffix(path) in _FILES}
    return Outcome(
        done.provenance["task"],
        _seen(done),
        {**named, "plain": _PLAIN, "overlay": _OVERLAY},
        key_numbers(done.findings),
        tuple(as_dict(done.findings)["flags"]),
        done.notes,
        done.provenance,
    )


def _seen(done: CaseDone) -> str:
    """What was found, in a few words: "T12 to L5, 6 discs, canal" or "3 slices: IVD, PE, TS, AAP"."""
    from LumbarSegLib.core.regions import Regions

    result = done.study.result
    assert result is not None
    if isinstance(result, Regions):
        count = max(result.slices_with(one.structure) for one in result.instances)
        return f"{count} slice{'s' * (count > 1)}: {', '.join(one.structure.name for one in result.instances)}"
    kinds = [one.structure.kind for one in result.instances]
    vertebrae = [one.structure.name for one in result.instances if one.structure.kind == "vertebra"]
    told = [f"{vertebrae[-1]} to {vertebrae[0]}" if len(vertebrae) > 1 else "".join(vertebrae) or "no vertebra"]
    if done.provenance["task"] == "sagittal":
        told += [f"{kinds.count('disc')} discs", "canal" if "canal" in kinds else "no canal"]
    return ", ".join(told)
