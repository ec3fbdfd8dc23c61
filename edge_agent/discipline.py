"""Asks the system whether something disciplines the wall clock, and how well; never waits.

In this order: the kernel (adjtimex(2), to which every time daemon reports: ntpd, ntpsec, systemd,
and chrony with `rtcsync`).  Where it may not be asked, as in a sandboxed service, or knows nothing:
systemd-timesyncd by its file; chrony and ntpd by their monitoring ports on the loopback interface,
which answer anybody on the machine.
"""

import contextlib
import ctypes
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

S = 1_000_000_000
_TIMEX_BYTES = 208  # struct timex on 64-bit Linux
_MAXERROR_AT, _STATUS_AT = 24, 40
_STA_UNSYNC = 0x40
_TIMESYNCD_FILE = Path("/run/systemd/timesync/synchronized")
_TIMESYNCD_AGE_NS_MAX = 2 * 2048 * S  # two of timesyncd's longest poll intervals
_TIMESYNCD_ERROR_MS = 5_000  # its RootDistanceMaxSec: servers that are further off are not used
CHRONY = ("127.0.0.1", 323)
NTPD = ("127.0.0.1", 123)
ASK_EVERY_NS = 16 * S
ANSWER_AGE_NS_MAX = 3 * ASK_EVERY_NS
ANSWER_BYTES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Discipline:
    """What the system says about its wall clock; `disciplined` is None where nobody can tell.

    `uncertainty_ms` bounds its error, None where not known; `source` names who says so.
    """

    disciplined: bool | None
    uncertainty_ms: int | None = None
    source: str = ""


class Sources:
    """Asks one after the other; the first that vouches for the clock is believed."""

    def __init__(self, chrony: tuple[str, int] = CHRONY, ntpd: tuple[str, int] = NTPD) -> None:
        self._daemons = (
            Daemon(chrony, tracking_request(), read_tracking),
            Daemon(ntpd, VARIABLES_REQUEST, read_variables),
        )

    def ask(self, wall_ns: int, boottime_ns: int) -> Discipline:
        """Return what is known now."""
        kernel = kernel_says()
        if kernel.disciplined:
            return kernel
        answers = [daemon.says(boottime_ns) for daemon in self._daemons]
        for one in (timesyncd_says(wall_ns), *answers):
            if one.disciplined:
                return one
        return kernel


def kernel_says() -> Discipline:
    """Ask the kernel; modes 0 only reads, and needs no privilege."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):  # no such symbol in this C library
        state = -1
    if state < 0:
        return Discipline(None)
    (maxerror_us,) = struct.unpack_from("q", timex, _MAXERROR_AT)
    (status,) = struct.unpack_from("i", timex, _STATUS_AT)
    if status & _STA_UNSYNC:
        return Discipline(False)
    return Discipline(True, max(1, maxerror_us // 1000), "kernel")


def timesyncd_says(wall_ns: int, file: Path = _TIMESYNCD_FILE) -> Discipline:
    """Read when systemd-timesyncd last set the clock."""
    try:
        age_ns = wall_ns - file.stat().st_mtime_ns
    except OSError:
        return Discipline(None)
    if not 0 <= age_ns <= _TIMESYNCD_AGE_NS_MAX:
        return Discipline(False)
    return Discipline(True, _TIMESYNCD_ERROR_MS, "timesyncd")


# ---- a daemon that answers datagrams


class Daemon:
    """Asks a time daemon every now and then; the answer is picked up by a later call."""

    def __init__(
        self,
        address: tuple[str, int],
        request: bytes,
        read: Callable[[bytes], Discipline | None],
    ) -> None:
        self._address, self._request, self._read = address, request, read
        self._socket: socket.socket | None = None
        self._asked_ns: int | None = None
        self._heard: tuple[int, Discipline] | None = None

    def says(self, boottime_ns: int) -> Discipline:
        """Return what it said last, if that is not too old."""
        with contextlib.suppress(OSError):
            self._hear(boottime_ns)
        if self._asked_ns is None or boottime_ns - self._asked_ns >= ASK_EVERY_NS:
            self._asked_ns = boottime_ns
            with contextlib.suppress(OSError):
                self._send()
        if self._heard is None or boottime_ns - self._heard[0] > ANSWER_AGE_NS_MAX:
            return Discipline(None)
        return self._heard[1]

    def _send(self) -> None:
        if self._socket is None:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setblocking(False)
            made.connect(self._address)  # answers of others are not received
            self._socket = made
        self._socket.send(self._request)

    def _hear(self, boottime_ns: int) -> None:
        while self._socket is not None:
            try:
                answer = self._socket.recv(ANSWER_BYTES_MAX)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # nobody there
                self._heard = None
                return
            if (said := self._read(answer)) is not None:
                self._heard = boottime_ns, said

    def __del__(self) -> None:
        if self._socket is not None:
            self._socket.close()


# ---- chrony's monitoring protocol (candm.h of chrony 4, version 6): one datagram each way

_REQUEST = struct.Struct("!BBBBHHIII")
_REPLY = struct.Struct("!BBBBHHHHHHIII")
_TRACKING = struct.Struct("!I16sHHHHIIIIIIIIIIII")
_PACKET_BYTES = _REPLY.size + _TRACKING.size
_VERSION, _IS_REQUEST, _IS_REPLY, _ASKS_TRACKING, _TELLS_TRACKING = 6, 1, 2, 33, 5
_LEAP_UNSYNC = 3
_LOCAL_REFERENCE = 0x7F7F0101  # chrony serves its own free-running clock: nobody disciplines it


def tracking_request() -> bytes:
    """Return the datagram that asks chronyd how it tracks; as long as its answer will be."""
    head = _REQUEST.pack(_VERSION, _IS_REQUEST, 0, 0, _ASKS_TRACKING, 0, 0, 0, 0)
    return head.ljust(_PACKET_BYTES, b"\0")


def read_tracking(answer: bytes) -> Discipline | None:
    """Return what an answer says; None for anything that is none."""
    if len(answer) < _PACKET_BYTES:
        return None
    version, kind, _, _, command, reply, status, *_ = _REPLY.unpack_from(answer)
    if (version, kind, command, reply) != (_VERSION, _IS_REPLY, _ASKS_TRACKING, _TELLS_TRACKING):
        return None
    if status != 0:
        return None
    reference, _, _, _, _, leap, *rest = _TRACKING.unpack_from(answer, _REPLY.size)
    if leap == _LEAP_UNSYNC or reference in (0, _LOCAL_REFERENCE):
        return Discipline(False)
    correction, delay, dispersion = (read_float(rest[at]) for at in (3, 9, 10))
    error_s = abs(correction) + delay / 2 + dispersion
    return Discipline(True, max(1, round(min(error_s, 1e6) * 1000)), "chrony")


def read_float(word: int) -> float:
    """Return chrony's 32-bit float: 7 bits of exponent, 25 of coefficient, both signed."""
    exponent, coefficient = word >> 25, word & 0x1FFFFFF
    if exponent >= 64:
        exponent -= 128
    if coefficient >= 1 << 24:
        coefficient -= 1 << 25
    return float(coefficient) * 2.0 ** (exponent - 25)


# ---- the control messages of ntpd and ntpsec (RFC 9327): system variables as text

_CONTROL = struct.Struct("!BBHHHHH")
_VERSION_2_MODE_6, _READ_VARIABLES, _RESPONSE, _ERROR = 0x16, 2, 0x80, 0x40
_STRATUM_UNSYNC = 16
_LOCAL_CLOCKS = ("LOCL", "LOCAL", "127.127.1.")  # ntpd follows nobody but the machine itself
VARIABLES_REQUEST = _CONTROL.pack(_VERSION_2_MODE_6, _READ_VARIABLES, 1, 0, 0, 0, 0)


def read_variables(answer: bytes) -> Discipline | None:
    """Return what an answer says; None for anything that is none."""
    if len(answer) < _CONTROL.size:
        return None
    first, opcode, *_ = _CONTROL.unpack_from(answer)
    if first & 0x07 != _VERSION_2_MODE_6 & 0x07 or not opcode & _RESPONSE or opcode & _ERROR:
        return None
    pairs = answer[_CONTROL.size :].decode("ascii", "replace").split(",")
    said = dict(pair.strip().split("=", 1) for pair in pairs if "=" in pair)
    try:
        leap, stratum = int(said["leap"]), int(said["stratum"])
        error_ms = float(said["rootdelay"]) / 2 + float(said["rootdisp"])
    except (KeyError, ValueError):
        return None
    local = said.get("refid", "").strip('"').startswith(_LOCAL_CLOCKS)
    if leap == _LEAP_UNSYNC or not 0 < stratum < _STRATUM_UNSYNC or local:
        return Discipline(False)
    if not 0 <= error_ms < 1e9:  # also what is not a number
        return None
    return Discipline(True, max(1, round(error_ms)), "ntpd")
