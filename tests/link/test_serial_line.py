"""Serial ports as ptys: opened alone, read, pulled out; and every refusal names its remedy."""

import asyncio
import errno
import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.address import SerialAddress
from edge_agent.link.line import LineError
from edge_agent.link.serial_line import SerialOpener, explain
from tests.link.rig import CLOCK, Port, run

NOBODY = 65534


def opener(port: Port | Path | str, by_id: Path | None = None) -> SerialOpener:
    path = port.path if isinstance(port, Port) else port
    address = SerialAddress(port=str(path))
    return SerialOpener(address, CLOCK, by_id or Path("/nowhere"))


def refusal(opener: SerialOpener) -> LineError:
    async def main() -> None:
        await opener.open()

    with pytest.raises(LineError) as caught:
        run(main())
    return caught.value


def test_bytes_go_both_ways(tmp_path: Path) -> None:
    async def main() -> None:
        with Port(tmp_path) as port:
            line = await opener(port).open()
            port.say(b"\x00\x11\x13\r\n\xff")  # what a cooked terminal would change or eat
            assert (await line.read()).data == b"\x00\x11\x13\r\n\xff"
            line.write(b"\r\n\x06")
            assert await port.expect(b"\x06") == b"\r\n\x06"
            line.close()

    run(main())


def test_seven_bits_with_parity_are_asked_for_once_and_the_port_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = termios.tcsetattr

    def listen_in(fd: int, when: int, settings: list[Any]) -> None:
        asked.append(settings[2])  # a pty forgets what it was asked for
        real(fd, when, settings)

    monkeypatch.setattr(termios, "tcsetattr", listen_in)

    async def main() -> None:
        with Port(tmp_path) as port:
            address = SerialAddress(port=str(port.path), baud=19200, bits=7, parity="E")
            line = await SerialOpener(address, CLOCK).open()
            port.say(b"5011")
            assert (await line.read()).data == b"5011"
            line.close()

    run(main())
    flags = asked[-1]
    assert flags & termios.CSIZE == termios.CS7
    assert flags & (termios.PARENB | termios.PARODD | termios.CSTOPB) == termios.PARENB
    assert len(asked) == 1


def test_a_pty_opens_again_where_nothing_but_its_parity_would_change(tmp_path: Path) -> None:
    """Seen to fail: `Invalid argument` of the second, as discovery tries settings in turn."""

    async def main() -> None:
        with Port(tmp_path) as port:
            for bits in (7, 8, 8):
                address = SerialAddress(port=str(port.path), baud=19200, bits=bits, parity="E")
                line = await SerialOpener(address, CLOCK).open()
                port.say(b"5011")
                assert (await line.read()).data == b"5011"
                line.close()

    run(main())


def test_an_unplugged_port_is_a_lost_line_and_opens_when_it_returns(tmp_path: Path) -> None:
    async def main() -> None:
        port = Port(tmp_path).plug()
        opening = opener(port)
        line = await opening.open()
        reading = line.read()
        port.unplug()
        with pytest.raises(LineError, match=r"the serial port is gone.*plug the adapter in"):
            await reading
        line.write(b"x")
        line.close()
        port.plug()
        line = await opening.open()
        port.say(b"again")
        assert (await line.read()).data == b"again"
        line.close()
        port.unplug()

    run(main())


def test_a_write_to_an_unplugged_port_is_a_lost_line(tmp_path: Path) -> None:
    async def main() -> None:
        port = Port(tmp_path).plug()
        line = await opener(port).open()
        port.unplug()
        line.write(b"x")
        with pytest.raises(LineError, match="the serial port is gone"):
            await line.read()
        line.close()

    run(main())


def test_a_missing_port_lists_those_that_are_there(tmp_path: Path) -> None:
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    for number in range(10):
        (by_id / f"usb-FTDI_{number}").touch()
    error = refusal(opener(tmp_path / "absent", by_id))
    assert error.cause == f"serial port {tmp_path}/absent is not there"
    assert f"name one of these: {by_id}/usb-FTDI_0, " in error.remedy
    assert error.remedy.count("usb-FTDI") == 8
    assert error.remedy.endswith(", ...")


def test_a_missing_port_where_there_is_none_at_all(tmp_path: Path) -> None:
    if not any(Path("/dev").glob("tty[UA]*")):
        assert "plug it in" in refusal(opener(tmp_path / "absent")).remedy


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    """Take the right to open `path` from us, also where the tests run as root."""
    path.chmod(0)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


def test_no_permission_names_user_and_group() -> None:
    controller, device = os.openpty()
    path = Path(os.ttyname(device))
    with without_rights(path):
        error = refusal(opener(path))
    os.close(controller)
    os.close(device)
    assert error.cause == f"no permission to open serial port {path}"
    assert "usermod -aG" in error.remedy
    assert "to group root" not in error.remedy


def test_permission_for_a_port_that_vanished_names_debians_group() -> None:
    error = explain(PermissionError(errno.EACCES, ""), SerialAddress(port="/gone"))
    assert "to group dialout" in error.remedy


def test_a_port_in_use_names_who_holds_it(tmp_path: Path) -> None:
    name = Path("/proc/self/comm").read_text().strip()

    async def main() -> None:
        with Port(tmp_path) as port:
            line = await opener(port).open()
            with pytest.raises(LineError) as caught:
                await opener(port).open()
            assert f"in use by {name} (pid {os.getpid()})" in caught.value.cause
            line.close()
            (await opener(port).open()).close()

    run(main())


def test_of_a_running_agent_it_says_what_it_does_there_and_how_to_have_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = BlockingIOError(errno.EAGAIN, "")
    monkeypatch.setattr("edge_agent.link.serial_line._holder", lambda _: "edge-agent (pid 7)")
    error = explain(busy, SerialAddress(port=str(tmp_path)))
    assert "edge-agent (pid 7)" in error.cause
    assert "systemctl stop edge-agent" in error.remedy
    assert "configuration" in error.remedy
    monkeypatch.setattr("edge_agent.link.serial_line._holder", lambda _: "minicom (pid 7)")
    assert explain(busy, SerialAddress(port=str(tmp_path))).remedy == "stop that program"


def test_a_holder_who_cannot_be_found_is_another_program() -> None:
    error = explain(BlockingIOError(errno.EAGAIN, ""), SerialAddress(port="/gone"))
    assert "in use by another program" in error.cause


def test_no_device_behind_a_port() -> None:
    error = explain(OSError(errno.EIO, "Input/output error"), SerialAddress(port="/dev/ttyS9"))
    assert error.cause == "no device behind serial port /dev/ttyS9"


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no port")
    error = refusal(opener(tmp_path / "file"))
    assert "check that it is a serial port and can do 9600 8N1" in error.remedy


def test_failed_openings_leave_no_descriptor_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no port")

    async def main() -> None:
        await asyncio.sleep(0)
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  names are not needed
        for name in ("file", "absent"):
            for _ in range(3):
                with pytest.raises(LineError):
                    await opener(tmp_path / name).open()
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  see above

    run(main())
