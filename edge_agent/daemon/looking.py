"""Looks at what the configuration names and at the machine: files, ports, disk, ways to a center.

Each look is a `Probed`.  All of it blocks, for moments or, on a way to a center, for seconds: the
running agent does it in a thread of its own (`edge_agent.daemon.self_test`), the command line as it
comes.  Nothing is changed anywhere.
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.clock import Now, SystemClock, system_now
from edge_agent.config import Anchor, Center, Loaded, Sm2
from edge_agent.daemon.inventory import Inventory, today_of
from edge_agent.daemon.ways import ways_to
from edge_agent.diagnosis import probes
from edge_agent.diagnosis.probes import Probe, Probed
from edge_agent.domain.camera import CameraSettings
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import is_for_signing, name_of
from edge_agent.evidence.key_file import KeyFileError, read_key_file
from edge_agent.evidence.signers import load_signer, prove
from edge_agent.health.sources import Sources
from edge_agent.limits import CERTIFICATE_SOON_NS
from edge_agent.uplink.access import (
    AccessError,
    client_id_of,
    load_seal,
    load_signing_key,
    read_certificate,
    valid_until,
)
from edge_agent.uplink.dial import PathAccess, make_context
from edge_agent.uplink.trial import Part, try_path
from edge_agent.uplink.trouble import DialError

NETWORKS = Path("/sys/class/net")
MEMORY = Path("/proc/meminfo")
WRITES = 16  # enough to meet the pause of a slow card, few enough not to wear it
WRITE_BYTES = 4096
PATIENCE_S = 10.0  # for one way to a center
_DAY_NS = 86_400_000_000_000


def files(loaded: Loaded, now: Callable[[], Now] = system_now) -> Iterator[Probed]:
    """Look at each file, folder, port and network that the configuration names."""
    yield _identity(loaded)
    yield _data_folder(loaded)
    for center in loaded.config.center:
        yield from _center(loaded, center, now)
    for panel in loaded.config.panel:
        if panel.serial is not None:
            yield _port(f"panel {panel.id}", panel.serial.port)
    for bus in loaded.config.bus:
        if bus.serial is not None:
            yield _port(f"bus {bus.id}", bus.serial.port)
    if loaded.config.anchor is not None:
        yield _anchor(loaded, loaded.config.anchor)
    if loaded.config.sm2 is not None:
        yield _sm2_key(loaded, loaded.config.sm2)
    yield from _devices(loaded)
    for camera in loaded.config.camera:
        yield _camera(loaded, camera)


# ---- what the configuration names


def _identity(loaded: Loaded) -> Probed:
    path, what = loaded.path(loaded.config.gateway.identity_key), "identity key"
    try:
        signer = load_signer(path, loaded.path(loaded.config.gateway.tpm))
        prove(signer)
    except KeyFileError as error:
        return Probed(Probe.IDENTITY_KEY, what, False, f"{path}: {error.cause}", error.remedy)
    detail = f"{path}, key id {signer.public.kid.hex()}, {signer.where}"
    return Probed(Probe.IDENTITY_KEY, what, True, detail)


def _anchor(loaded: Loaded, anchor: Anchor) -> Probed:
    """Look at whose timestamps count; whether one comes is `edge-agent anchor`'s to try."""
    from edge_agent.evidence.certificates import read_pem  # noqa: PLC0415  only where it is used

    file, what = loaded.path(anchor.certificate), "timestamp authority"
    remedy = "put the authority's certificate there, or who certified it, in PEM"
    try:
        read_pem(file.read_bytes())
    except OSError as error:
        return Probed(Probe.ANCHOR, what, False, f"{file}: {error.strerror}", remedy)
    except Malformed as error:
        return Probed(Probe.ANCHOR, what, False, f"{file}: {error}", remedy)
    return Probed(Probe.ANCHOR, what, True, f"{anchor.url}, by {file}")


def _sm2_key(loaded: Loaded, sm2: Sm2) -> Probed:
    """Look at the key; whether it signs is `edge-agent sm2`'s to try."""
    from edge_agent.evidence.sm2 import Sm2Key  # noqa: PLC0415  only where it is used

    path, what = loaded.path(sm2.key), "SM2 key"
    remedy = "make one: edge-agent sm2 --make; then restart the agent, whose next run names it"
    try:
        key = Sm2Key.from_pem(read_key_file(path))
    except KeyFileError as error:
        return Probed(Probe.SM2_KEY, what, False, str(error), remedy)
    except Malformed as error:
        return Probed(Probe.SM2_KEY, what, False, f"{path}: {error}", remedy)
    return Probed(Probe.SM2_KEY, what, True, f"{path}, key id {key.kid.hex()}")


def _data_folder(loaded: Loaded) -> Probed:
    path, what = loaded.path(loaded.config.gateway.data_dir), "data folder"
    # not Path.exists, which raises where a folder on the way may not be entered
    nearest = next(folder for folder in (path, *path.parents) if os.access(folder, os.F_OK))
    if os.access(nearest, os.W_OK | os.X_OK):
        return Probed(Probe.DATA_FOLDER, what, True, str(path))
    remedy = f"make {nearest} writable for the agent's user, or name another data_dir"
    return Probed(Probe.DATA_FOLDER, what, False, f"{path} cannot be written", remedy)


def _center(loaded: Loaded, center: Center, now: Callable[[], Now]) -> Iterator[Probed]:
    path, what = loaded.path, f"center {center.name}"
    for way in center.path:
        yield _network(f"{what}, path {way.host}:{way.port}", way.interface)
    yield _receipt_key(f"{what}, receipt key", path(center.receipt_certificate), path(center.ca))
    if center.seal_certificate is not None:
        seal = path(center.seal_certificate)
        yield _seal(f"{what}, seal", loaded.config.gateway.id, seal, path(center.ca))
    access = ways_to(loaded, center, now)[0]
    yield (tls := _tls_files(f"{what}, TLS files", loaded.config.gateway.id, access))
    if tls.good:
        yield _life(f"{what}, certificate", access.certificate, now())


def _receipt_key(what: str, certificate: Path, ca: Path) -> Probed:
    try:
        load_signing_key(certificate, ca)
        signs = is_for_signing(read_certificate(certificate))
    except AccessError as error:
        detail = f"{error.file}: {error.cause}"
        return Probed(Probe.RECEIPT_KEY, what, False, detail, error.remedy)
    if signs:
        return Probed(Probe.RECEIPT_KEY, what, True, "certified by the center's CA")
    detail = f"{certificate}: it is no signing key's"
    return Probed(Probe.RECEIPT_KEY, what, False, detail, "name the center's receipt.pem")


def _tls_files(what: str, gateway: str, access: PathAccess) -> Probed:
    certificate = access.certificate
    try:
        make_context(access)
        read_key_file(access.key)
        name = name_of(read_certificate(certificate))
    except DialError as error:
        return Probed(Probe.TLS_FILES, what, False, error.trouble.text, error.trouble.remedy)
    except KeyFileError as error:
        return Probed(Probe.TLS_FILES, what, False, f"{error.path}: {error.cause}", error.remedy)
    if name != gateway:  # the broker would take nothing of what we say
        detail = f"{certificate} is made for {name}, and `id` of [gateway] is {gateway}"
        remedy = "write the `id` that the center gave, or take the files that it made for this one"
        return Probed(Probe.TLS_FILES, what, False, detail, remedy)
    return Probed(Probe.TLS_FILES, what, True, f"{certificate} fits its key")


def _seal(what: str, gateway: str, certificate: Path, ca: Path) -> Probed:
    try:
        load_seal(gateway, certificate, ca)
    except AccessError as error:
        return Probed(Probe.SEAL, what, False, f"{error.file}: {error.cause}", error.remedy)
    return Probed(Probe.SEAL, what, True, "certified by the center's CA")


def _network(what: str, interface: str | None) -> Probed:
    if interface is None:
        return Probed(Probe.INTERFACE, what, True, "over any network")
    if os.access(NETWORKS / interface, os.F_OK):
        return Probed(Probe.INTERFACE, what, True, f"over {interface}")
    remedy = "a modem's appears when it is plugged in; write `interface` as `ip link` shows it"
    there = ", ".join(sorted(one.name for one in NETWORKS.glob("*"))) or "none"
    detail = f"no network interface {interface}; there are: {there}"
    return Probed(Probe.INTERFACE, what, False, detail, remedy)


def _life(what: str, file: Path, now: Now) -> Probed:
    """Judge how long a certificate lives, by the earliest time that it can be."""
    until = valid_until(file)
    left_ns = round(until.timestamp() * 1e9) - now.earliest_ns
    day = f"{until:%Y-%m-%d}"
    if left_ns > CERTIFICATE_SOON_NS:
        detail = f"valid until {day}, {left_ns // _DAY_NS} days"
        return Probed(Probe.CERTIFICATE, what, True, detail)
    detail = f"expired on {day}" if left_ns < 0 else f"expires soon, on {day}"
    remedy = "have the center certify this gateway again; if the date is wrong, set the clock"
    return Probed(Probe.CERTIFICATE, what, False, detail, remedy)


def _port(what: str, port: str) -> Probed:
    if not os.access(port, os.F_OK):
        there = sorted(str(one) for one in Path("/dev/serial/by-id").glob("*"))
        remedy = "no serial adapter is plugged in: plug it in, or check `dmesg`"
        if there:
            remedy = f"plug it in, or name one of these: {', '.join(there)}"
        return Probed(Probe.PORT, what, False, f"{port} is not there", remedy)
    if not stat.S_ISCHR(Path(port).stat().st_mode):
        remedy = "name a device such as /dev/serial/by-id/usb-...: `edge-agent discover` finds them"
        return Probed(Probe.PORT, what, False, f"{port} is no serial port", remedy)
    if not os.access(port, os.R_OK | os.W_OK):
        remedy = "add the agent's user to the group that owns it, mostly dialout"
        return Probed(Probe.PORT, what, False, f"{port} may not be opened by this user", remedy)
    return Probed(Probe.PORT, what, True, port)


def _devices(loaded: Loaded) -> Iterator[Probed]:
    devices, panels = loaded.config.device, [panel.id for panel in loaded.config.panel]
    if not devices:
        return  # who does not keep an inventory here is not told to
    found = Inventory(devices, panels).look(today_of(SystemClock().stamp()))
    for one in found:
        what = " ".join(str(part) for pair in one.subject.items() for part in pair)
        said = one.cause.replace("_", " ") + (f", {one.detail}" if one.detail else "")
        what = f"device {what.removeprefix('panel ')}"
        yield Probed(Probe.DEVICE, what, False, said, one.remedy)
    if not found:
        said = f"{len(devices)} listed, all certified"
        yield Probed(Probe.DEVICE, "devices", True, said)


def _camera(loaded: Loaded, camera: CameraSettings) -> Probed:
    """Look at what a camera is asked with; asking it is `edge-agent clips try`'s work."""
    # loaded only where there is one
    from edge_agent.cameras.access import access_of  # noqa: PLC0415  for its memory
    from edge_agent.cameras.trouble import MEANINGS, CameraError  # noqa: PLC0415  the same

    what = f"camera {camera.id}"
    try:
        access_of(camera, loaded.path, clock_good=True)
    except CameraError as error:
        trouble = error.trouble
        remedy = MEANINGS[trouble.cause].remedy
        return Probed(Probe.CAMERA, what, False, trouble.detail, remedy)
    where = ", ".join(sorted({address.where for address in camera.addresses}))
    if not camera.gives:
        return Probed(Probe.CAMERA, what, True, f"{where}, no consent: never asked for anything")
    if all(address.secure for address in camera.addresses):
        return Probed(Probe.CAMERA, what, True, f"{where}, by https")
    detail = f"{where}, by plain http on the site's own network"
    remedy = "who is on that network can see its pictures, or put others there; https hinders both"
    return Probed(Probe.CAMERA, what, True, detail, remedy)


# ---- the machine


def machine(loaded: Loaded) -> Iterator[Probed]:
    """Look at the gateway itself, where no agent runs that does so all the time."""
    folder = loaded.path(loaded.config.gateway.data_dir)
    yield probes.fsync(flush_ms(folder), str(folder))
    yield from room(folder)
    stamp = SystemClock().stamp()
    yield probes.clock(str(stamp.trust), stamp.uncertainty_ms)
    readings = Sources(Path("/")).look()
    low = readings.get("under_voltage")
    hot = loaded.config.body.temperature_max_c
    for probed in (
        probes.temperature(readings.get("temperature_c"), hot),
        probes.voltage(None if low is None else bool(low)),
    ):
        if probed is not None:
            yield probed


def room(folder: Path) -> Iterator[Probed]:
    """Look at disk and memory."""
    yield probes.disk(*_used(folder), str(folder))
    yield probes.memory(available_mib(MEMORY))


def flush_ms(folder: Path) -> float | None:
    """Return the slowest of some flushed writes; None where the folder takes none."""
    import tempfile  # noqa: PLC0415  the daemon never comes here

    clock, worst_ns = SystemClock(), 0
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(WRITES):
                began_ns = clock.boottime_ns()
                os.pwrite(file.fileno(), bytes(WRITE_BYTES), 0)
                os.fdatasync(file.fileno())
                worst_ns = max(worst_ns, clock.boottime_ns() - began_ns)
    except OSError:
        return None
    return worst_ns / 1e6


def _used(folder: Path) -> tuple[float | None, float | None]:
    """Return how full the disk is in percent, by bytes and by inodes."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return None, None
    used = 100 * (1 - told.f_bavail / told.f_blocks) if told.f_blocks else None
    return used, 100 * (1 - told.f_favail / told.f_files) if told.f_files else None


def available_mib(file: Path) -> float | None:
    """Return what /proc/meminfo, or another file like it, says is available."""
    try:
        rows = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
        return int(rows["MemAvailable"].split()[0]) / 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


# ---- the ways to a center


_PARTS = {
    Part.NAME: Probe.NAME,
    Part.NETWORK: Probe.NETWORK,
    Part.TLS: Probe.TLS,
    Part.BROKER: Probe.BROKER,
}


def ways(loaded: Loaded, now: Callable[[], Now] = system_now) -> Iterator[Probed]:
    """Try every way to every center, part by part, as far as it goes."""
    for center in loaded.config.center:
        client_id = client_id_of(loaded.config.gateway.id, loaded.path(center.key))
        for access in ways_to(loaded, center, now):
            for tried in try_path(access, client_id, PATIENCE_S):
                what = f"center {center.name}, {access.where}, {tried.part}"
                probe, trouble = _PARTS[tried.part], tried.trouble
                if trouble is None:
                    yield Probed(probe, what, True, tried.detail)
                else:
                    yield Probed(probe, what, False, trouble.text, trouble.remedy)
