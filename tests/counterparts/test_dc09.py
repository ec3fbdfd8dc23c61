"""`pysiaalarm` by others takes what our emulated communicator says: 3.2.2, over TCP and UDP.

Where the two differ, and what the facts say: it puts the zone of a Contact ID message into `ri`; it
answers `NoneL0` where R was left out, so R is always sent here and the content of R and L in an ACK
is not compared; a Contact ID code with a letter in it (8B8) it refuses as no message.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hil.rig import free_port
from tests.counterparts.environment import Counterpart, counterpart
from tests.hil.process import Emulator, running

KEY = "ABCDEF0123456789"


@contextmanager
def receiver_and_panel(
    *options: str, protocol: str = "tcp", key: str = ""
) -> Iterator[tuple[Counterpart, Emulator]]:
    port = free_port()
    keys = [key] if key else []
    with counterpart("dc09", "dc09_client.py", str(port), protocol, "0A17", *keys) as receiver:
        receiver.sees(listening=True)
        line = ("--udp" if protocol == "udp" else "--connect", f"127.0.0.1:{port}")
        sealed = ("--key", key) if key else ()
        with running("dc09", *line, "--account", "0A17", *sealed, *options) as panel:
            yield receiver, panel


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("key", ["", KEY, KEY[:8] * 3, KEY * 2], ids=["clear", "128", "192", "256"])
def test_it_takes_and_acknowledges_everything(protocol: str, key: str) -> None:
    with receiver_and_panel(protocol=protocol, key=key) as (receiver, panel):
        panel.tell("null")  # the first may have been a datagram that got lost
        seen = receiver.sees(type="NULL", account="0A17", encrypted=bool(key))
        assert seen["at"], "it carries the time"
        sia = {"type": "SIA-DCS", "encrypted": bool(key), "length_right": True}
        for told, seen in (
            ("alarm zone=8", {"code": "BA", "ri": "1", "number": "008", "sequence": "0001"}),
            ("arm user=2", {"code": "CL", "ri": "1", "number": "002", "sequence": "0002"}),
            ("mains", {"code": "AT", "number": None, "sequence": "0003"}),
        ):  # one after the other: datagrams that are under way together come in any order
            panel.tell(told)
            receiver.sees(**seen, **sia)
            panel.state("acked")


@pytest.mark.parametrize(
    ("line", "code", "number"),
    [
        ("restore alarm zone=8", "BH", "008"),
        ("fire zone=4", "FA", "004"),
        ("restore fire zone=4", "FH", "004"),
        ("panic zone=4", "PA", "004"),
        ("holdup zone=4", "HA", "004"),
        ("medical zone=4", "MA", "004"),
        ("gas zone=4", "GA", "004"),
        ("water zone=4", "WA", "004"),
        ("tamper zone=16", "TA", "016"),
        ("restore tamper zone=16", "TR", "016"),
        ("trouble zone=16", "BT", "016"),
        ("bypass zone=12", "BB", "012"),
        ("disarm user=15", "OP", "015"),
        ("cancel user=2", "BC", "002"),
        ("restore mains", "AR", None),
        ("battery", "YT", None),
        ("line", "LT", None),
        ("test", "RP", None),
    ],
)
def test_it_reads_every_event_as_we_mean_it(
    pair: tuple[Counterpart, Emulator], line: str, code: str, number: str | None
) -> None:
    receiver, panel = pair
    panel.tell(line)
    receiver.sees(type="SIA-DCS", code=code, number=number)
    panel.state("acked")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Counterpart, Emulator]]:
    with receiver_and_panel() as both:
        yield both


def test_contact_id() -> None:
    with receiver_and_panel("--as", "cid") as (receiver, panel):
        panel.tell("fire zone=7", "arm user=2")
        receiver.sees(type="ADM-CID", contact_id="1110", area="01", ri="007", code="FA")
        receiver.sees(type="ADM-CID", contact_id="3401", area="01", ri="002", code="CL")
        panel.state("acked")
        panel.state("acked")


def test_its_refusal_puts_the_panel_s_clock_right() -> None:
    with receiver_and_panel(key=KEY) as (receiver, panel):
        receiver.sees(type="NULL")
        panel.tell("clock -300", "alarm zone=8")
        seen = receiver.sees(code="BA", number="008")
        assert seen["sequence"] == "0001", "the same message, with the time made anew"
        panel.state("acked")
