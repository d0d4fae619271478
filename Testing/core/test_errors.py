"""What a library says when memory runs out is known for that, and nothing else is."""

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.errors import InputError, is_out_of_memory

FAR_TOO_MUCH = 1 << 46


@pytest.mark.parametrize(
    "take",
    [
        lambda: bytes(FAR_TOO_MUCH),
        lambda: np.zeros(FAR_TOO_MUCH, np.uint8),
        lambda: torch.empty(FAR_TOO_MUCH, dtype=torch.uint8),
        lambda: sitk.Image([1 << 16, 1 << 15, 1 << 15], sitk.sitkUInt8),
    ],
    ids=["python", "numpy", "torch", "itk"],
)
def test_each_library_is_understood_when_memory_runs_out(take: Callable[[], object]) -> None:
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        take()
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), InputError("out of memory"), OSError(12, "no")]
)
def test_another_error_is_no_lack_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)
