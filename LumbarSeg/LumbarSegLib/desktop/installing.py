"""Python packages that Slicer does not bring: found by their metadata, installed when needed, if the user agrees.

Nothing is remembered: what is missing is asked of the metadata each time, so it is the same after a restart. pip reads
the proxy of the environment (HTTPS_PROXY) and of the system.
"""

import importlib
import importlib.metadata
import json
from dataclasses import dataclass
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from LumbarSegLib.desktop import asking
from LumbarSegLib.resources import resource


@dataclass(frozen=True)
class Package:
    """A package: what pip is asked for, what needs it, how large it is, and the Slicer extension that installs it."""

    name: str
    requirement: str
    needed_for: list[str]
    size: str
    extension: str


PACKAGES = tuple(
    Package(**row) for row in json.loads(resource("packages.json").read_text(encoding="utf-8"))["packages"]
)


def missing(purpose: str) -> tuple[Package, ...]:
    """The packages that a purpose needs ("segment", "picture", "page", "pdf") and that are not installed.

    Nothing is imported.
    """
    return tuple(one for one in PACKAGES if purpose in one.needed_for and not _is_installed(one.name))


def ensure(purpose: str) -> bool:
    """Install what a purpose needs, if the user agrees. Whether it is all there afterwards; if not, he knows why."""
    wanted = missing(purpose)
    if not wanted:
        return True
    names = "\n".join(f"{one.name}: {one.size}" for one in wanted)
    question = _(
        "LumbarSeg needs Python packages that Slicer does not bring:\n\n{names}\n\n"
        "They are downloaded from the internet and installed into this Slicer. No image leaves the computer. "
        "Install them now?"
    ).format(names=names)
    if slicer.app.testingEnabled() or not asking.agrees(question, _("Install")):
        return False
    try:
        for one in wanted:
            _install(one)
    except Exception as error:  # pip, the PyTorch extension and the network fail in many ways
        asking.tell(_("The packages could not be installed. The details say how to do it by hand."), by_hand(error))
        return False
    importlib.invalidate_caches()
    left = missing(purpose)
    if left:
        asking.tell(_("Restart Slicer to finish the installation, then segment again."), by_hand(None))
    return not left


def by_hand(error: Exception | None) -> str:
    """How the packages are installed without us, after what went wrong."""
    said = [f"{type(error).__name__}: {error}", ""] if error is not None else []
    return "\n".join(
        [
            *said,
            _("torch: install the extension PyTorch in the Extensions Manager, then torch in its module."),
            _("The others, in a terminal, with the PythonSlicer that lies beside Slicer:"),
            *(f'PythonSlicer -m pip install "{one.requirement}"' for one in PACKAGES if not one.extension),
            _("Behind a proxy, set HTTPS_PROXY before Slicer is started, or add --proxy http://NAME:PORT."),
            _("Without internet, get the wheels elsewhere and add --no-index --find-links FOLDER."),
        ]
    )


def _is_installed(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def _install(package: Package) -> None:
    if package.extension == "PyTorch":
        _torch_logic().installTorch(
            askConfirmation=False, torchVersionRequirement=package.requirement.removeprefix("torch")
        )
        return
    try:
        from slicer import packaging  # since Slicer 5.12
    except ImportError:
        slicer.util.pip_install(package.requirement)
    else:
        packaging.pip_install(package.requirement, requester="LumbarSeg")


def _torch_logic() -> Any:
    """The logic of the extension PyTorch. Raises RuntimeError where it is not installed."""
    try:
        import PyTorchUtils
    except ImportError as error:
        raise RuntimeError(
            "The extension PyTorch is not installed. Install it in the Extensions Manager and restart Slicer."
        ) from error
    return PyTorchUtils.PyTorchUtilsLogic()
