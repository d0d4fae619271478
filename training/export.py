"""Turns the running average of a training run into the model file that LumbarSeg ships, with its index entry.

    python -m training.export CONFIG --card training/cards/sagittal.toml --to LumbarSeg/Resources/Models

The batch norms are folded into the convolutions and the weights stored in half precision. The card gives
what the metadata say beyond the network itself.
"""

import argparse
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import torch
from LumbarSegLib.core import models
from monai.data import save_net_with_metadata
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training import spider
from training.network import HalfResolutionUNet
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
        "orientation": models.STACK_ORIENTATION,
        "normalisation": models.NORMALISATION,
        "spacing_mm": config["network"]["spacing_mm"],
        "neighbour_distance_mm": config["network"]["neighbour_distance_mm"],
        "input_channels": 3,
        "stride": stride,
        "labels": {str(value): kind for value, kind in enumerate(spider.CLASSES) if value},
        **card,
    }


def write_model(network: HalfResolutionUNet, metadata: dict[str, Any], path: Path) -> Path:
    """Write the network with its metadata as TorchScript in half precision; returns the path."""
    example = torch.zeros(1, 3, 2 * network.stride, 2 * network.stride)
    traced = torch.jit.trace(fold_batch_norms(network), example).half()
    save_net_with_metadata(traced, str(path), meta_values=metadata)
    return path


def export(run: str, config: dict[str, Any], card: dict[str, Any], folder: Path) -> Path:
    """Write `<name>.ts` into the folder and enter it in `index.json`; returns the file's path."""
    network = build_network(config)
    network.load_state_dict(load_average(run))
    path = write_model(
        network, metadata_of(config, card, network.stride), folder / f"{card['name']}{models.SUFFIX}"
    )
    _enter_in_index(path, card, folder / "index.json")
    return path


def _enter_in_index(path: Path, card: dict[str, Any], index: Path) -> None:
    entries = json.loads(index.read_text())["models"] if index.is_file() else []
    entries = [entry for entry in entries if entry["file"] != path.name]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entries.append(
        {key: card[key] for key in ("name", "version", "task")} | {"file": path.name, "sha256": digest}
    )
    index.write_text(json.dumps({"models": entries}, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    card = tomllib.loads(arguments.card.read_text())
    print(export(arguments.config.stem, read_config(arguments.config), card, arguments.to))  # noqa: T201  its one answer


if __name__ == "__main__":
    main()
