"""Turns the running average of a training run into the model file that LumbarSeg ships, with its index entry.

    python -m training.export CONFIG --card training/cards/sagittal.toml --to LumbarSeg/Resources/Models \\
        [--report training/reports/sagittal-mr.json]

The batch norms are folded into the convolutions and the weights stored in half precision. The card gives
what the metadata say beyond the network itself; the scores come from the report of `training.sagittal.report`, if it
measured these very weights. The same text stands beside the model file as its model card.
"""

import argparse
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import torch
from monai.data.torchscript_utils import save_net_with_metadata
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from LumbarSegLib.core import models, preprocess
from training.data import spider
from training.networks.half_resolution import HalfResolutionUNet
from training.train import build_network, load_average, read_config


def fold_batch_norms(network: HalfResolutionUNet) -> HalfResolutionUNet:
    """The same function with each batch norm folded into the convolution before it, ready for half
    precision.
    """
    network.eval()
    for blocks in (network.encoders, network.decoders):
        for position, block in enumerate(blocks):
            layers = list(block.children())
            folded: list[nn.Module] = []
            for layer, following in zip(layers, [*layers[1:], None], strict=True):
                if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                    folded.append(fuse_conv_bn_eval(layer, following))
                elif not isinstance(layer, nn.BatchNorm2d):
                    folded.append(layer)
            blocks[position] = nn.Sequential(*folded)
    return network


def metadata_of(config: dict[str, Any], card: dict[str, Any], stride: int) -> dict[str, Any]:
    return {
        "schema_version": models.SCHEMA_VERSION,
        "input": "slices",
        "orientation": preprocess.ORIENTATIONS["sagittal"],
        "normalisation": "percentile",
        "size": None,
        "crop": False,
        "spacing_mm": config["network"]["spacing_mm"],
        "neighbour_distance_mm": config["network"]["neighbour_distance_mm"],
        "input_channels": config["network"]["slices"],
        "stride": stride,
        "labels": {str(value): kind for value, kind in enumerate(spider.CLASSES) if value},
        **card,
    }


def write_model(
    network: HalfResolutionUNet, metadata: dict[str, Any], path: Path, report: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Write the network as TorchScript in half precision; returns the metadata that the file carries.

    `report` is what `training.sagittal.report` wrote; its scores enter the metadata. Raises ValueError where it
    measured other weights.
    """
    example = torch.zeros(1, metadata["input_channels"], 2 * network.stride, 2 * network.stride)
    traced = torch.jit.trace(fold_batch_norms(network), example).half()
    weights = b"".join(tensor.numpy().tobytes() for tensor in traced.state_dict().values())
    carried = metadata | {"weights_sha256": hashlib.sha256(weights).hexdigest(), "scores": []}
    if report is not None:
        if report["weights_sha256"] != carried["weights_sha256"]:
            raise ValueError("the report is of other weights; measure these with training.sagittal.report first")
        carried["scores"] = report["scores"]
    save_net_with_metadata(traced, str(path), meta_values=carried)
    return carried


def export(
    run: str, config: dict[str, Any], card: dict[str, Any], folder: Path, report: dict[str, Any] | None = None
) -> Path:
    """Write `<name>.ts` and its model card into the folder and enter it in `index.json`; returns the model's path."""
    network = build_network(config)
    network.load_state_dict(load_average(run))
    path = folder / f"{card['name']}{models.SUFFIX}"
    metadata = write_model(network, metadata_of(config, card, network.stride), path, report)
    path.with_suffix(".md").write_text(model_card(metadata))
    _enter_in_index(path, card, folder / "index.json")
    return path


def model_card(metadata: dict[str, Any]) -> str:
    """The metadata as a page to read."""
    data = [f"- {d['name']}: {d['used']}. {d['licence']}. {d['citation']}" for d in metadata["training_data"]]
    scores = [
        f"| {s['measured_on']} | " + " | ".join(f"{s[kind]:.3f}" for kind in spider.CLASSES[1:]) + " |"
        for s in metadata["scores"]
    ]
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
            "## Mean Dice",
            "",
            "| measured on | " + " | ".join(spider.CLASSES[1:]) + " |",
            "|---|---|---|---|",
            *scores,
            "",
            "The full report, with failures, is `training/reports/` in the source repository.",
            "",
            "## Limits",
            "",
            *[f"- {limit}" for limit in metadata["limits"]],
            "",
        ]
    )


def _enter_in_index(path: Path, card: dict[str, Any], index: Path) -> None:
    entries = json.loads(index.read_text())["models"] if index.is_file() else []
    entries = [entry for entry in entries if entry["file"] != path.name]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entries.append({key: card[key] for key in ("name", "version", "task")} | {"file": path.name, "sha256": digest})
    index.write_text(json.dumps({"models": entries}, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--report", type=Path, help="the .json that training.sagittal.report wrote for these weights")
    arguments = parser.parse_args()
    card = tomllib.loads(arguments.card.read_text())
    report = json.loads(arguments.report.read_text()) if arguments.report else None
    config = read_config(arguments.config)
    print(export(arguments.config.stem, config, card, arguments.to, report))  # noqa: T201  its one answer


if __name__ == "__main__":
    main()
