"""A session in a process of its own in which images are opened, worked on and closed again and again:

    python -m Testing.browser.closing FOLDER

prints, as JSON, what of the scene and of the libraries is there after each closing: nodes by their class, items of the
subject hierarchy, and objects and functions by their type or name, observers among them.
"""

import asyncio
import gc
import json
import os
import sys
from collections import Counter
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import SimpleITK as sitk

from LumbarSegLib.browser.session.session import Session
from LumbarSegLib.browser.session.settings import Settings
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.scene.hierarchy import hierarchy_of
from LumbarSegLib.scene.runs import put_result
from Testing.scene.following import PROVENANCE, SPINE, image_like

ROUNDS = 5
_TOOLS = ("paint", "erase", "draw", "scissors", "threshold", "islands", "smoothing", "")
_OURS = ("LumbarSegLib", "LayerDMLib", "SimpleITK", "slicer", "trame_slicer", "undo_stack", "vtkmodules")


async def main(folder: Path) -> None:
    """Print what is left after each round."""
    session = Session(Settings(0, "secret", folder))
    await session.start()
    image = folder / "image.nrrd"
    sitk.WriteImage(image_like(SPINE.labels), str(image))
    left = []
    for _ in range(ROUNDS):
        await session.opening.open_uploaded([image], ["spine.nrrd"])
        await _work(session)
        session.close_all()
        left.append(_left(session))
    sys.stdout.write(json.dumps(left) + "\n")
    sys.stdout.flush()
    session.end()
    # As the session itself ends: VTK's windows need not be taken apart one by one.
    os._exit(0)


async def _work(session: Session) -> None:
    """All that leaves something in a scene: a result, tools, surfaces, marks, corners, a curve."""
    volume = session.choosing.volume
    assert volume is not None, session.state.trouble
    session.correcting.choose(put_result(volume, spine_of(SPINE.labels), PROVENANCE).segmentation)
    while session.measuring.findings is None:
        await asyncio.sleep(0.05)
    session.measuring.select("alignment.segmental_angle L4/5")
    session.measuring.show_corners(True)
    session.measuring.select_section(3)
    for tool in _TOOLS:
        session.correcting.tools.use(tool)
    session.set_layout("four")
    await asyncio.sleep(0.2)


def _left(session: Session) -> dict[str, Any]:
    scene = session.app.scene
    nodes = [scene.GetNthNode(place).GetClassName() for place in range(scene.GetNumberOfNodes())]
    return {
        "nodes": Counter(nodes),
        "items": hierarchy_of(scene).GetNumberOfItems(),
        "objects": Counter(name for one in gc.get_objects() if (name := _name(one)).startswith(_OURS)),
    }


def _name(one: object) -> str:
    named = one if isinstance(one, FunctionType | MethodType) else type(one)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
