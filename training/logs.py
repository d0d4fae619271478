"""The loss and the scores of a training as CSV files and as a picture."""

import csv
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a line to a log, with the names above the first one."""
    begins = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        if begins:
            writer.writeheader()
        writer.writerow({key: f"{value:.5f}" if isinstance(value, float) else value for key, value in row.items()})


def forget_after(path: Path, iteration: int) -> None:
    """Leave out what a log says of iterations that a resumed training makes again."""
    if not path.is_file():
        return
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if int(line.split(",")[0]) <= iteration]
    path.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")


def read_log(path: Path) -> dict[str, list[float]]:
    """The columns of a log: iteration, seconds, and what was logged."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else {}


def draw_curves(folder: Path) -> None:
    """Draw `curves.png` from the `loss.csv` and, where there is one, the `validation.csv` of a fold."""
    logs = {"loss": read_log(folder / "loss.csv")} if (folder / "loss.csv").is_file() else {}
    if (folder / "validation.csv").is_file():
        logs["Dice of the validation patients"] = read_log(folder / "validation.csv")
    if not logs:
        return
    figure = Figure(figsize=(5 * len(logs), 3.4), layout="constrained")
    axes = figure.subplots(1, len(logs), squeeze=False)
    for panel, (title, log) in zip(axes[0], logs.items(), strict=True):
        _draw(panel, log, title)
    figure.suptitle(f"{folder.parent.name}, {folder.name}", fontsize=10)
    figure.savefig(folder / "curves.png", dpi=110)


def _draw(axes: Axes, log: dict[str, list[float]], title: str) -> None:
    names = [name for name in log if name not in ("iteration", "seconds")]
    for name in names:
        width, alone = 2 if name == "mean" else 1, "o" if len(log[name]) == 1 else None
        axes.plot(log["iteration"], log[name], label=name, linewidth=width, marker=alone)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("iteration")
    axes.grid(alpha=0.3)
    if len(names) > 1:
        axes.set_ylim(0, 1)
        axes.legend(fontsize=8)
