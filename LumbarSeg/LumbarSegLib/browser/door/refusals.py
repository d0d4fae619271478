"""What the door answers instead of what was asked for: a status and one sentence."""

from http import HTTPStatus

from LumbarSegLib.errors import LumbarSegError

ENDED = "This session has ended and its images are deleted; start a new one."


class Refused(LumbarSegError):
    """The door does not do this. `str()` is one sentence for the user."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def ended() -> Refused:
    """Of a session that is no more, that never was, or that belongs to someone else: nobody can tell which."""
    return Refused(HTTPStatus.GONE, ENDED)
