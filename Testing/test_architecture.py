"""The house stands as DESIGN says: imports run one way, every shipped file is named, every package is pinned."""

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "LumbarSeg"
LIBRARY = MODULE / "LumbarSegLib"
SOURCES = sorted(LIBRARY.rglob("*.py"))
MAY_IMPORT = {
    "core": (),
    "scene": ("core",),
    "cohort": ("core",),
    "browser": ("core", "scene"),
    "cli": ("core", "scene", "browser", "cohort"),
    "desktop": ("core", "scene"),
}
"""What each layer may import besides itself; hosts know nothing of each other, but the command line starts the page."""

SLICER = {"slicer", "vtk", "vtkmodules", "qt", "ctk"}
FORBIDDEN = {
    "core": SLICER,
    "scene": {"qt", "ctk"},
    "browser": {"qt", "ctk", "torch", "monai", "skimage"},
    "cli": SLICER,
    "desktop": {"torch", "monai", "skimage"},
}
NETWORKS = {"torch", "monai"}
KNOW_NETWORKS = {"core/models.py", "core/inference.py"}


def layer_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Full names of the modules that a file imports, and whether it does so when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types_only(outer)
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, id(node) not in late) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{name.name}", id(node) not in late) for name in node.names)


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def named(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_run_from_the_command_line_to_the_scene_to_the_core(path: Path) -> None:
    layer = layer_of(path)
    ours = {name.split(".")[1] for name, _ in imported(path) if name.startswith("LumbarSegLib.")}
    assert ours & set(MAY_IMPORT) <= {layer, *MAY_IMPORT.get(layer, ())}


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_each_layer_imports_only_what_its_host_brings(path: Path) -> None:
    packages = {name.split(".")[0] for name, _ in imported(path)}
    assert not packages & FORBIDDEN.get(layer_of(path), SLICER)


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_networks_are_known_to_few_files_and_imported_only_when_called(path: Path) -> None:
    networks = [(name, early) for name, early in imported(path) if name.split(".")[0] in NETWORKS]
    assert not networks or named(path) in KNOW_NETWORKS
    assert not [name for name, early in networks if early]


def listed_in_cmake(variable: str) -> list[str]:
    text = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    block = re.search(rf"set\({variable}\s+(.*?)\)", text, re.DOTALL)
    assert block, variable
    return block[1].split()


def test_cmake_names_every_file_of_the_module_and_no_other() -> None:
    listed = listed_in_cmake("MODULE_PYTHON_SCRIPTS") + listed_in_cmake("MODULE_PYTHON_RESOURCES")
    there = [
        path.relative_to(MODULE).as_posix()
        for path in MODULE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "CMakeLists.txt"
    ]
    assert listed == sorted(listed, key=lambda name: (not name.endswith(".py"), name))
    assert set(listed) == set(there)


def test_slicer_packages_every_sample() -> None:
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    block = re.search(r"set\(SAMPLES\s+(.*?)\)", cmake, re.DOTALL)
    assert block
    assert set(block[1].split()) == {path.name for path in (ROOT / "Resources" / "Samples").iterdir()}


def test_the_catalog_entry_follows_slicers_schema() -> None:
    """Version 1.0.2: what it must have, what it may have, of which kind each is."""
    entry = json.loads((ROOT / "LumbarSegExtension.json").read_text(encoding="utf-8"))
    kinds = {
        "$schema": str,
        "category": str,
        "scm_url": str,
        "scm_revision": str,
        "scm_type": str,
        "build_dependencies": list,
        "dicom_support_rule": str,
        "build_subdirectory": str,
        "enabled": bool,
        "tier": int,
    }
    assert {"$schema", "category", "scm_url"} <= entry.keys() <= kinds.keys()
    assert all(isinstance(value, kinds[key]) for key, value in entry.items())
    assert entry["$schema"].endswith("/slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert 1 <= entry["tier"] <= 5


def test_the_catalog_finds_icon_and_screenshots_in_the_repository() -> None:
    """It reads these lines by themselves, so each stands on one line."""
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    for name in ("EXTENSION_ICONURL", "EXTENSION_SCREENSHOTURLS"):
        line = re.search(rf'^set\({name} "(.*)"\)$', cmake, re.MULTILINE)
        assert line, name
        for url in line[1].split():
            assert (ROOT / url.split("/main/")[1]).is_file(), url


def test_the_extension_has_one_name_everywhere() -> None:
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "project(LumbarSegExtension)" in cmake
    entry = json.loads((ROOT / "LumbarSegExtension.json").read_text(encoding="utf-8"))
    assert f'set(EXTENSION_HOMEPAGE "{entry["scm_url"]}")' in cmake
    assert " ".join(entry["build_dependencies"]) in cmake


def test_every_direct_dependency_is_pinned_exactly_and_for_any_build() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    pinned = {_normal(pin.split("==")[0]) for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    assert {_normal(name) for name in wanted} - {"lumbarseg"} <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.split("[", maxsplit=1)[0]).lower()


def test_an_installed_package_brings_every_module_model_and_sample(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for part in ("LumbarSeg", "Resources"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE.txt"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(source)], check=True)

    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())

    code = {f"LumbarSegLib/{named(path)}" for path in SOURCES}
    resources = {
        f"LumbarSegLib/Resources/{name.removeprefix('Resources/')}"
        for name in listed_in_cmake("MODULE_PYTHON_RESOURCES")
    }
    samples = {f"LumbarSegLib/Samples/{path.name}" for path in (ROOT / "Resources" / "Samples").iterdir()}
    assert code | resources | samples <= packed


def test_each_sample_is_the_file_that_its_entry_describes() -> None:
    folder = ROOT / "Resources" / "Samples"
    for entry in json.loads((folder / "samples.json").read_text(encoding="utf-8"))["samples"]:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert entry["licence"] == "CC BY 4.0"
        assert entry["citation"] and entry["changes"] and entry["name"] in (folder / "README.md").read_text("utf-8")


def test_the_readme_gives_one_line_that_runs_and_one_line_that_tests() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("python3 -m venv .venv && ")]
    assert "lumbarseg app --sample" in commands[0]
    assert len([line for line in commands if line.endswith("python -m pytest")]) == 1


def test_the_code_is_clean_for_ruff() -> None:
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(ROOT)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_types_are_sound_for_mypy() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "LumbarSeg", "training"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
