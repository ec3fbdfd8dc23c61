"""Decides what the probes of a self-test mean: each reading against its limit, with its remedy.

Who measures is `edge_agent.daemon.looking` and `edge_agent.daemon.self_test`.  A reading of None
could not be taken: that is said, and is not good.  What was not tried at all is neither good nor
bad.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.evidence.bodies import Severity

FSYNC_MS_MAX = 200.0  # the recorder's own patience before it sends without the disk
DISK_PERCENT_MAX = 85.0
INODES_PERCENT_MAX = 85.0
MEMORY_MIB_MIN = 64.0  # the agent's budget; below it the kernel begins to end processes


class Probe(StrEnum):
    """What can be probed; the words stand in events and in JSON."""

    AGENT = "agent"
    PANEL = "panel"
    LINE = "line"
    DISK_SPEED = "disk_speed"
    DISK_SPACE = "disk_space"
    MEMORY = "memory"
    CLOCK = "clock"
    TEMPERATURE = "temperature"
    SUPPLY = "supply"
    IDENTITY_KEY = "identity_key"
    DATA_FOLDER = "data_folder"
    PORT = "port"
    INTERFACE = "interface"
    RECEIPT_KEY = "receipt_key"
    SEAL = "seal"
    TLS_FILES = "tls_files"
    CERTIFICATE = "certificate"
    DEVICE = "device"
    ANCHOR = "anchor"
    SM2_KEY = "sm2_key"
    CAMERA = "camera"
    NAME = "name"
    NETWORK = "network"
    TLS = "tls"
    BROKER = "broker"
    RECEIPT = "receipt"
    LOOPBACK = "loopback"


@dataclass(frozen=True, slots=True)
class Probed:
    """One thing that was looked at.

    `what` says for people which one it is.  `good` is None where it could not be tried, and
    `detail` says why; `remedy` is empty where it is good.
    """

    probe: Probe
    what: str
    good: bool | None
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a probe that fails is called as a finding, and how soon somebody has to come."""

    cause: str
    severity: Severity = Severity.MAINTAIN


FINDINGS: Mapping[Probe, Meaning] = {
    Probe.DISK_SPEED: Meaning("disk_slow"),
    Probe.DISK_SPACE: Meaning("disk_full"),
    Probe.MEMORY: Meaning("memory_short"),
    Probe.CLOCK: Meaning("clock_unsure"),
    Probe.IDENTITY_KEY: Meaning("key_unusable", Severity.URGENT),
    Probe.DATA_FOLDER: Meaning("disk_refuses", Severity.URGENT),
    Probe.INTERFACE: Meaning("interface_missing"),
    Probe.RECEIPT_KEY: Meaning("credentials", Severity.URGENT),
    Probe.SEAL: Meaning("credentials", Severity.URGENT),
    Probe.TLS_FILES: Meaning("credentials", Severity.URGENT),
    Probe.CERTIFICATE: Meaning("certificate_ends"),
    Probe.NAME: Meaning("name_unresolved"),
    Probe.NETWORK: Meaning("broker_unreachable"),
    Probe.TLS: Meaning("tls_refused"),
    Probe.BROKER: Meaning("broker_refused"),
    Probe.RECEIPT: Meaning("receipt_missing", Severity.URGENT),
}
"""Probes whose failure becomes a finding.  Panels, lines, temperature, supply, cameras, timestamps,
second signatures and the inventory are watched all the time by others, which say so: a self-test
tells of them and finds nothing twice.
"""


# ---- the machine


def fsync(worst_ms: float | None, where: str, what: str = "flushed writes") -> Probed:
    """Judge the slowest of some small writes that were waited for."""
    probe, name = Probe.DISK_SPEED, "disk speed"
    if worst_ms is None:
        remedy = "make the folder writable for this user, or look whether the card is read-only"
        return Probed(probe, name, False, f"{where} cannot be written", remedy)
    detail = f"{where}: slowest of {what} {worst_ms:.1f} ms, limit {FSYNC_MS_MAX:.0f}"
    if worst_ms <= FSYNC_MS_MAX:
        return Probed(probe, name, True, detail)
    return Probed(probe, name, False, detail, "use an industrial card or an SSD; see what writes")


COMMITS_SURE = 100
"""From so many on the slowest hundredth is left out: any card pauses now and then."""


def commits(took_ms: Sequence[float], refused: str | None, where: str) -> Probed:
    """Judge the journal's own commits: nothing need be written to measure them."""
    if refused is not None:
        remedy = "the card is full, worn or was unsafely removed: change it"
        return Probed(Probe.DISK_SPEED, "disk speed", False, f"{where} refuses: {refused}", remedy)
    if not took_ms:
        return Probed(Probe.DISK_SPEED, "disk speed", None, f"{where}: nothing was written yet")
    rising = sorted(took_ms)
    few = len(rising) < COMMITS_SURE
    worst = rising[-1] if few else rising[len(rising) * 99 // 100 - 1]
    of = f"the last {len(rising)} commits" if few else f"99 of 100 of {len(rising)} commits"
    return fsync(worst, where, of)


def disk(used_percent: float | None, inodes_percent: float | None, where: str) -> Probed:
    """Judge how full the disk is, by bytes and by inodes."""
    probe, name = Probe.DISK_SPACE, "disk space"
    if used_percent is None:
        return Probed(probe, name, False, f"{where} cannot be looked at", "mount it")
    detail = f"{where}: {used_percent:.0f} % used"
    if inodes_percent is not None:
        detail += f", {inodes_percent:.0f} % of the inodes"
    full = used_percent >= DISK_PERCENT_MAX or (inodes_percent or 0) >= INODES_PERCENT_MAX
    remedy = "remove what is not the gateway's, or use a larger card" if full else ""
    return Probed(probe, name, not full, detail, remedy)


def memory(available_mib: float | None) -> Probed:
    """Judge what memory programs can still get."""
    probe, name = Probe.MEMORY, "memory"
    if available_mib is None:
        return Probed(probe, name, False, "cannot be read", "look at /proc/meminfo")
    low = available_mib < MEMORY_MIB_MIN
    remedy = "find what else runs on this gateway, or use a board with more" if low else ""
    return Probed(probe, name, not low, f"{available_mib:.0f} MiB available", remedy)


def clock(trust: str, uncertainty_ms: int | None) -> Probed:
    """Judge how far the wall clock is to be trusted."""
    bound = "" if uncertainty_ms is None else f", right within {uncertainty_ms} ms"
    if trust == "synced":
        return Probed(Probe.CLOCK, "clock", True, f"synced{bound}")
    remedy = "check the network time service (timedatectl); events are dated afterwards"
    detail = f"{trust}{bound}: no time source disciplines it"
    return Probed(Probe.CLOCK, "clock", False, detail, remedy)


def temperature(celsius: float | None, limit: float) -> Probed | None:
    """Judge the processor's temperature; None where there is no sensor."""
    if celsius is None:
        return None
    hot = celsius >= limit
    remedy = "give the gateway air, shade or a heat sink; clean its vents" if hot else ""
    detail = f"{celsius:.1f} C, limit {limit:.0f}"
    return Probed(Probe.TEMPERATURE, "temperature", not hot, detail, remedy)


def voltage(low: bool | None) -> Probed | None:
    """Judge the board's supply; None where the board does not tell."""
    if low is None:
        return None
    if not low:
        return Probed(Probe.SUPPLY, "supply", True, "the board sees no under-voltage")
    remedy = "use the supply made for the board, a short thick cable, a powered USB hub"
    return Probed(Probe.SUPPLY, "supply", False, "the board's supply is below 4.63 V", remedy)


# ---- panels and centers, as the running agent knows them


def panel(name: str, *, online: bool | None, supervised: bool = True) -> Probed:
    """Judge whether a panel answers, by what its own supervision knows.

    One that is not `supervised` says nothing by itself: until something happens nobody knows.
    """
    if online is None and not supervised:
        detail = (
            "says nothing by itself, and nothing happened yet: a test print would prove its line"
        )
        return Probed(Probe.PANEL, f"panel {name}", None, detail)
    said = {True: "answers", False: "does not answer", None: "was not heard yet"}[online]
    remedy = "" if online else "check its supply, and the line between it and here"
    return Probed(Probe.PANEL, f"panel {name}", online is True, said, remedy)


DAMAGE = frozenset({"checksum", "length", "shape", "noise"})
"""Counted faults of a line (`edge_agent.domain.session.FaultKind`) that are damaged bytes."""


def line(name: str, before: Mapping[str, int], now: Mapping[str, int], *, noisy: bool) -> Probed:
    """Judge a line by the bytes damaged since an earlier count.

    `noisy`: its session found more than one message in a hundred damaged.
    """
    counts = {kind: now[kind] - before.get(kind, 0) for kind in sorted(DAMAGE & now.keys())}
    said = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count > 0)
    detail = f"damaged since the last look: {said}" if said else "nothing damaged"
    if not noisy:
        return Probed(Probe.LINE, f"line of {name}", True, detail)
    remedy = "check cable, shield, earth and the length of the line"
    return Probed(Probe.LINE, f"line of {name}", False, f"noisy; {detail}", remedy)


def receipt(center: Mapping[str, object], trip_ms: float | None) -> Probed:
    """Judge whether the center receipts what it is sent.

    `trip_ms`: how long a moment ago an event took to be receipted, None where none was; `center` is
    a center's entry of the status.
    """
    what, reason = f"center {center['center']}, receipts", str(center["reason"] or "")
    outstanding = center["outstanding"]
    if trip_ms is not None:
        detail = f"an event was receipted in {trip_ms:.0f} ms; {outstanding} outstanding"
        return Probed(Probe.RECEIPT, what, True, detail)
    if not center["connected"]:
        remedy = "see the way to its broker; events wait in the journal meanwhile"
        return Probed(Probe.RECEIPT, what, False, reason or "not connected", remedy)
    detail = f"connected, but nothing is receipted; {outstanding} outstanding"
    return Probed(Probe.RECEIPT, what, False, detail, "ask the center whether it runs")
