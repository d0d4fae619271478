"""What would go wrong only inside Slicer, looked for in the source: the form, names, manners of PythonQt."""

import ast
import importlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import slicer
import slicer.util

from LumbarSegLib.scene.states import Situation, looks
from Testing.desktop import stand_ins
from Testing.desktop.application import ROOT

MODULE = ROOT / "LumbarSeg"
FORM = ElementTree.parse(MODULE / "Resources" / "UI" / "LumbarSeg.ui")
DESKTOP = sorted((MODULE / "LumbarSegLib" / "desktop").glob("*.py"))
IN_SLICER = [MODULE / "LumbarSeg.py", *DESKTOP, *sorted((MODULE / "LumbarSegLib" / "scene").glob("*.py"))]
ONLY_IN_DESKTOP = {
    "app",
    "mrmlScene",
    "modules",
    "dicomDatabase",
    "i18n",
    "ScriptedLoadableModule",
    "packaging",
    "util",
}
"""Parts of `slicer` that its library does not have, and that stand in 3D Slicer's own documentation."""


def widgets() -> Iterator[tuple[str, str]]:
    for one in FORM.iter("widget"):
        yield one.attrib["class"], one.attrib["name"]


NAMES = {name for _kind, name in widgets()}


def named(path: Path) -> str:
    return path.relative_to(MODULE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_every_widget_of_the_form_is_known_and_declared() -> None:
    promoted = {kind for kind, _name in widgets() if not kind.startswith("Q")}
    assert promoted <= {cls.__name__ for cls in stand_ins.WIDGETS}
    assert promoted == {one.text for one in FORM.iterfind("customwidgets/customwidget/class")}


def test_names_in_the_form_are_unique() -> None:
    names = [name for _kind, name in widgets()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", DESKTOP, ids=named)
def test_every_widget_that_the_code_names_stands_in_the_form(path: Path) -> None:
    used = {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and dotted(node.value) in ("ui", "self._ui")
    }
    assert used <= NAMES


def test_all_looks_are_of_widgets_in_the_form() -> None:
    assert looks(Situation()).keys() <= NAMES


def test_every_widget_that_takes_keys_has_its_place_in_the_order_of_the_tab_key() -> None:
    takes_keys = {
        "qMRMLNodeComboBox",
        "QComboBox",
        "QPushButton",
        "QToolButton",
        "QCheckBox",
        "QLineEdit",
        "QTableView",
    }
    order = [one.text for one in FORM.iterfind("tabstops/tabstop")]
    assert {name for kind, name in widgets() if kind in takes_keys} <= set(order)
    assert set(order) <= NAMES


def test_every_label_beside_a_control_names_it() -> None:
    buddies = {one.text for one in FORM.iterfind(".//property[@name='buddy']/cstring")}
    assert buddies <= NAMES
    assert {"inputSelector", "taskBox", "modelBox", "deviceBox", "lowestDiscBox", "resultSelector"} <= buddies


@pytest.mark.parametrize("path", IN_SLICER, ids=named)
def test_every_name_of_slicer_exists(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Attribute):
            continue
        whole = dotted(node)
        if re.fullmatch(r"slicer\.util\.\w+", whole):
            assert hasattr(slicer.util, node.attr), whole
        elif re.fullmatch(r"slicer\.\w+", whole) and node.attr not in ONLY_IN_DESKTOP:
            assert hasattr(slicer, node.attr), whole


@pytest.mark.parametrize("path", [MODULE / "LumbarSeg.py", *DESKTOP], ids=named)
def test_the_manners_of_pythonqt_are_kept(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            bases = {dotted(base).split(".")[0] for base in node.bases}
            assert not bases & {"qt", "ctk"}, "virtual methods and signals of subclasses fail in PythonQt"
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            if called.startswith(("qt.", "ctk.")):
                assert not node.keywords, f"{called} takes no keywords in PythonQt"
            if called == "isinstance" and len(node.args) == 2:
                assert not dotted(node.args[1]).startswith(("qt.", "ctk.")), "isinstance is false there"
            if called == "_":
                assert isinstance(node.args[0], ast.Constant), "only whole texts can be translated"


@pytest.mark.parametrize("path", [MODULE / "LumbarSeg.py", *DESKTOP], ids=named)
def test_nothing_that_slicer_does_not_bring_is_imported_at_file_scope(path: Path) -> None:
    allowed = {"qt", "ctk", "slicer", "vtkmodules", "LumbarSegLib", "numpy", "scipy", "SimpleITK", "pydicom"}
    import sys

    early = [node for node in tree(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name.split(".")[0]
        for node in early
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert names <= allowed | set(sys.stdlib_module_names)


def test_the_first_moment_imports_little() -> None:
    """What `Opening` needs before the panel is seen brings no library of numbers along."""
    names = ("desktop.opening", "desktop.widgets", "scene.states", "scene.export_states", "scene.measure_states")
    early = {f"LumbarSegLib.{name}" for name in (*names, "scene.translation", "core.confirmation", "errors")}
    for name in early:
        source = Path(importlib.import_module(name).__file__ or "")
        modules = {
            node.module or ""
            for node in tree(source).body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("LumbarSegLib")
        }
        assert modules <= early | {"LumbarSegLib", "LumbarSegLib.resources"}


@pytest.mark.parametrize("path", [ROOT / "Resources/Icons/LumbarSeg.png", MODULE / "Resources/Icons/LumbarSeg.png"])
def test_the_icon_has_128_pixels(path: Path) -> None:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    assert struct.unpack(">II", head[16:24]) == (128, 128)


def test_the_icon_is_the_drawing() -> None:
    from PySide6 import QtGui, QtSvg

    drawn = QtGui.QImage(128, 128, QtGui.QImage.Format_ARGB32)
    drawn.fill(0)
    painter = QtGui.QPainter(drawn)
    QtSvg.QSvgRenderer(str(ROOT / "Resources" / "Icons" / "LumbarSeg.svg")).render(painter)
    painter.end()
    kept = QtGui.QImage(str(ROOT / "Resources" / "Icons" / "LumbarSeg.png"))
    there = [kept.pixelColor(x, y).lightness() for x in range(4, 128, 8) for y in range(4, 128, 8)]
    wanted = [drawn.pixelColor(x, y).lightness() for x in range(4, 128, 8) for y in range(4, 128, 8)]
    assert max(abs(a - b) for a, b in zip(there, wanted, strict=True)) < 25
