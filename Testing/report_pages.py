"""Pictures of the pages of the two shipped MR samples, as README.md shows them:

    python -m Testing.report_pages [FOLDER]

writes `Resources/Screenshots/report-lumbar-t2.png` and `report-axial-t1.png`, and the pages with all other files of the
cases into FOLDER. It needs pdftoppm (Debian's poppler-utils).
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from LumbarSegLib.cli.case import CaseWishes, run_case
from LumbarSegLib.resources import samples_dir

_PICTURES = Path(__file__).resolve().parent.parent / "Resources" / "Screenshots"
_DPI = 110
_SAMPLES = {
    "lumbar-t2": CaseWishes(pdf=True),
    "axial-t1": CaseWishes(pdf=True, levels={"L5/S1": 1, "L4/5": 2, "L3/4": 3}),
}


def write_pages(folder: Path) -> None:
    for name, wishes in _SAMPLES.items():
        run_case(samples_dir() / f"{name}.nrrd", folder, wishes)
        drawn = _PICTURES / f"report-{name}"
        command = ["pdftoppm", "-r", str(_DPI), "-f", "1", "-l", "1", "-singlefile", "-png"]
        subprocess.run([*command, folder / f"{name}.pdf", drawn], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_pages(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as place:
            write_pages(Path(place))
