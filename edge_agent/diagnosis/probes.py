"""Decides what probes of the gateway itself mean: each reading against its limit, with its remedy.

The shell that measures is `edge_agent.cli.diagnose`.  A reading of None could not be taken: that is
said, and is not good.
"""

from dataclasses import dataclass

FSYNC_MS_MAX = 200.0  # the recorder's own patience before it sends without the disk
DISK_PERCENT_MAX = 85.0
INODES_PERCENT_MAX = 85.0
MEMORY_MIB_MIN = 64.0  # the agent's budget; below it the kernel begins to end processes


@dataclass(frozen=True, slots=True)
class Probed:
    """One thing that was looked at; `remedy` is empty where it is good."""

    what: str
    good: bool
    detail: str
    remedy: str = ""


def fsync(worst_ms: float | None, where: str) -> Probed:
    """Judge the slowest of some small flushed writes."""
    if worst_ms is None:
        remedy = "make the folder writable for this user, or look whether the card is read-only"
        return Probed("disk speed", False, f"{where} cannot be written", remedy)
    detail = f"{where}: slowest of the flushed writes {worst_ms:.1f} ms, limit {FSYNC_MS_MAX:.0f}"
    if worst_ms <= FSYNC_MS_MAX:
        return Probed("disk speed", True, detail)
    return Probed("disk speed", False, detail, "use an industrial card or an SSD; see what writes")


def disk(used_percent: float | None, inodes_percent: float | None, where: str) -> Probed:
    """Judge how full the disk is, by bytes and by inodes."""
    if used_percent is None:
        return Probed("disk space", False, f"{where} cannot be looked at", "mount it")
    detail = f"{where}: {used_percent:.0f} % used"
    if inodes_percent is not None:
        detail += f", {inodes_percent:.0f} % of the inodes"
    full = used_percent >= DISK_PERCENT_MAX or (inodes_percent or 0) >= INODES_PERCENT_MAX
    remedy = "remove what is not the gateway's, or use a larger card" if full else ""
    return Probed("disk space", not full, detail, remedy)


def memory(available_mib: float | None) -> Probed:
    """Judge what memory programs can still get."""
    if available_mib is None:
        return Probed("memory", False, "cannot be read", "look at /proc/meminfo")
    low = available_mib < MEMORY_MIB_MIN
    remedy = "find what else runs on this gateway, or use a board with more" if low else ""
    return Probed("memory", not low, f"{available_mib:.0f} MiB available", remedy)


def clock(trust: str, uncertainty_ms: int | None) -> Probed:
    """Judge how far the wall clock is to be trusted."""
    bound = "" if uncertainty_ms is None else f", right within {uncertainty_ms} ms"
    if trust == "synced":
        return Probed("clock", True, f"synced{bound}")
    remedy = "check the network time service (timedatectl); events are dated afterwards"
    return Probed("clock", False, f"{trust}{bound}: no time source disciplines it", remedy)


def temperature(celsius: float | None, limit: float) -> Probed | None:
    """Judge the processor's temperature; None where there is no sensor."""
    if celsius is None:
        return None
    hot = celsius >= limit
    remedy = "give the gateway air, shade or a heat sink; clean its vents" if hot else ""
    return Probed("temperature", not hot, f"{celsius:.1f} C, limit {limit:.0f}", remedy)


def voltage(low: bool | None) -> Probed | None:
    """Judge the board's supply; None where the board does not tell."""
    if low is None:
        return None
    if not low:
        return Probed("supply", True, "the board sees no under-voltage")
    remedy = "use the supply made for the board, a short thick cable, a powered USB hub"
    return Probed("supply", False, "the board's supply is below 4.63 V", remedy)
