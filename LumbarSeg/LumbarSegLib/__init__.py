"""LumbarSeg: lumbar spine images in, named segments and measures out. Research use; not for diagnosis."""

__version__ = "0.1.0"

RESEARCH_USE = "Research use; not for diagnosis."
"""What every result says, in every form."""
