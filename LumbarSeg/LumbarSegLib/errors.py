"""The errors that a user meets.

The message of each is one clear sentence that says what is wrong and what to do. A host shows it as it is;
a traceback is for developers only.
"""

NOT_ENOUGH_MEMORY = "there is not enough memory for this image; close other programs or crop the image."

_WORDS_OF_NO_MEMORY = ("not enough memory", "out of memory", "allocate memory", "bad allocation", "bad_alloc")


class LumbarSegError(Exception):
    """Base of all errors that are meant for the user."""


class InputError(LumbarSegError):
    """The image or a choice that the user made cannot be used."""


class ModelError(LumbarSegError):
    """A model file cannot be used: missing, damaged, altered, unknown schema or made for another task."""


class OutputError(LumbarSegError):
    """A result cannot be written where the user asked for it."""


class Cancelled(LumbarSegError):
    """The user cancelled the work."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; besides Python, torch and ITK say so each in words of their own."""
    told = str(error).lower() if isinstance(error, RuntimeError) else ""
    return isinstance(error, MemoryError) or any(words in told for words in _WORDS_OF_NO_MEMORY)


def as_sentence(error: Exception | str) -> str:
    """An error of ours as it stands alone: with a capital, but in the name of a file, and a full stop."""
    text = str(error).strip()
    first = text.split(" ")[0]
    capital = first[:1].upper() + first[1:] if first.isalpha() else first
    return capital + text[len(first) :] + ("" if text.endswith((".", "!", "?")) else ".")
