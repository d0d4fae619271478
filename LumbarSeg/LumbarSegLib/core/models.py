"""A model file and what it says of itself; the library of shipped ones; which one fits a task.

A model is one TorchScript file that carries `metadata.json`, as MONAI's `save_net_with_metadata` writes it.
The metadata say all that inference must know. `Models/index.json` gives the SHA-256 of each shipped file.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from LumbarSegLib.core.anatomy import Kind, kinds_of
from LumbarSegLib.core.metadata import SCHEMA_VERSION as SCHEMA_VERSION  # noqa: PLC0414 - export takes it from here
from LumbarSegLib.core.metadata import read_metadata
from LumbarSegLib.core.preprocess import NORMALISATIONS, ORIENTATIONS
from LumbarSegLib.errors import ModelError
from LumbarSegLib.resources import resource

if TYPE_CHECKING:
    import torch

SUFFIX = ".ts"
Input = Literal["slices", "volume"]


@dataclass(frozen=True)
class CornerInfo:
    """What the file says of itself whose network reads the corners of vertebrae that a model has drawn."""

    path: Path
    sha256: str
    weights_sha256: str
    name: str
    version: str
    title: str


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says of itself.

    `labels` maps the network's output values to kinds of structure of the `task`. `input` is "slices" or "volume": a
    slice with its neighbours, or the whole stack at once. `orientation` is that of the stack, `crop` whether the region
    of the spine is cut out of it first, `normalisation` a name of `preprocess.NORMALISATIONS`. Its grid has pixels of
    `spacing_mm` or a fixed `size`, (rows, columns) or of a volume (slices, rows, columns); the other one is None.
    `slices` are how many it sees at once, the one that it answers for in the middle; `neighbour_distance_mm` how far
    apart these lie. Each side of its input is a multiple of `stride`. `weights_sha256` is of the weights alone, so that
    scores can name what they were measured on. `listed` tells whether the file is one of the shipped ones; `corners` is
    the file that reads corners after it, if one comes with it.
    """

    path: Path
    sha256: str
    weights_sha256: str
    listed: bool
    name: str
    version: str
    title: str
    task: str
    modality: str
    plane: str
    input: Input
    orientation: str
    crop: bool
    normalisation: str
    spacing_mm: float | None
    size: tuple[int, ...] | None
    slices: int
    neighbour_distance_mm: float
    stride: int
    labels: Mapping[int, Kind]
    training_data: tuple[Mapping[str, Any], ...]
    scores: tuple[Mapping[str, Any], ...]
    intended_use: str
    limits: tuple[str, ...]
    corners: CornerInfo | None = None


@dataclass(frozen=True)
class Model:
    """A model file that is loaded and ready: on `device` in `dtype`, `network` maps (batch, slices, rows, columns) to
    logits (batch, classes, rows, columns), or a batch of volumes with one channel to a batch of volumes of classes.
    `corners` maps patches (n, 1, rows, columns) of `core.vertebra_patches` to a map of logits for each corner.
    """

    info: ModelInfo
    network: "Callable[[torch.Tensor], torch.Tensor]"
    device: "torch.device"
    dtype: "torch.dtype"
    corners: "Callable[[torch.Tensor], torch.Tensor] | None" = None


def shipped() -> list[ModelInfo]:
    """The models that come with LumbarSeg. Raises ModelError for one that is missing, damaged or altered."""
    return [read_info(resource("Models", entry["file"])) for entry in _index()]


def choose(task: str) -> ModelInfo:
    """The shipped model for a task. Raises ModelError if there is none."""
    entries = [entry for entry in _index() if entry["task"] == task]
    if not entries:
        has = ", ".join(sorted({entry["task"] for entry in _index()}))
        raise ModelError(
            f"No model for {task} images comes with this version (it has: {has}); name a model file of your own."
        )
    return read_info(resource("Models", entries[0]["file"]))


def find(name_or_path: str) -> ModelInfo:
    """A shipped model by its name, or any model file by its path. Raises ModelError if there is neither."""
    for entry in _index():
        if name_or_path == entry["name"]:
            return read_info(resource("Models", entry["file"]))
    path = Path(name_or_path)
    if path.is_file():
        return read_info(path)
    names = ", ".join(entry["name"] for entry in _index())
    raise ModelError(f"There is no model named {name_or_path} (shipped: {names}) and no file of that name.")


def read_info(path: Path) -> ModelInfo:
    """Read and check what a model file says of itself, without loading its network.

    Raises ModelError where the file is missing, not a model, of an unknown schema, or a shipped one that was
    altered.
    """
    entry = next((entry for entry in _index() if resource("Models", entry["file"]).resolve() == path.resolve()), None)
    digest = _checked(path, entry["sha256"] if entry else None)
    known = next((entry for entry in _index() if digest == entry["sha256"]), None)
    corners = _corner_info(known["corners"]) if known and "corners" in known else None
    return _info(path, digest, known is not None, read_metadata(path), corners)


def _corner_info(entry: Mapping[str, str]) -> CornerInfo:
    """What a shipped file for corners says of itself. Raises ModelError where it is missing, damaged or altered."""
    path = resource("Models", entry["file"])
    digest = _checked(path, entry["sha256"])
    told = read_metadata(path)
    return CornerInfo(path, digest, told["weights_sha256"], told["name"], told["version"], told["title"])


def _checked(path: Path, expected: str | None) -> str:
    """The SHA-256 of a file. Raises ModelError where it is missing, or another one is expected of a shipped file."""
    if not path.is_file():
        raise ModelError(f"The model file {path.name} is missing; install LumbarSeg again.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is not None and digest != expected:
        raise ModelError(f"The model file {path.name} is damaged or was altered; install LumbarSeg again.")
    return digest


def open_model(info: ModelInfo, device: str = "auto", accept_unlisted: bool = False) -> Model:
    """Load the network of a model file on "cpu", "cuda" or, with "auto", on the best there is.

    A file that does not come with LumbarSeg runs code of unknown origin, so the user must have agreed
    (`accept_unlisted`). Raises ModelError if not, if the network cannot be loaded, or if the device is not
    there.
    """
    if not info.listed and not accept_unlisted:
        raise ModelError(
            f"{info.path.name} does not come with LumbarSeg and can run any code; load it only if you trust its origin "
            "(on the command line: --trust-model)."
        )
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("This computer has no usable CUDA device; choose the device cpu or auto.")
    target = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    dtype = _fastest_dtype(target)
    corners = _load_network(info.corners.path, target, dtype) if info.corners else None
    return Model(info, _load_network(info.path, target, dtype), target, dtype, corners)


def _load_network(path: Path, device: "torch.device", dtype: "torch.dtype") -> "Callable[[torch.Tensor], torch.Tensor]":
    """The only place that opens a model file: TorchScript today, `torch.export` when TorchScript is gone."""
    import torch

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        try:
            # Given a path, torch opens it by itself, and not every name of a file on every system.
            with path.open("rb") as file:
                network = torch.jit.load(file, map_location=device)
            return torch.jit.freeze(network.to(dtype).eval())
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"The network in {path.name} cannot be loaded; get the file again or choose another."
            ) from error


def _fastest_dtype(device: "torch.device") -> "torch.dtype":
    """Half precision where the device computes it natively, else single."""
    import torch

    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def _index() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(resource("Models", "index.json").read_text(encoding="utf-8"))["models"]
    return entries


def _info(path: Path, digest: str, listed: bool, told: Mapping[str, Any], corners: CornerInfo | None) -> ModelInfo:
    if "reads_after" in told:
        raise ModelError(
            f"{path.name} only reads corners in what the model {told['reads_after']} has drawn; choose that one."
        )
    try:
        kinds = kinds_of(told["task"])
        info = ModelInfo(
            path=path,
            sha256=digest,
            weights_sha256=str(told["weights_sha256"]),
            listed=listed,
            name=str(told["name"]),
            version=str(told["version"]),
            title=str(told["title"]),
            task=str(told["task"]),
            modality=str(told["modality"]),
            plane=str(told["plane"]),
            input=told["input"],
            orientation=str(told["orientation"]),
            crop=bool(told["crop"]),
            normalisation=str(told["normalisation"]),
            spacing_mm=None if told["spacing_mm"] is None else float(told["spacing_mm"]),
            size=None if told["size"] is None else tuple(int(count) for count in told["size"]),
            slices=int(told["input_channels"]),
            neighbour_distance_mm=float(told["neighbour_distance_mm"]),
            stride=int(told["stride"]),
            labels={int(value): kinds[kind].kind for value, kind in told["labels"].items()},
            training_data=tuple(told["training_data"]),
            scores=tuple(told["scores"]),
            intended_use=str(told["intended_use"]),
            limits=tuple(told["limits"]),
            corners=corners,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The metadata of {path.name} are incomplete or wrong ({error}); export the model again."
        ) from error
    if not _can_be_prepared_for(info):
        raise ModelError(f"{path.name} asks for a preprocessing that this version does not know; export it again.")
    return info


def _can_be_prepared_for(info: ModelInfo) -> bool:
    """Whether `preprocess` and `inference` can make what the network wants to see."""
    if info.size is None:
        has_grid = info.input == "slices" and info.spacing_mm is not None
    else:
        has_grid = info.spacing_mm is None and len(info.size) == {"slices": 2, "volume": 3}.get(info.input)
    return has_grid and info.orientation == ORIENTATIONS[info.task] and info.normalisation in NORMALISATIONS
