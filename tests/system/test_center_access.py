"""Who sees and writes what at the broker, tried with a client that is not ours.

Seen to fail: with `+` for `%u` in either half of the access list, and with an authority that gives
identity certificates the client's usage.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.center.broker_config import FROM_GATEWAY, TO_GATEWAY
from tests.broker import Broker, found_center

NOT_AUTHORIZED = "Not authorized"


@dataclass
class Holder:
    """Somebody with a certificate and its key, or with none."""

    broker: Broker
    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    def _options(self) -> list[str]:
        own: list[str] = []
        if self.certificate and self.key:
            own = ["--cert", str(self.certificate), "--key", str(self.key)]
        where = ["-V", "5", "-h", "localhost", "-p", str(self.broker.port)]
        return [*where, "--cafile", str(self.ca), *own]

    def publish(self, topic: str, text: str = "x", *more: str) -> str:
        """Publish with QoS 1; return what the client complains of, empty when it was accepted."""
        words = ["mosquitto_pub", *self._options(), "-t", topic, "-m", text, "-q", "1", *more]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        return done.stderr + done.stdout

    def read_retained(self, *topics: str) -> tuple[list[str], str]:
        """Return what the broker has kept for the topics, and complaints."""
        chosen = [word for topic in topics for word in ("-t", topic)]
        words = ["mosquitto_sub", *self._options(), *chosen, "-F", "%t", "-W", "1"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.split(), done.stderr


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with found_center(tmp_path_factory.mktemp("center"), "gw1", "gw2") as broker:
        yield broker


def gateway(broker: Broker, name: str) -> Holder:
    folder = broker.directory / "gateways" / name
    return Holder(broker, folder / "ca.pem", folder / "client.pem", folder / "client.key")


def center(broker: Broker) -> Holder:
    folder = broker.directory
    return Holder(broker, folder / "ca.pem", folder / "center.pem", folder / "center.key")


@pytest.mark.parametrize("topic", FROM_GATEWAY)
def test_a_gateway_writes_its_own_topics_only(broker: Broker, topic: str) -> None:
    assert NOT_AUTHORIZED not in gateway(broker, "gw1").publish(f"edge/v1/gw1/{topic}")
    assert NOT_AUTHORIZED in gateway(broker, "gw1").publish(f"edge/v1/gw2/{topic}")
    assert NOT_AUTHORIZED in gateway(broker, "gw1").publish(f"edge/v1/center/{topic}")


@pytest.mark.parametrize("topic", TO_GATEWAY)
def test_a_gateway_does_not_write_what_the_center_says(broker: Broker, topic: str) -> None:
    assert NOT_AUTHORIZED in gateway(broker, "gw1").publish(f"edge/v1/gw1/{topic}")


@pytest.mark.parametrize("topic", ["other", "edge/v1/gw1", "edge/v1/gw1/alarms/x", "$SYS/x"])
def test_a_gateway_writes_nothing_else(broker: Broker, topic: str) -> None:
    assert gateway(broker, "gw1").publish(topic) != ""


def test_a_gateway_reads_its_own_topics_only(broker: Broker) -> None:
    for name in ("gw1", "gw2"):
        for topic in TO_GATEWAY:
            complaint = center(broker).publish(f"edge/v1/{name}/{topic}", "x", "-r")
            assert NOT_AUTHORIZED not in complaint
        complaint = gateway(broker, name).publish(f"edge/v1/{name}/status", "x", "-r")
        assert NOT_AUTHORIZED not in complaint
    seen, _ = gateway(broker, "gw1").read_retained("#", "$SYS/#", "edge/v1/gw2/receipts")
    assert sorted(seen) == ["edge/v1/gw1/commands", "edge/v1/gw1/receipts"]


def test_the_center_reads_every_gateway_and_writes_no_events(broker: Broker) -> None:
    for name in ("gw1", "gw2"):
        gateway(broker, name).publish(f"edge/v1/{name}/status", "x", "-r")
    seen, _ = center(broker).read_retained("#")
    assert sorted(seen) == ["edge/v1/gw1/status", "edge/v1/gw2/status"]
    assert NOT_AUTHORIZED in center(broker).publish("edge/v1/gw1/alarms")


def test_without_a_certificate_there_is_nothing(broker: Broker) -> None:
    nobody = Holder(broker, broker.directory / "ca.pem")
    assert "Error" in nobody.publish("edge/v1/gw1/alarms")
    seen, complaint = nobody.read_retained("#")
    assert seen == []
    assert "Error" in complaint


def test_a_certificate_of_another_authority_opens_nothing(broker: Broker, tmp_path: Path) -> None:
    other = found_center(tmp_path / "other", "gw1").directory / "gateways" / "gw1"
    stranger = Holder(
        broker, broker.directory / "ca.pem", other / "client.pem", other / "client.key"
    )
    assert "Error" in stranger.publish("edge/v1/gw1/alarms")


def test_a_client_refuses_a_broker_of_another_authority(broker: Broker, tmp_path: Path) -> None:
    other = found_center(tmp_path / "other", "gw1").directory / "ca.pem"
    folder = broker.directory / "gateways" / "gw1"
    careful = Holder(broker, other, folder / "client.pem", folder / "client.key")
    assert "TLS error" in careful.publish("edge/v1/gw1/alarms")


@pytest.mark.parametrize("name", ["gateways/gw1/identity", "receipt", "server"])
def test_no_other_certificate_of_ours_opens_a_connection(broker: Broker, name: str) -> None:
    folder = broker.directory
    holder = Holder(broker, folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key")
    assert "Error" in holder.publish("edge/v1/gw1/alarms")
