"""The errors that a user meets.

The message of each is one clear sentence that says what is wrong and what to do. A host shows it as it is;
a traceback is for developers only.
"""


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
