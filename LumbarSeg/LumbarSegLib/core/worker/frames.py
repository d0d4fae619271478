"""Messages as bytes on a pipe: a head that nothing else begins with, a JSON header, and blocks of bytes as they are."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

_HEAD = struct.Struct("<4sI")  # the mark and the length of the header
_MARK = b"LSW1"
_LONGEST_HEADER = 1 << 26
_SHOWN = 200


class Garbled(Exception):
    """What was read is no message. Its text shows how it begins."""


@dataclass(frozen=True)
class Message:
    """What one side tells the other: its kind, what belongs to that, and blocks of bytes such as pixels."""

    kind: str
    told: Mapping[str, Any]
    blocks: Sequence[bytes] = ()


def write(stream: BinaryIO, message: Message) -> None:
    """Write a message and flush. Raises OSError where nobody reads any more."""
    told = {"kind": message.kind, "told": message.told, "blocks": [len(block) for block in message.blocks]}
    header = json.dumps(told).encode("ascii")
    stream.write(_HEAD.pack(_MARK, len(header)) + header)
    for block in message.blocks:
        stream.write(block)
    stream.flush()


def read(stream: BinaryIO) -> Message | None:
    """The next message, or None where the stream ends, be it in the middle of one. Raises Garbled."""
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if head[: len(_MARK)] != _MARK[: len(head)]:
        raise Garbled(repr(head))
    if len(head) < _HEAD.size:
        return None
    _, length = _HEAD.unpack(head)
    if length > _LONGEST_HEADER:
        raise Garbled(repr(head))
    header = stream.read(length)
    if len(header) < length:
        return None
    try:
        found = json.loads(header)
        sizes = [int(size) for size in found["blocks"]]
        kind, told = str(found["kind"]), dict(found["told"])
    except (ValueError, KeyError, TypeError) as error:
        raise Garbled(repr(header[:_SHOWN])) from error
    blocks = [stream.read(size) for size in sizes]
    whole = all(len(block) == size for block, size in zip(blocks, sizes, strict=True))
    return Message(kind, told, blocks) if whole else None
