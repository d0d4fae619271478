"""Memory that a closed image leaves: given back at once, so that a server's users do not hold what none of them sees.

What the libraries of the page make refers to itself and keeps images with it until Python happens to look for that; and
what is freed then stays with the process until the C library is asked for it.
"""

import ctypes
import gc
import sys
from contextlib import suppress


def count_as_lasting() -> None:
    """All that there is now stays as long as the process does; what is looked for later is looked for beside it."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Free what nothing refers to any more, and give it to the system where the C library has a function for that."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
