"""What the looks see of this machine and of a configuration; what each means is tested elsewhere.

The files that a configuration names are tested in tests/cli/test_check.py.
"""

from pathlib import Path

import pytest

from edge_agent.center.cli import main as center
from edge_agent.clock import Now
from edge_agent.config import Loaded, load
from edge_agent.daemon.looking import available_mib, files, flush_ms, machine, room, ways
from edge_agent.diagnosis.probes import Probe
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import Ed25519Signer
from hil.rig import free_port
from tests.evidence import second_vectors

DAY_NS = 86_400_000_000_000


def made(folder: Path) -> Loaded:
    """A gateway whose broker nobody started, with a second way to it."""
    port = str(free_port())
    assert center(["init", str(folder / "c"), "--gateway", "gw1", "--port", port]) == 0
    file = folder / "c" / "gateways" / "gw1" / "gateway.toml"
    way = '\n[[center.path]]\nhost = "127.0.0.1"\ninterface = "nosuch0"\n'
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nlisten = { port = 4001 }\n'
    text = file.read_text().replace("[gateway]", '[gateway]\ndata_dir = "."', 1)
    file.write_text(text + way + panel)
    return load(file)


def test_every_way_is_tried_as_far_as_it_goes(tmp_path: Path) -> None:
    loaded = made(tmp_path)
    found = [(one.probe, one.good) for one in ways(loaded)]
    assert found == 2 * [(Probe.NAME, True), (Probe.NETWORK, False)]
    assert all(one.remedy for one in ways(loaded) if not one.good)
    life = [one for one in files(loaded) if one.probe is Probe.CERTIFICATE]
    assert "days" in life[0].detail


def test_a_certificate_is_judged_by_the_earliest_time_that_it_can_be(tmp_path: Path) -> None:
    """A clock in 1970 makes no certificate long-lived where the center told the time."""
    loaded = made(tmp_path)
    late = Now(7_000_000_000_000_000_000, None)
    [life] = [one for one in files(loaded, lambda: late) if one.probe is Probe.CERTIFICATE]
    assert life.good is False
    assert "expired" in life.detail


def test_a_key_that_is_there_and_cannot_sign_is_not_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a TPM that does not answer."""

    def sign(self: Ed25519Signer, message: bytes) -> bytes:
        raise KeyFileError(tmp_path, "it does not answer", "look at it")

    loaded = made(tmp_path)
    for good in (True, False):
        (key,) = (one for one in files(loaded) if one.probe is Probe.IDENTITY_KEY)
        assert key.good is good
        monkeypatch.setattr(Ed25519Signer, "sign", sign)
    assert "it does not answer" in key.detail


def test_whose_timestamps_count_is_looked_at_where_one_is_asked(tmp_path: Path) -> None:
    loaded = made(tmp_path)
    assert all(one.probe is not Probe.ANCHOR for one in files(loaded))
    text = loaded.file.read_text() + '\n[anchor]\nurl = "http://tsa.example.org"\n'
    loaded.file.write_text(text)
    certificate = loaded.file.with_name("tsa.pem")
    said = []
    for content in (None, b"junk", loaded.path("ca.pem").read_bytes()):
        if content is not None:
            certificate.write_bytes(content)
        (one,) = (one for one in files(load(loaded.file)) if one.probe is Probe.ANCHOR)
        said.append((one.good, bool(one.remedy)))
    assert said == [(False, True), (False, True), (True, False)]


def test_the_key_of_the_second_signature_is_looked_at_where_there_is_to_be_one(
    tmp_path: Path,
) -> None:
    loaded = made(tmp_path)
    assert all(one.probe is not Probe.SM2_KEY for one in files(loaded))
    loaded.file.write_text(loaded.file.read_text() + "\n[sm2]\n")
    key = loaded.file.with_name("sm2.key")
    said = []
    for content in (None, b"junk", second_vectors.private_key()):
        if content is not None:
            key.write_bytes(content)
            key.chmod(0o600)
        (one,) = (one for one in files(load(loaded.file)) if one.probe is Probe.SM2_KEY)
        said.append((one.good, "edge-agent sm2 --make" in one.remedy))
    assert said == [(False, True), (False, True), (True, False)]


def test_the_machine_is_looked_at(tmp_path: Path) -> None:
    probes = {one.probe for one in machine(made(tmp_path))}
    assert {Probe.DISK_SPEED, Probe.DISK_SPACE, Probe.MEMORY, Probe.CLOCK} <= probes


def test_a_folder_that_takes_nothing_and_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert (flush_ms(tmp_path) or 0) > 0
    assert flush_ms(tmp_path / "none") is None
    assert next(one.good for one in room(tmp_path / "none")) is False
    assert next(room(tmp_path)).detail.startswith(str(tmp_path))
    assert available_mib(tmp_path / "none") is None
    (tmp_path / "meminfo").write_text("MemTotal: 5 kB\nMemAvailable:  2048 kB\n")
    assert available_mib(tmp_path / "meminfo") == 2.0
