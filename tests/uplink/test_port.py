"""The port against a broker that misbehaves; the well-behaved one is in tests/system."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from edge_agent.uplink import port as port_module
from edge_agent.uplink.trouble import Cause
from tests.uplink.rig import until
from tests.uplink.stub import CONNACK_OK, TOPIC, Stub, connected_to, publish

OVERSIZED = b"\x30\xff\xff\xff\x7f"  # a PUBLISH of 256 MiB is announced
BAD_UTF8_TOPIC = b"\x30\x05\x00\x02\xff\xfe\x00"
AS_PUBLISHED = b"\x09"  # subscription options: QoS 1, retain as published (MQTT 5, 3.8.3.1)
CUT_SHORT = b"\x30\x01\x00"


def test_messages_that_come_in_one_piece_are_all_heard(tmp_path: Path) -> None:
    """Decrypted bytes do not wake the loop again: the port must read on by itself."""
    many = b"".join(publish(TOPIC, bytes([n])) for n in range(200))

    async def scenario() -> None:
        async with connected_to(Stub(CONNACK_OK + many), tmp_path) as (_, ear):
            await until(lambda: len(ear.of("heard")) == 200)
            assert ear.told[0] == ("connected", port_module.IN_FLIGHT_MAX - 1)
            assert ear.of("heard") == [bytes([n]) for n in range(200)]

    asyncio.run(scenario())


def test_what_the_broker_was_to_keep_is_told_apart(tmp_path: Path) -> None:
    """A command that was kept for later is refused, also at its first delivery."""
    now, kept = publish(TOPIC, b"now"), publish(TOPIC, b"kept")
    kept = bytes([kept[0] | 1]) + kept[1:]
    stub = Stub(CONNACK_OK + kept + now)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (_, ear):
            await until(lambda: ear.of("heard"))
            assert (ear.of("kept"), ear.of("heard")) == ([b"kept"], [b"now"])
            await until(lambda: TOPIC + AS_PUBLISHED in stub.heard)

    asyncio.run(scenario())


def test_the_brokers_receive_maximum_is_passed_on(tmp_path: Path) -> None:
    connack = bytes.fromhex("20 06 00 00 03 21 00 14")  # property 0x21: 20

    async def scenario() -> None:
        async with connected_to(Stub(connack), tmp_path) as (_, ear):
            await until(lambda: ear.told)
            assert ear.told == [("connected", 19)], "one is kept for what can wait"

    asyncio.run(scenario())


def test_what_is_handed_over_is_answered_for_once(tmp_path: Path) -> None:
    """Taken, refused (0x87 not authorized), unread, lost; publishes beside it are not its own."""
    stub = Stub(CONNACK_OK)
    told: list[str] = []

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            port.hand_over("edge/v1/gw1/files", b"x", told.append)
            assert told == ["there is no connection"]
            await until(lambda: ear.told)
            assert stub.writer is not None
            port.publish("edge/v1/gw1/alarms", b"x", qos=1)  # the subscription took packet id 1
            for answer in ("40 02 00 02  40 02 00 03", "40 04 00 04 87 00", "40 04 00 05 10 00"):
                before = len(told)
                port.hand_over("edge/v1/gw1/files", b"x", told.append)
                stub.writer.write(bytes.fromhex(answer))
                await until(partial(_grew, told, before))
            port.hand_over("edge/v1/gw1/files", b"x", told.append)
        assert told[1:] == ["", "Not authorized", "nobody subscribes", "the connection was lost"]
        assert not ear.of("refused")

    asyncio.run(scenario())


def _grew(told: list[str], before: int) -> bool:
    return len(told) > before


def test_a_broker_that_takes_one_message_at_a_time_takes_events(tmp_path: Path) -> None:
    connack = bytes.fromhex("20 06 00 00 03 21 00 01")
    told: list[str] = []

    async def scenario() -> None:
        async with connected_to(Stub(connack), tmp_path) as (port, ear):
            await until(lambda: ear.told)
            port.hand_over("edge/v1/gw1/files", b"x", told.append)
            assert ear.told == [("connected", 1)]

    asyncio.run(scenario())
    assert told == ["the broker takes one message at a time, and that is the events'"]


def test_the_connect_says_who_we_are_and_what_we_bear(tmp_path: Path) -> None:
    """MQTT 5, the session kept, a will, our bounds (MQTT 5, 3.1.2)."""
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (_, ear):
            await until(lambda: ear.told)

    asyncio.run(scenario())
    assert b"\x00\x04MQTT\x05" in stub.heard
    flags = stub.heard[stub.heard.index(b"MQTT") + 5]
    assert flags & 0b0000_0100, "a will"
    assert not flags & 0b0000_0010, "no clean start"
    assert not flags & 0b0010_0000, "a will that is not retained: the last status stays"
    assert b"\x27" + port_module.PACKET_BYTES_MAX.to_bytes(4, "big") in stub.heard
    assert b"\x00\x03gw1" in stub.heard


@pytest.mark.parametrize("nonsense", [OVERSIZED, BAD_UTF8_TOPIC, CUT_SHORT, b"\xf0\x00"])
def test_nonsense_ends_the_connection_and_nothing_else(tmp_path: Path, nonsense: bytes) -> None:
    async def scenario() -> None:
        async with connected_to(Stub(CONNACK_OK + nonsense), tmp_path) as (port, ear):
            await until(lambda: ear.of("lost"))
            assert ear.trouble().cause in {Cause.PROTOCOL, Cause.BROKEN}
            port.publish("edge/v1/gw1/alarms", b"x", qos=1)

    asyncio.run(scenario())


def test_an_announced_giant_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected_to(Stub(CONNACK_OK + OVERSIZED), tmp_path) as (_, ear):
            await until(lambda: ear.of("lost"))
            assert "over 65536 bytes" in str(ear.trouble())

    asyncio.run(scenario())


def test_a_refusal_is_told_with_the_brokers_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected_to(Stub(bytes.fromhex("20 03 00 87 00")), tmp_path) as (_, ear):
            await until(lambda: ear.told)
            assert ear.trouble().cause is Cause.BROKER_REFUSED
            assert "Not authorized" in str(ear.trouble())

    asyncio.run(scenario())


def test_a_broker_that_hangs_up_before_it_accepts_is_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connected_to(Stub(b"", hang_up=True), tmp_path) as (_, ear):
            await until(lambda: ear.told)
            assert "before it accepted us" in str(ear.trouble())

    asyncio.run(scenario())


def test_a_broker_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Name, TCP, TLS and CONNACK share one patience."""

    async def scenario() -> None:
        async with connected_to(Stub(b""), tmp_path, patience_s=0.5) as (_, ear):
            await until(lambda: ear.told)
            assert ear.trouble().cause is Cause.TIMEOUT

    asyncio.run(scenario())


def test_a_ping_asks_and_any_answer_is_a_sign_of_life(tmp_path: Path) -> None:
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            await until(lambda: ear.signs_of_life)
            before = ear.signs_of_life
            port.ping()
            await until(lambda: stub.heard.endswith(b"\xc0\x00"))
            assert ear.signs_of_life == before, "a question is no answer"
            assert stub.writer is not None
            stub.writer.write(b"\xd0\x00")
            await until(lambda: ear.signs_of_life > before)

    asyncio.run(scenario())


def test_a_probe_has_neither_will_nor_session(tmp_path: Path) -> None:
    """Its end means nothing, and nothing is kept for it."""
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path, will=False) as (_, ear):
            await until(lambda: ear.told)

    asyncio.run(scenario())
    flags = stub.heard[stub.heard.index(b"MQTT") + 5]
    assert not flags & 0b0000_0100, "no will"
    assert flags & 0b0000_0010, "a clean start"


def test_pubacks_that_refuse_or_find_no_reader_are_told(tmp_path: Path) -> None:
    """Reason 0x97 quota exceeded, 0x10 no matching subscribers, then plain success."""
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            await until(lambda: ear.told)
            # the subscription took packet id 1
            stub_answers = bytes.fromhex("40 04 00 02 97 00  40 04 00 03 10 00  40 02 00 04")
            for _ in range(3):
                port.publish("edge/v1/gw1/alarms", b"x", qos=1)
            await until(lambda: stub.heard.count(b"alarms") == 3)
            assert stub.writer is not None
            stub.writer.write(stub_answers)
            await until(lambda: ear.of("unread"))
            assert ear.of("refused") == ["Quota exceeded"]

    asyncio.run(scenario())


def test_a_publish_never_blocks_though_nobody_reads(tmp_path: Path) -> None:
    """The socket's buffers are full after some megabytes; the calls return all the same."""
    stub = Stub(CONNACK_OK, reading=False)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            await until(lambda: ear.told)
            for _ in range(500):
                port.publish("edge/v1/gw1/alarms", bytes(16_000), qos=0)
            assert not ear.of("lost")

    asyncio.run(scenario())


def test_after_abandon_nothing_is_told(tmp_path: Path) -> None:
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            await until(lambda: ear.told)
            port.abandon()
            await until(lambda: not stub.open)  # the broker saw the end
            port.publish("edge/v1/gw1/alarms", b"x", qos=1)
            assert ear.told == [("connected", port_module.IN_FLIGHT_MAX - 1)]

    asyncio.run(scenario())


def test_a_good_bye_says_disconnect(tmp_path: Path) -> None:
    """Without it the broker would send our will (MQTT 5, 3.14)."""
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with connected_to(stub, tmp_path) as (port, ear):
            await until(lambda: ear.told)
            port.close()
            await until(lambda: stub.heard.endswith(b"\xe0\x00"))

    asyncio.run(scenario())
