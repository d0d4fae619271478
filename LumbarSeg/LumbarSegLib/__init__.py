"""LumbarSeg: lumbar spine images in, named segments and measures out. Research use; not for diagnosis."""

__version__ = "0.1.0"
