"""Commands and dispositions: from the center's command line to a gateway's journal and back."""

import json
import sqlite3
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from edge_agent.center import desk_rows, schema
from edge_agent.center.cli import main as center
from edge_agent.center.layout import Layout
from edge_agent.cli import main as agent
from edge_agent.domain.access import Role
from edge_agent.evidence.cited import Place
from edge_agent.evidence.disposition import Disposition, Said, sign_disposition
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.status import peek_status
from hil.rig import Panel, Stack, run, wait_until
from hil.rig.parts import CENTER
from hil.rig.stack import GATEWAY


def test_a_gateway_does_what_its_center_says_and_keeps_its_word_on_incidents() -> None:
    with Stack([Panel("p1")]) as stack:
        stack.agent.wait_well()
        told = commanded(stack, "state")
        assert told["outcome"] == "done", stack.logs()
        assert told["facts"]["panels"]["p1"]["online"] is True
        refused = commanded(stack, "panel", "p1", "unbypass", "3")
        assert refused["outcome"] == "unentitled", "not for an operator"
        order = commanded(stack, "panel", "p1", "unbypass", "3", "--role", "technician")
        assert order["outcome"] in {"forbidden", "unsupported"}, "the site allows none"
        technician, begin = ("--role", "technician"), ("walktest", "p1", "begin", "5")
        assert commanded(stack, *begin, *technician)["detail"] == "begun: 0 zones, for 5 min"
        number = dispose(stack)
        wait_until(lambda: outcome(stack, number) == "done", "the gateway's event is here")
        tested = commanded(stack, "diagnose", *technician)
        assert tested["outcome"] == "done", tested
        assert {"disk_speed", "receipt"} <= {one["probe"] for one in tested["facts"]["probes"]}
        assert "zones heard" in commanded(stack, "walktest", "p1", "end", *technician)["detail"]
        assert commanded(stack, "renew", *technician)["detail"].startswith("nothing to renew")
        assert commanded(stack, "resync")["detail"].endswith("of 1 panels did it")
        assert commanded(stack, "clock", *technician)["detail"].endswith("of 1 panels did it")
        revoke_the_brokers_key(stack, technician)
        fetch(stack)
        charter(stack)
        bypassed = countersigned(stack)
        wait_until(lambda: charter_told(stack) == 1, "its heartbeat names the charter")
        stack.settle()
        acts = [one["body"] for one in stack.agent.events() if one["type"] == "act"]
        stack.center.verify()
    said = [(act["what"], act["actor"], act["outcome"]) for act in acts]
    actor = "Li Na, technician of center"
    assert said[:4] == [
        ("read", "Li Na, operator of center", None),
        ("refused", "center", "unentitled"),
        ("command", actor, None),
        ("outcome", actor, order["outcome"]),
    ]
    both = "Li Na (310115-0042), installer of center, with Wang Wei"
    assert [one for one in said if "charter" in (one[0], one[2])] == [
        ("charter", "Li Na (310115-0042), installer of center", None)
    ]
    assert [one for one in said if one[1] == both] == [
        ("command", both, None),
        ("outcome", both, bypassed),
    ]
    kept = next(act["disposition"] for act in acts if act["what"] == "disposition")
    assert (kept["said"], kept["by"], kept["qualification"]) == ("police", "Li Na", "310115-0042")


def commanded(stack: Stack, *words: str) -> dict[str, Any]:
    """Give a command as the center's people do, and return what became of it."""
    by = ("--by", "Li Na", "--wait", "60", "--json")
    said = StringIO()
    with redirect_stdout(said):
        at_center(stack, "command", GATEWAY, *words, *by)
    told: dict[str, Any] = json.loads(said.getvalue())
    return told


def revoke_the_brokers_key(stack: Stack, technician: tuple[str, str]) -> None:
    """Have the broker get another key, and the gateway refuse the one that was lost."""
    assert at_center(stack, "revoke", "--broker") == 0
    told = commanded(stack, "revoked", *technician)
    assert told["detail"] == "list 1: 1 keys of brokers count no more"
    assert (stack.gateway / "ca.pem.revoked").exists()


def fetch(stack: Stack) -> None:
    """Have a bundle made, and see it verified by the center's own authority."""
    out = stack.folder / "case.bundle"
    words = ("--out", out, "--purpose", "case 17", "--by", "Zhou", "--role", "inspector", "--json")
    done = run(CENTER, "bundle", stack.center.folder, GATEWAY, *words, code=None)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert (told["ok"], told["pinned"]) == (True, True)
    assert told["purpose"] == "case 17 (for Zhou, inspector of center)"
    assert out.exists()


DRAFT = """
gateway = "gw1"
purpose = "intruder alarm of a shop"
allow = ["bypass"]
[enterprise]
name = "Red Lion Security"
[owner]
name = "Shop 12"
key = "owner.pem"
[[panel]]
id = "p1"
"""


def at_center(stack: Stack, command: str, *words: str) -> int:
    """Do something at the center, in this process: a start of Python takes a second."""
    return center([command, str(stack.center.folder), *words])


def charter(stack: Stack) -> None:
    """Enter two operators, have a charter signed by both parties, bring it to the gateway."""
    folder, file = stack.folder, str(stack.folder / "gw1.charter")
    for id_, name, role in (("lina", "Li Na", "installer"), ("wang", "Wang Wei", "technician")):
        words = ("--name", name, "--role", role, "--key", str(folder / f"{id_}.key"))
        number = ("--qualification", "310115-0042") if id_ == "lina" else ()
        assert at_center(stack, "operator", "add", id_, *words, *number) == 0
    (folder / "draft.toml").write_text(DRAFT)
    owner = str(folder / "owner.key")
    assert agent(["charter", "key", owner]) == 0
    assert at_center(stack, "charter", "new", str(folder / "draft.toml"), "--out", file) == 0
    assert at_center(stack, "charter", "sign", file) == 0
    assert agent(["charter", "sign", file, "--key", owner]) == 0
    assert at_center(stack, "charter", "accept", file) == 0
    key = ("--key", str(folder / "lina.key"), "--wait", "60")
    assert at_center(stack, "charter", "send", GATEWAY, *key) == 0
    assert (stack.gateway / "site.charter").read_bytes() == Path(file).read_bytes()


def countersigned(stack: Stack) -> str | None:
    """Have one operator want a bypass and another countersign it; return what became of it."""
    lina, wang = (("--key", str(stack.folder / f"{id_}.key")) for id_ in ("lina", "wang"))
    bypass = (GATEWAY, "panel", "p1", "bypass", "3")
    assert at_center(stack, "command", *bypass, *lina, "--wait", "0") == 1
    with closing(schema.open_for_reading(Layout(stack.center.folder).database)) as connection:
        (waiting,) = desk_rows.awaiting(connection, 0)
        assert at_center(stack, "countersign", str(waiting.id), *lina) == 78
        at_center(stack, "countersign", str(waiting.id), *wang, "--wait", "60")
        told = desk_rows.outcome_of(connection, waiting.id)
    assert told.outcome in {"forbidden", "unsupported"}, f"the panel allows none: {told}"
    assert at_center(stack, "operator", "remove", "wang") == 0
    assert at_center(stack, "command", GATEWAY, "state", *wang) == 78
    return told.outcome


def charter_told(stack: Stack) -> int | None:
    """Return the number of the charter that the gateway's newest heartbeat names."""
    with closing(schema.open_for_reading(Layout(stack.center.folder).database)) as connection:
        (data,) = connection.execute("SELECT status FROM presence").fetchone()
    charter = peek_status(data)[1].charter
    return None if charter is None else charter[0]


def dispose(stack: Stack) -> int:
    """Enter a word on an incident; whether there is such a one is the center's business."""
    layout = Layout(stack.center.folder)
    said = Disposition(
        gateway=GATEWAY,
        center="center",
        incident=Place(bytes(8), 1),
        said=Said.POLICE,
        by="Li Na",
        qualification="310115-0042",
        time_ms=1_795_000_000_000,
    )
    signed = sign_disposition(said, load_signer(layout.key("command")))
    with closing(schema.open_for_writing(layout.database)) as connection:
        return desk_rows.dispose(connection, said, signed, Role.OPERATOR)


def outcome(stack: Stack, number: int) -> str | None:
    file = f"file:{Layout(stack.center.folder).database}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as connection:
        return desk_rows.outcome_of(connection, number).outcome
