"""Reads the numbers of this machine's parts, for the genesis; what is not there is left out.

Board: the SoC's serial number (Raspberry Pi, from the device tree), or the board's by DMI where it
may be read.  Network: permanent addresses of interfaces that are part of the board, not of what is
plugged into USB.  Card: the CID of the SD card or eMMC that the journal is on.  None of them moves
with the card's content, as /etc/machine-id would.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from edge_agent.evidence.machine import BOARD, CARD, FACTS_MAX, NETWORK, Fact, fact

_BOARD_FILES = (
    "sys/firmware/devicetree/base/serial-number",
    "sys/class/dmi/id/product_uuid",
    "sys/class/dmi/id/board_serial",
)
_NUMBER_CHARS_MAX = 200
_NOT_A_NUMBER = frozenset({"", "0", "none", "default string", "to be filled by o.e.m."})
_PERMANENT = "0"  # addr_assign_type: neither random nor set by hand


def machine_facts(
    gateway: str, device: tuple[int, int] | None, root: Path = Path("/")
) -> tuple[Fact, ...]:
    """Return what is known of this machine; `device` is (major, minor) of the journal's disk."""
    found = [
        *((BOARD, number) for number in _board(root)),
        *((CARD, number) for number in _card(root, device)),
        *((NETWORK, number) for number in _network(root)),
    ]
    return tuple(fact(gateway, kind, number) for kind, number in found[:FACTS_MAX])


def _read(file: Path) -> str:
    with contextlib.suppress(OSError):
        with file.open("rb") as opened:
            text = opened.read(_NUMBER_CHARS_MAX).decode("ascii", "replace")
        return text.strip("\0 \n").lower()
    return ""


def _is_number(text: str) -> bool:
    return text not in _NOT_A_NUMBER and bool(text.strip("0-:"))


def _board(root: Path) -> Iterator[str]:
    for name in _BOARD_FILES:
        if _is_number(number := _read(root / name)):
            yield number
            return


def _network(root: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for interface in sorted((root / "sys/class/net").iterdir()):
            device = interface / "device"
            if not device.exists() or "/usb" in str(device.resolve()):
                continue  # of no hardware, or plugged in
            address = _read(interface / "address")
            if _read(interface / "addr_assign_type") == _PERMANENT and _is_number(address):
                yield address


def _card(root: Path, device: tuple[int, int] | None) -> Iterator[str]:
    if device is None:
        return
    with contextlib.suppress(OSError):
        block = (root / f"sys/dev/block/{device[0]}:{device[1]}").resolve()
        for folder in (block, block.parent):  # a partition lies in its disk
            if _is_number(number := _read(folder / "device/cid")):
                yield number
                return
