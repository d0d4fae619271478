"""Turns a training run into a model file: TorchScript that carries all that the program must know to use it.

Batch norms are folded into the convolutions before them and the weights stored in half precision. What is written is
compared with the network that was trained, on one input.
"""

import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from monai.data.torchscript_utils import save_net_with_metadata
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core import models, preprocess
from training import runs
from training.errors import TrainingError
from training.experiment import Experiment
from training.state import average_weights, network_of

_MODALITIES = {"sagittal": "MR", "axial": "MR", "xray": "XR"}


@dataclass(frozen=True)
class Exported:
    """A written model file: the largest difference of its answer from the trained network's, in units of the logits
    and as share of pixels with another class; seconds for one input of `shape`.
    """

    path: Path
    metadata: Mapping[str, Any]
    largest_difference: float
    changed_share: float
    shape: tuple[int, ...]
    seconds: float


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """The same function with each batch norm that follows a convolution in a sequence folded into it."""
    network.eval()
    for block in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for (place, layer), (after, following) in pairwise(list(block.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                setattr(block, place, fuse_conv_bn_eval(layer, following))
                setattr(block, after, nn.Identity())
    return network


def metadata_of(
    experiment: Experiment, classes: tuple[str, ...], stride: int, card: Mapping[str, Any]
) -> dict[str, Any]:
    """What a model file says of itself: how it sees an image, what its values mean, and what its card tells."""
    grid = experiment.preprocessing
    return {
        "schema_version": models.SCHEMA_VERSION,
        "input": "volume" if grid.volumes else "slices",
        "orientation": preprocess.ORIENTATIONS[card["task"]],
        "normalisation": grid.normalisation,
        "crop": grid.crop,
        "spacing_mm": grid.spacing_mm,
        "size": grid.size,
        "input_channels": 1 if grid.volumes else experiment.network.slices,
        "neighbour_distance_mm": experiment.network.neighbour_distance_mm,
        "stride": stride,
        "labels": {str(value): kind for value, kind in enumerate(classes) if value},
        **card,
    }


def write_model(
    network: nn.Module,
    metadata: Mapping[str, Any],
    path: Path,
    report: Mapping[str, Any] | None = None,
    half: bool = True,
) -> Exported:
    """Write the network as TorchScript, by default in half precision, and compare the file with the network.

    `report` is what `training.sagittal.report` or `training.axial.report` wrote; its scores enter the metadata. Raises
    ValueError where they are of other weights and do not stand for these.
    """
    shape = example_shape(metadata)
    example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = _answer(network.eval(), example)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Converting a tensor to a Python boolean")  # MONAI compares sizes
        traced = torch.jit.trace(fold_batch_norms(network), example)
    traced = traced.half() if half else traced
    weights = b"".join(tensor.numpy().tobytes() for tensor in traced.state_dict().values())
    carried = {**metadata, "weights_sha256": hashlib.sha256(weights).hexdigest(), "scores": []}
    if report is not None:
        # A model that was trained on everyone has the scores of its siblings, which say so in `measured_on`.
        scored = report.get("stands_for_weights_sha256", report["weights_sha256"])
        if scored != carried["weights_sha256"]:
            raise ValueError("the report is of other weights; write one for these first")
        carried["scores"] = report["scores"]
    runs.write_whole(path, lambda part: save_net_with_metadata(traced, str(part), meta_values=carried))
    written = torch.jit.load(str(path)).float()
    started = time.perf_counter()
    answer = _answer(written, example)
    seconds = time.perf_counter() - started
    changed = (answer.argmax(1) != expected.argmax(1)).float().mean()
    return Exported(path, carried, float((answer - expected).abs().max()), float(changed), shape, seconds)


def example_shape(metadata: Mapping[str, Any]) -> tuple[int, ...]:
    """A shape that the network takes: its fixed size, or four strides to a side."""
    size = tuple(metadata["size"] or ())
    if metadata["input"] == "volume":
        return (1, 1, *size)
    side = 4 * metadata["stride"]
    return (1, metadata["input_channels"], *(size or (side, side)))


def _answer(network: nn.Module, example: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(example)


def export_fold(experiment: Experiment, facts: Mapping[str, Any], folder: Path) -> Exported:
    """Write `model.ts` into the folder of a fold, with a card of what is known of it."""
    return _export(experiment, facts, folder, _own_card(facts), folder / f"model{models.SUFFIX}")


def export_run(
    run: str, fold: int, to: Path, card: Mapping[str, Any] | None, report: Path | None, half: bool
) -> Exported:
    """Write the average weights of a fold into a folder, as a model file named by its card.

    Raises TrainingError where there is no such run or fold, or its training has not ended.
    """
    folder = runs.fold_folder(run, fold)
    if not folder.is_dir():
        raise TrainingError(f"{run} has {len(runs.folds_of(run))} folds, the first is 0; there is no fold {fold}.")
    facts = runs.read_facts(folder)
    experiment = Experiment.model_validate(facts["experiment"])
    card = _own_card(facts) | dict(card or {})
    to.mkdir(parents=True, exist_ok=True)
    scores = json.loads(report.read_text(encoding="utf-8")) if report else None
    return _export(experiment, facts, folder, card, to / f"{card['name']}{models.SUFFIX}", scores, half)


def _own_card(facts: Mapping[str, Any]) -> dict[str, Any]:
    data = facts["data"]
    return {
        "name": facts["name"],
        "version": "0.0.0",
        "title": f"{facts['name']}, fold {facts['fold']}",
        "task": facts["task"],
        "modality": _MODALITIES[facts["task"]],
        "plane": facts["task"],
        "intended_use": RESEARCH_USE,
        "limits": ["Made by its user; known to work only on what it was measured on."],
        "training_data": [
            {
                "name": data["set"],
                "used": f"{len(facts['patients']['training'])} patients",
                "licence": data["licence"],
                "citation": data["citation"],
            }
        ],
    }


def _export(
    experiment: Experiment,
    facts: Mapping[str, Any],
    folder: Path,
    card: Mapping[str, Any],
    path: Path,
    report: Mapping[str, Any] | None = None,
    half: bool = True,
) -> Exported:
    classes = tuple(facts["data"]["classes"])
    network = network_of(experiment, len(classes))
    network.load_state_dict(average_weights(folder))
    return write_model(network, metadata_of(experiment, classes, network.stride, card), path, report, half)


def enter_in_library(exported: Exported, folder: Path) -> None:
    """Write the model card beside a model file and enter the file in the `index.json` of the folder; one that
    `reads_after` another is entered with that. Raises TrainingError where the other one is not there.
    """
    metadata, path, index = exported.metadata, exported.path, folder / "index.json"
    path.with_suffix(".md").write_text(model_card(metadata), encoding="utf-8")
    entries = json.loads(index.read_text(encoding="utf-8"))["models"] if index.is_file() else []
    entries = [entry for entry in entries if entry["file"] != path.name]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    own = {key: metadata[key] for key in ("name", "version", "task")} | {"file": path.name, "sha256": digest}
    if "reads_after" not in metadata:
        entries.append(own)
    elif metadata["reads_after"] not in [entry["name"] for entry in entries]:
        raise TrainingError(
            f"{path.name} reads after {metadata['reads_after']}, which is not there; export that first."
        )
    else:
        next(entry for entry in entries if entry["name"] == metadata["reads_after"])["corners"] = own
    index.write_text(json.dumps({"models": entries}, indent=2) + "\n", encoding="utf-8")


def model_card(metadata: Mapping[str, Any]) -> str:
    """The metadata as a page to read."""
    kinds = list(metadata["labels"].values())
    data = [f"- {d['name']}: {d['used']}. {d['licence']}. {d['citation']}" for d in metadata["training_data"]]
    scores = [
        f"| {s['measured_on']} | " + " | ".join(f"{s[kind]:.3f}" if kind in s else "" for kind in kinds) + " |"
        for s in metadata["scores"]
    ]
    header, line = "| measured on | " + " | ".join(kinds) + " |", "|---" * (1 + len(kinds)) + "|"
    means = ["## Mean Dice", "", header, line, *scores, ""]
    return "\n".join(
        [
            f"# {metadata['title']}",
            "",
            f"`{metadata['name']}` {metadata['version']}. {metadata['intended_use']}",
            "",
            "## Trained on",
            "",
            *data,
            "",
            *(means if kinds else []),
            "The full report, with failures, is `training/reports/` in the source repository.",
            "",
            "## Limits",
            "",
            *[f"- {limit}" for limit in metadata["limits"]],
            "",
        ]
    )
