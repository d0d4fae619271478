"""A report on a data set as tables to read in a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from training.data.cases import LeftOut
from training.data.check import Report
from training.data.split import Split

_MOST_GRIDS = 6


def as_tables(report: Report) -> Group:
    """The whole report for a rich console."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    yield Text(
        f"{report.name}: {len(report.cases)} cases of {len(report.patients)} patients, task {report.task}", "bold"
    )
    yield Text(f"Licence: {report.licence}\nCite: {report.citation}")
    if report.cases:
        yield _classes(report)
        yield _grids(report)
    if report.splits:
        yield _splits(report)
    yield from _not_used("Cannot be used", report.unusable)
    yield from _not_used("Left out", report.left_out)
    for doubt in report.doubts:
        yield Text(f"! {doubt}", "yellow")


def _classes(report: Report) -> Table:
    table = _table("Classes", "class", "value", "cases", "patients", "share", "fewest", "median", "most")
    table.caption = "share: of all voxels; fewest, median, most: voxels in the cases that have the class"
    for row in report.classes:
        table.add_row(
            row.name,
            str(row.value),
            str(row.cases),
            str(row.patients),
            f"{100 * row.share:.2f} %",
            *(str(count) for count in row.voxels),
        )
    unknown = [case for case in report.cases if case.unknown]
    if unknown:
        patients = {case.patient for case in unknown}
        table.add_row("unknown", "255", str(len(unknown)), str(len(patients)), "", "", "", "")
    return table


def _grids(report: Report) -> Table:
    grids = report.grids
    table = _table("Sizes and spacings", "voxels", "spacing (mm)", "cases")
    for size, spacing, count in grids[:_MOST_GRIDS]:
        spaced = "unknown" if spacing is None else " x ".join(f"{step:g}" for step in spacing)
        table.add_row(" x ".join(map(str, size)), spaced, str(count))
    if len(grids) > _MOST_GRIDS:
        others = grids[_MOST_GRIDS:]
        sizes = " x ".join(_range([case.size[axis] for case in report.cases]) for axis in range(3))
        table.add_row(f"{len(others)} others", "", str(sum(count for *_, count in others)))
        table.caption = f"all: {sizes} voxels"
    return table


def _range(counts: Sequence[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)}-{max(counts)}"


def _splits(report: Report) -> Table:
    table = _table("Split (patients, cases)", "fold", "training", "validation", "test", "test patients")
    for number, split in enumerate(report.splits):
        counts = [_counted(report, split, part) for part in ("training", "validation", "test")]
        table.add_row(str(number), *counts, ", ".join(split.test))
    return table


def _counted(report: Report, split: Split, part: str) -> str:
    patients = getattr(split, part)
    return f"{len(patients)}, {sum(case.patient in patients for case in report.cases)}"


def _not_used(title: str, rows: Sequence[LeftOut]) -> Iterator[Table]:
    """One row for each reason, with all names that it holds for."""
    if not rows:
        return
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row.reason, []).append(row.name)
    table = _table(f"{title}: {len(rows)}", "why", "number", "names")
    table.columns[1].justify = "right"
    for reason, names in by_reason.items():
        table.add_row(reason, str(len(names)), ", ".join(names))
    yield table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column)
    return table
