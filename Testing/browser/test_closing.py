"""Nothing of a closed image stays in a session, or a day's work would fill the server."""

import json
import subprocess
import sys
from pathlib import Path


def test_a_closed_image_leaves_no_node_no_observer_and_no_tool_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "Testing.browser.closing", str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    _, second, third = json.loads(done.stdout.splitlines()[-1])
    assert third["nodes"] == second["nodes"]
    assert not {"vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeNode"} & set(third["nodes"])
    assert third["items"] == second["items"]
    more = {name: count - second["objects"].get(name, 0) for name, count in third["objects"].items()}
    assert not {name: count for name, count in more.items() if count > 0}
