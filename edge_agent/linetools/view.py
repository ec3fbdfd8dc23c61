"""What goes over a line as people and programs see it: decoded where a driver reads it, masked."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge_agent.decoding import frame_values
from edge_agent.domain.session import Decoder, FaultKind, Frame
from edge_agent.domain.signal import Signal
from edge_agent.language import Catalog
from edge_agent.linetools.format import Chunk, Header, Note, Record, Said
from edge_agent.linetools.masking import masked, masked_bytes, readable
from edge_agent.views.rendering import safe, time_text

STREAMS_MAX = 64  # of a listening port's callers; those beyond are shown undecoded
_DETAILS = ("code", "area", "zone", "user", "account", "text")


class View:
    """Turns records into lines of text, or of JSON; one decoder for each end of each line.

    A frame has the time of the bytes that completed it.  `unmasked` shows user codes too.
    """

    def __init__(
        self,
        decoder: Callable[[], Decoder] | None,
        words: Catalog,
        *,
        as_json: bool = False,
        unmasked: bool = False,
        meanings: Callable[[str], str | None] | None = None,
    ) -> None:
        self._make = decoder
        self._words = words
        self._json = as_json
        self._unmasked = unmasked
        self._meanings = meanings
        self._decoders: dict[tuple[int, int, Said], Decoder] = {}
        self._header: Header | None = None
        self._last: Chunk | None = None

    def show(self, record: Record) -> list[str]:
        """Return the lines that a record makes."""
        match record:
            case Header():
                rest = self.finish()
                self._header = record
                return rest
            case Note():
                return self._note(record)
            case Chunk():
                self._last = record
                decoder = self._decoder(record)
                if decoder is None:
                    return [self._bare(record)]
                return [self._frame(frame, record) for frame in decoder.feed(record.data)]

    def finish(self) -> list[str]:
        """Return what no end has followed: nothing more will come."""
        decoders, self._decoders = self._decoders, {}
        if self._last is None:
            return []
        return [
            self._frame(frame, replace(self._last, at=at, peer=peer, said=said))
            for (at, peer, said), decoder in decoders.items()
            for frame in decoder.finish()
        ]

    def _decoder(self, chunk: Chunk) -> Decoder | None:
        key = (chunk.at, chunk.peer, chunk.said)
        if self._make is not None and key not in self._decoders:
            if len(self._decoders) >= STREAMS_MAX:
                return None
            self._decoders[key] = self._make()
        return self._decoders.get(key)

    def _place(self, at: int) -> str:
        places = self._header.places if self._header else ()
        return places[at].place if at < len(places) else str(at)

    def _time(self, wall_ns: int | None, mono_ns: int) -> str:
        if wall_ns is None or wall_ns > 1 << 62:
            return f"{mono_ns / 1e9:.3f}"
        return time_text(wall_ns // 1_000_000, None)[11:23]

    def _note(self, note: Note) -> list[str]:
        if self._json:
            told = {**self._head(note.wall_ns, note.mono_ns), "what": str(note.what)}
            told |= {"place": self._place(note.at), "detail": note.detail}
            return [json.dumps(told, ensure_ascii=False)]
        said = self._words(note.what, place=self._place(note.at), detail=note.detail)
        return [safe(f"{self._time(note.wall_ns, note.mono_ns)}  {said}")]

    def _head(self, wall_ns: int | None, mono_ns: int) -> dict[str, Any]:
        return {"wall_ns": wall_ns, "mono_ns": mono_ns}

    def _bare(self, chunk: Chunk) -> str:
        """Bytes that no driver reads."""
        is_host = chunk.said is Said.HOST
        data = chunk.data if self._unmasked else masked_bytes(chunk.data, by_host=is_host)
        if self._json:
            told = {**self._head(chunk.wall_ns, chunk.mono_ns), "from": str(chunk.said)}
            return json.dumps(told | {"bytes": len(chunk.data), "text": readable(data)})
        return self._line(chunk, self._words("bytes", count=len(chunk.data)), data)

    def _line(self, chunk: Chunk, what: str, data: bytes) -> str:
        who = self._words(chunk.said)
        if chunk.peer:
            who = f"{who} {chunk.peer}"
        when = self._time(chunk.wall_ns, chunk.mono_ns)
        return safe(f"{when}  {who}  {what}  | {readable(data)}")

    def _frame(self, frame: Frame, chunk: Chunk) -> str:
        data = frame.raw if self._unmasked else masked(frame, by_host=chunk.said is Said.HOST)
        if self._json:
            told = {**self._head(chunk.wall_ns, chunk.mono_ns), "from": str(chunk.said)}
            told |= {"peer": chunk.peer} if chunk.peer else {}
            return json.dumps(told | frame_values(replace(frame, raw=data)), ensure_ascii=False)
        return self._line(chunk, self._meaning(frame), data)

    def _meaning(self, frame: Frame) -> str:
        if frame.fault is FaultKind.NOISE:
            return self._words("noise")
        said = self._words("refused", fault=frame.fault) if frame.fault else str(frame.type)
        if frame.signals:
            return f"{said}  {'; '.join(map(self._signal, frame.signals))}"
        plain = {name: value for name, value in frame.fields.items() if value not in (None, "", [])}
        return "  ".join(
            [said, " ".join(f"{name} {value}" for name, value in plain.items())]
        ).strip()

    def _signal(self, signal: Signal) -> str:
        details = [
            f"{name} {value}" for name in _DETAILS if (value := getattr(signal, name)) is not None
        ]
        meaning = self._meanings(signal.code) if self._meanings and signal.code else None
        name = f"{signal.kind} ({meaning})" if meaning else str(signal.kind)
        return " ".join([name, str(signal.state), *details])
