"""Who has a role for the records reads them by way of the running agent, and each is recorded.

As another user, by the kernel's word: root changes that of one thread (setresuid(2) by itself, not
by the C library, which changes all).  Seen to fail: nobody but the agent's own user and root could
read, whatever the role.
"""

import argparse
import contextlib
import ctypes
import platform
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edge_agent.cli import main
from edge_agent.cli.options import UnreadableError
from edge_agent.cli.reading import AgentGoneError, HandedDisk, reading
from edge_agent.cli.records import stored_in
from edge_agent.config import ConfigError, load
from edge_agent.control.handing import Handed
from edge_agent.control.socket import CONVERSATIONS_MAX, ask, handed
from edge_agent.evidence.bodies import ActBody
from edge_agent.journal import Damage
from edge_agent.trusted import Trusted
from hil.rig.child import wait_until
from tests.cli.exporting import Site, site

NUMBERS = {"x86_64": (117, 119), "aarch64": (147, 149)}  # setresuid, setresgid
NOBODY, DAEMON, BIN = 65_534, 1, 2  # inspector, viewer and nothing, by the site's configuration


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder into which others come; pytest's own are closed to them by each run that begins."""
    with TemporaryDirectory() as name:
        made = Path(name)
        made.chmod(0o777)
        yield made


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[Site]:
    with site(folder / "site") as found:
        for part in (found.config, *found.config.parents):
            if not part.stat().st_mode & 0o005:
                part.chmod(part.stat().st_mode | 0o055)  # come in, and read the configuration
        (found.folder / "agent.sock").chmod(0o666)  # as for a member of the agent's group
        out = found.folder / "first.bundle"  # what is loaded now need not be read by others
        assert main(command(found, "export", "--out", str(out), "--purpose", "x")) == 0
        assert main(command(found, "verify")) == 0
        yield found


def as_user(uid: int, do: Callable[[], object]) -> None:
    """Do it in a thread of that user's."""

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        set_user, set_group = NUMBERS[platform.machine()]
        assert libc.syscall(set_group, uid, uid, uid) == libc.syscall(set_user, uid, uid, uid) == 0
        do()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def recorded(made: Site, detail: str) -> ActBody:
    """Return an act with this detail, as soon as it is written."""

    def found() -> list[ActBody]:
        return [act for act in made.acts() if act.detail == detail]

    wait_until(found, detail)
    return found()[-1]


def command(made: Site, *words: str) -> list[str]:
    return [words[0], "--config", str(made.config), *words[1:]]


def test_an_inspector_reads_the_events_and_that_is_recorded(
    made: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def read() -> None:
        with pytest.raises(PermissionError):
            list(made.journal.iterdir())
        assert main(command(made, "events", "--type", "signal", "--purpose", "case 12")) == 0

    as_user(NOBODY, read)
    assert capsys.readouterr().out.count("burglary") == 12
    act = recorded(made, "events type signal; case 12")
    assert (act.what, act.actor) == ("read", "nobody (uid 65534)")


def test_an_inspector_verifies_and_exports(
    made: Site, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "case.bundle"

    def take() -> None:
        assert main(command(made, "verify")) == 0
        asked = ("--out", str(out), "--purpose", "case 12", "--epoch", made.first.hex())
        assert main(command(made, "export", *asked)) == 0

    as_user(NOBODY, take)
    assert "nothing wrong" in capsys.readouterr().out
    assert main(["verify", str(out), "--ca", str(made.ca)]) == 0
    [*_, act] = [one for one in made.acts() if one.what == "export"]
    assert (act.actor, act.purpose) == ("nobody (uid 65534)", "case 12")


@pytest.mark.parametrize(
    ("uid", "said"), [(DAEMON, "'records' is not for a viewer"), (BIN, "named in [access]")]
)
def test_who_has_no_role_for_them_is_told_so(
    made: Site, uid: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    as_user(uid, lambda: main(command(made, "events")))
    told = capsys.readouterr()
    assert said in told.err
    assert "burglary" not in told.out


def test_where_the_configuration_may_not_be_read_the_usual_socket_is_asked(
    made: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edge_agent.config.SOCKET", str(made.folder / "agent.sock"))
    made.config.chmod(0o600)
    try:
        as_user(NOBODY, lambda: main(command(made, "events", "--type", "verdict")))
    finally:
        made.config.chmod(0o644)
    assert "two.zones" in capsys.readouterr().out


def test_its_own_user_reads_the_files_and_has_it_recorded(made: Site) -> None:
    asked = argparse.Namespace(config=made.config, journal=None, purpose="look")
    with reading(asked, "watch") as journal:
        assert journal.where == made.journal
        assert journal.trusted == Trusted.of(load(made.config))
    assert recorded(made, "watch; look").what == "read"
    before = len(made.acts())
    with reading(asked, "export", is_recorded=False):
        pass
    assert len(made.acts()) == before


def test_what_is_handed_over_says_whose_it_is(made: Site) -> None:
    def read() -> None:
        with reading(argparse.Namespace(config=made.config), "events") as journal:
            assert isinstance(journal.where, HandedDisk)
            assert str(journal.where) == "the running agent"
            assert journal.trusted is not None
            assert journal.trusted.gateway == "gw1"
            assert all(journal.trusted.identities.values())
            assert len(list(journal.trusted.receipt_keys())) == 1

    as_user(NOBODY, read)


def test_no_agent_and_no_configuration_are_named(made: Site, folder: Path) -> None:
    def ask() -> None:
        with (
            pytest.raises(UnreadableError, match=r"^no running agent answers"),
            reading(argparse.Namespace(config=config), "events"),
        ):
            pass

    config = folder / "gateway.toml"
    text = made.config.read_text().replace("agent.sock", "nobody.sock")
    config.write_text(text.replace('data_dir = "data"', f'data_dir = "{made.journal.parent}"'))
    config.chmod(0o644)
    as_user(NOBODY, ask)
    with (
        pytest.raises(ConfigError),
        reading(argparse.Namespace(config=folder / "none.toml"), "events"),
    ):
        pass


def lose(disk: HandedDisk) -> None:
    """Let the agent's end of the conversation be closed, as when it stops."""
    disk._files.close()
    disk._files._peer, gone = socket.socketpair()
    gone.close()


def test_an_agent_that_was_started_anew_is_asked_again(made: Site) -> None:
    """Seen to fail: what was opened then was told to be damage of the journal."""

    def read() -> None:
        with reading(argparse.Namespace(config=made.config), "watch") as journal:
            disk = journal.where
            assert isinstance(disk, HandedDisk)
            before = disk.names()
            lose(disk)
            disk.open(before[0]).close()
            lose(disk)
            assert sorted(disk.names()) == sorted(before)

    as_user(NOBODY, read)


def test_an_agent_that_is_gone_is_no_damage_of_its_journal(made: Site) -> None:
    """Seen to fail: "cannot be opened: None", of each segment that was not read yet."""

    def read() -> None:
        damages: list[Damage] = []
        with reading(argparse.Namespace(config=made.config), "verify") as journal:
            disk = journal.where
            assert isinstance(disk, HandedDisk)
            stored = stored_in(disk, damages.append)
            next(stored)
            lose(disk)
            disk._socket = made.folder / "nobody.sock"
            with pytest.raises(AgentGoneError, match="no running agent answers"):
                list(stored)
            with pytest.raises(AgentGoneError, match="no running agent answers"):
                list(stored_in(disk, damages.append))
        assert not damages

    as_user(NOBODY, read)


def test_however_many_read_root_and_the_agent_s_own_user_are_answered(made: Site) -> None:
    """Seen to fail: sixteen who watched kept the gateway's own status from root."""
    door, opened = made.folder / "agent.sock", list[Handed]()

    def read() -> None:
        opened.extend(handed(door, "records") for _ in range(CONVERSATIONS_MAX))
        with pytest.raises(ConnectionError):
            ask(door, "status")

    as_user(NOBODY, read)
    assert ask(door, "status")["epoch"]
    for one in opened:
        one.close()
    as_user(NOBODY, lambda: wait_until(lambda: ask_again(door), "there is room again"))


def ask_again(door: Path) -> bool:
    with contextlib.suppress(ConnectionError):
        return bool(ask(door, "status"))
    return False
