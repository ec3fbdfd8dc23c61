"""GB/T 26875.3 from bytes to frames with signals: what `decode` shows and sessions build on."""

from typing import Final

from drivers._gb26875_frames import Command as Word
from drivers._gb26875_frames import Cutter, Header, data_of, header_of, time_of
from drivers._gb26875_objects import Reading, Said, UnfitError, read_data, signals_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

VENDOR_COMMANDS: Final = 128
ADDRESSINGS: Final = ("loop_point", "point_loop", "number")


class Reader:
    """Reads whole frames; keeps nothing."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        facts = setup.profile.facts if setup.profile is not None else {}
        is_told = setup.options.get("charset") or facts.get("charset")
        self._charset = charset_of(setup) if is_told else "gb18030"
        told = setup.options.get("addressing") or facts.get("addressing")
        self.addressing = str(told or ADDRESSINGS[0])
        if self.addressing not in ADDRESSINGS:
            raise ValueError(f"addressing is {told!r}; allowed: {', '.join(ADDRESSINGS)}")

    def said(self, raw: bytes, header: Header) -> Said:
        """Return what a good frame says.  Raises UnfitError."""
        reading = Reading(
            codes=self._codes,
            charset=self._charset,
            addressing=self.addressing,
            account=f"{header.device:012x}" if header.device else None,
            device=header.device,
            frame=raw,
            header_time=header.time,
        )
        data = data_of(raw)
        if header.command >= VENDOR_COMMANDS:
            is_said = bool(data)
            fields: dict[str, Plain] = {"data": data.hex(), "vendor": True}
            return Said("vendor_command", fields, acts=(unknown(raw),) if is_said else ())
        return read_data(data, header.command, reading)

    def frame(self, cut: Frame) -> Frame:
        """Return what `decode` shows."""
        if cut.fault is not None:
            return Frame(cut.raw, fault=cut.fault)
        header = header_of(cut.raw)
        if not 1 <= header.command <= Word.DENY and header.command < VENDOR_COMMANDS:
            return Frame(cut.raw, fault=FaultKind.UNSUPPORTED)
        try:
            said = self.said(cut.raw, header)
        except UnfitError:
            return Frame(cut.raw, fault=FaultKind.LENGTH)
        time = time_of(header.time)
        fields: dict[str, Plain] = {
            "serial": header.serial,
            "version": f"{header.version[0]}.{header.version[1]}",
            "time": time.iso,
            "source": f"{header.source:012x}",
            "destination": f"{header.destination:012x}",
            "command": header.command,
            **said.fields,
        }
        if time.corrected:
            fields["time_corrected"] = True
        return Frame(cut.raw, said.type, signals_of(self._codes, said), fields)


def unknown(raw: bytes) -> Signal:
    """Return a frame that says nothing to us, kept."""
    return Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw[:FRAME_BYTES_MAX])


class GbDecoder:
    """Reads a stream of frames."""

    def __init__(self, setup: Setup) -> None:
        self._reader = Reader(setup)
        self._cutter = Cutter()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        return [self._reader.frame(cut) for cut in self._cutter.feed(data)]

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return [self._reader.frame(cut) for cut in self._cutter.finish()]

    def packet(self, data: bytes) -> list[Frame]:
        """Read one datagram: no frame goes on in the next."""
        cutter = Cutter()
        return [self._reader.frame(cut) for cut in (*cutter.feed(data), *cutter.finish())]
