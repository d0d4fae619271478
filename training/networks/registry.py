"""The networks by name.

Each builder names its options and their defaults in its signature; the defaults are sized for two CPU cores.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError, validate_call

from training.errors import TrainingError, unknown
from training.networks.base import SegmentationNetwork
from training.networks.deeplab import deeplab_v3_plus
from training.networks.half_resolution import half_resolution_unet
from training.networks.resnets import resnet_unet
from training.networks.transformers import unetr
from training.networks.unets import segresnet, unet_2d, unet_3d, unet_plus_plus

_BUILDERS: dict[str, Callable[..., SegmentationNetwork]] = {
    "unet-2d": unet_2d,
    "unet-3d": unet_3d,
    "resnet-unet": resnet_unet,
    "unet++": unet_plus_plus,
    "deeplabv3+": deeplab_v3_plus,
    "unetr": unetr,
    "segresnet": segresnet,
    "half-resolution-unet": half_resolution_unet,
}
NAMES = tuple(_BUILDERS)


def build(
    name: str, inputs: int, classes: int, options: Mapping[str, Any], size: tuple[int, ...] | None = None
) -> SegmentationNetwork:
    """An untrained network in eval mode.

    `inputs` are the channels of an image, `size` the fixed grid that it will see, where there is one: (rows, columns)
    or (slices, rows, columns). Raises TrainingError where the name, an option or the size does not fit.
    """
    if name not in _BUILDERS:
        raise unknown("network", name, NAMES)
    builder = _BUILDERS[name]
    known = options_of(name)
    for option in options:
        if option not in known:
            raise unknown(f"option of {name}", option, known)
    fixed = {"size": size} if size is not None and "size" in inspect.signature(builder).parameters else {}
    try:
        network: SegmentationNetwork = validate_call(builder)(inputs, classes, **options, **fixed)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TrainingError(f"{where} of {name}: {first['msg'][0].lower()}{first['msg'][1:]}.") from error
    _check_size(name, network, size)
    return network.eval()


def options_of(name: str) -> dict[str, Any]:
    """The options of a network with their defaults; the size is none, it comes with the grid."""
    parameters = inspect.signature(_BUILDERS[name]).parameters.values()
    chosen = [one for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY and one.name != "size"]
    return {one.name: one.default for one in chosen}


def _check_size(name: str, network: SegmentationNetwork, size: tuple[int, ...] | None) -> None:
    if size is None:
        return
    if len(size) != network.dimensions:
        kind = "volumes" if network.dimensions == 3 else "slices"
        raise TrainingError(f"{name} takes {kind}; give [preprocessing] size {network.dimensions} numbers.")
