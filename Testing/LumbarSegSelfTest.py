"""What Slicer's test runner loads: the module's own test, which runs the whole path on the shipped sample."""

from LumbarSeg import LumbarSegTest as LumbarSegTest  # noqa: PLC0414 - the runner looks for it here
