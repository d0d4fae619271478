"""Nothing of a closed image stays in a session, or a day's work would fill the server."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path


def test_a_closed_image_leaves_no_node_no_observer_and_no_tool_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "Testing.browser.closing", str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    _, *later = json.loads(done.stdout.splitlines()[-1])
    assert not {"vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeNode"} & set(later[-1]["nodes"])
    assert not _grown([one["nodes"] for one in later])
    assert not _grown([one["objects"] for one in later])
    assert not _grown([{"items": one["items"]} for one in later])


def _grown(rounds: Sequence[Mapping[str, int]]) -> set[str]:
    """What is more after every round than after the one before; a task that has not ended yet comes and goes."""
    return {
        name
        for name in rounds[-1]
        if all(before.get(name, 0) < after.get(name, 0) for before, after in pairwise(rounds))
    }
