"""Frames of a pack: about 1 MiB of whole lines each, compressed alone, so that one record is one read of one frame."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple

from corpus.errors import Broken

if TYPE_CHECKING:
    import zstandard

FRAME_BYTES = 1 << 20
"""A frame is closed when its lines reach this; a longer line has a frame of its own."""
LARGEST = 64 << 20
"""No frame holds more: the largest record is a few MiB, and what claims more is not ours."""
_LEVEL = 3  # measured: level 9 takes four times as long for 8 % less
_of_thread = threading.local()


class Frame(NamedTuple):
    """Where a frame lies in its file, and how much it holds; all in bytes."""

    offset: int
    size: int
    content: int


def compressor() -> zstandard.ZstdCompressor:
    """What makes frames: each says how much it holds, and carries a checksum."""
    import zstandard

    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)


def _decompressor() -> zstandard.ZstdDecompressor:
    """This thread's: what one needs is not to be allocated for each frame."""
    import zstandard

    found: zstandard.ZstdDecompressor | None = getattr(_of_thread, "decompressor", None)
    if found is None:
        found = _of_thread.decompressor = zstandard.ZstdDecompressor()
    return found


def read_frame(fd: int, frame: Frame, where: str) -> bytes:
    """The lines of one frame. Raises :class:`Broken` for a frame that is cut, damaged, or holds another amount than it should.

    What it holds is known before a byte is decompressed, so a frame that would unfold without end is never begun.
    """
    import zstandard

    if not 0 < frame.content <= LARGEST or not 0 < frame.size <= 2 * LARGEST or not 0 <= frame.offset < 1 << 62:
        raise Broken(f"{where}: the index names a frame of {frame.content} bytes: run 'corpus verify --repair'")
    try:
        data = os.pread(fd, frame.size, frame.offset)
        if len(data) == frame.size and zstandard.get_frame_parameters(data).content_size == frame.content:
            lines = _decompressor().decompress(data, max_output_size=frame.content, allow_extra_data=False)
            if len(lines) == frame.content:
                return lines
    except zstandard.ZstdError as error:
        raise Broken(f"{where}: the frame at byte {frame.offset} cannot be read: run 'corpus verify --repair'") from error
    raise Broken(f"{where}: the frame at byte {frame.offset} is not what the index says: run 'corpus verify --repair'")
