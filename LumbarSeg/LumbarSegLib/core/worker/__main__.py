"""The child process: requests in on standard input, answers out on standard output, for `client.Worker`.

    python -m LumbarSegLib.core.worker

It ends when its standard input does, so it is never left behind by a host that crashed, and it gives a sign of life
every second. What libraries print goes to standard error.
"""

import faulthandler
import os
import threading
import time
import traceback
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from LumbarSegLib.core.worker import frames
from LumbarSegLib.core.worker.frames import Message
from LumbarSegLib.errors import NOT_ENOUGH_MEMORY, LumbarSegError, is_out_of_memory

if TYPE_CHECKING:
    from LumbarSegLib.core.worker.work import Work

_BEAT_S = 1.0


def main() -> None:
    """Answer requests until standard input ends."""
    faulthandler.enable()
    requests, answers = _own_pipes()
    child = _Child(answers)
    # Signs of life and the end of the host are minded beside the work, from before the libraries are imported.
    threading.Thread(target=child.beat, daemon=True).start()
    threading.Thread(target=child.listen, args=(requests,), daemon=True).start()
    child.work()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for messages alone: libraries find an empty input and print to standard error.

    On Windows a library that is loaded asks for the state of standard input, and would wait for as long as another
    thread reads from it.
    """
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    void = os.open(os.devnull, os.O_RDONLY)
    os.dup2(void, 0)
    os.close(void)
    os.dup2(2, 1)
    return requests, answers


class _Child:
    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._writing = threading.Lock()
        self._requests: SimpleQueue[Message] = SimpleQueue()
        self._work: Work | None = None

    def tell(self, message: Message) -> None:
        """Write a message; where nobody reads it any more, end."""
        with self._writing:
            try:
                frames.write(self._answers, message)
            except OSError:
                os._exit(0)

    def beat(self) -> None:
        while True:
            self.tell(Message("alive", {}))
            time.sleep(_BEAT_S)

    def listen(self, requests: BinaryIO) -> None:
        """Take requests until there can be no more, then end at once, whatever is going on."""
        status = 0
        try:
            while (message := frames.read(requests)) is not None:
                self._requests.put(message)
        except BaseException:
            traceback.print_exc()
            status = 1
        os._exit(status)

    def work(self) -> None:
        """Answer one request after the other."""
        while True:
            self._answer(self._requests.get())

    def _answer(self, request: Message) -> None:
        try:
            answer = self._done(request)
        except Exception as error:
            answer = _failure(request, error)
        self.tell(answer)

    def _done(self, request: Message) -> Message:
        from LumbarSegLib.core.worker.packing import unpacked_image
        from LumbarSegLib.core.worker.work import Work

        self._work = self._work or Work(self.tell)
        if request.kind == "warm":
            self._work.warm(request.told["task"])
            return Message("ready", {})
        image = unpacked_image(request.told["image"], request.blocks[0])
        return self._work.segment(image, request.told["wishes"])


def _failure(request: Message, error: Exception) -> Message:
    """One sentence for the user, and the traceback where that does not say all."""
    details = "" if isinstance(error, LumbarSegError) else "".join(traceback.format_exception(error))
    told = {"request": request.kind, "sentence": _sentence(error), "details": details}
    return Message("failed", told)


def _sentence(error: Exception) -> str:
    if isinstance(error, LumbarSegError):
        sentence = str(error)
    elif is_out_of_memory(error):
        sentence = NOT_ENOUGH_MEMORY
    elif isinstance(error, ImportError):
        sentence = f"The Python package {error.name or 'of a library'} is missing or damaged; install it and try again."
    else:
        sentence = f"The image could not be segmented ({type(error).__name__}); see the details and report it."
    return sentence[:1].upper() + sentence[1:]


if __name__ == "__main__":
    main()
