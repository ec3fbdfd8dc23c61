"""Bytes between frames that belong to none: gathered, and reported once for each run.

Pure.  For decoders: `take` what no frame can be made of, `flush` before each frame.
"""

from edge_agent.domain.session import FaultKind, Frame

NOISE_BYTES_MAX = 1 << 16  # a longer run is reported in pieces of this size: memory is bounded


class Noise:
    """The run of noise that has not ended.

    frames += noise.take(b"what no frame can be made of")
    frames += [*noise.flush(), frame]
    """

    def __init__(self) -> None:
        self._run = bytearray()

    def __len__(self) -> int:
        """Return how many bytes are held."""
        return len(self._run)

    def take(self, data: bytes) -> list[Frame]:
        """Take bytes; return what is too long to be held."""
        self._run += data
        frames: list[Frame] = []
        while len(self._run) >= NOISE_BYTES_MAX:
            frames.append(Frame(bytes(self._run[:NOISE_BYTES_MAX]), fault=FaultKind.NOISE))
            del self._run[:NOISE_BYTES_MAX]
        return frames

    def flush(self) -> list[Frame]:
        """End the run: a frame follows, or nothing."""
        run = bytes(self._run)
        self._run.clear()
        return [Frame(run, fault=FaultKind.NOISE)] if run else []
