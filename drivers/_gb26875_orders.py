"""What a center asks and orders by GB/T 26875.3: application data of requests and controls."""

from datetime import datetime
from typing import Final

from drivers._gb26875_frames import time_bytes
from drivers._gb26875_memory import FIRST_SYSTEM, Memory

RECORDS: Final = 20  # of each log, after a gap; operators do not do more in one
DEVICE: Final = "device"  # what is asked first: a device that does not answer this answers nothing

Order = tuple[str, bytes]


def state_orders(memory: Memory, since: bytes | None) -> list[Order]:
    """Ask for the device, each system, what stood before; and for the logs `since` a time."""
    systems = memory.systems() or [FIRST_SYSTEM]
    orders: list[Order] = [(DEVICE, bytes((81, 1, 0)))]
    orders += [(f"system {kind} {at}", bytes((61, 1, kind, at))) for kind, at in systems]
    for kind, at, address in memory.standing():
        data = bytes((62, 1, kind, at)) + address.to_bytes(4, "little")
        orders.append((f"component {kind} {at} {address}", data))
    if since is not None:
        orders.append(("device log", bytes((84, 1, RECORDS)) + since))
        for kind, at in systems:
            orders.append((f"log {kind} {at}", bytes((64, 1, kind, at, RECORDS)) + since))
    return orders


def clock_order(now: datetime) -> bytes:
    """Set the device's clock."""
    return bytes((90, 1)) + time_bytes(now)


def duty_order(minutes: int) -> bytes:
    """Have the operator prove presence within so many minutes."""
    return bytes((91, 1, minutes))
