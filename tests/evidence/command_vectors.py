"""What docs/vectors/command.json holds."""

from collections.abc import Callable, Mapping

from edge_agent.domain.access import Role
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cbor
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CenterCommand, CommandRef, digest_of, sign_command
from edge_agent.evidence.cose import Domain, Signer
from edge_agent.evidence.disposition import Disposition, Said, sign_disposition
from edge_agent.evidence.reply import Reply, facts_of, sign_reply


def command_vectors(
    epoch: bytes,
    stamp: Stamp,
    signers: Mapping[str, Signer],
    steps: Callable[[bytes, Domain], dict[str, str]],
) -> dict[str, object]:
    """Return a command, the gateway's reply to it, and the body of the event that names it."""
    wanted = CenterCommand(
        gateway="gw1",
        center="center",
        epoch=epoch,
        number=1_763_900_100_000,
        time_ms=1_763_900_100_000,
        until_ms=1_763_900_160_000,
        operator="Li Na",
        role=Role.TECHNICIAN,
        what="order",
        body={1: "p1", 2: "bypass", 3: 5},
    )
    command = sign_command(wanted, signers["command"])
    reply = Reply(
        gateway="gw1",
        epoch=epoch,
        number=wanted.number,
        digest=digest_of(command),
        stamp=stamp,
        outcome="done",
        facts=facts_of({"order": 1, "outcome": "done", "detail": ""}),
    )
    ref = CommandRef("center", wanted.number, digest_of(command))
    act = ActBody("command", wanted.actor, "bypass zone 5", "p1", 1, command=ref)
    signed = sign_reply(reply, signers["event 2"])
    said = Disposition(
        gateway="gw1",
        center="center",
        incident=Place(bytes.fromhex("0102030405060708"), 4),
        said=Said.FALSE,
        cause="animal",
        by="Li Na",
        qualification="310115-0042",
        time_ms=1_763_900_200_000,
        panel="p1",
        zones=(3,),
    )
    word = sign_disposition(said, signers["command"])
    return {
        "command": {"key": "command", **steps(command, Domain.COMMAND)},
        "reply": {"key": "event 2", **steps(signed, Domain.REPLY)},
        "act": cbor.encode(dict(act.to_body())).hex(),
        "disposition": {"key": "command", **steps(word, Domain.DISPOSITION)},
    }
