"""The card of a small model, for tests that write model files of the real format."""

from typing import Any

CARD: dict[str, Any] = {
    "name": "small",
    "version": "1",
    "title": "Small",
    "task": "sagittal",
    "modality": "MR",
    "plane": "sagittal",
    "training_data": [],
    "intended_use": "Tests",
    "limits": [],
}
