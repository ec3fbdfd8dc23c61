"""Planted bugs of a site's papers: who may pass it on or end it, and what a kill makes of that; and
of what counts no more.
"""

from edge_agent.center import desk, revocation
from edge_agent.daemon import decommissioning, handover
from edge_agent.daemon.timekeeping import Timekeeper
from edge_agent.evidence import cose, decommission, succession
from edge_agent.identity.handover import Course
from edge_agent.uplink import revoked
from edge_agent.witness import judging
from edge_agent.witness.store import WitnessStore
from tests.mutants.mutant import Patch


def one_signature_enough(patch: Patch) -> None:
    """A charter comes into force though not all have signed it."""
    patch.setattr(succession, "_SIGN", ())


def one_ends_it_alone(patch: Patch) -> None:
    """A gateway is taken out of service by one of its parties."""
    patch.setattr(decommission, "_SIGN", decommission._SIGN[:1])


def left_out_too_early(patch: Patch) -> None:
    """The old center is served no more though the new one has not receipted."""
    patch.setattr(Course, "_missing", lambda _self, _seen: "")


def handover_forgotten(patch: Patch) -> None:
    """A start does not know what was written down of a handover."""
    patch.setattr(handover, "_found", lambda _file: (None, ""))


def keys_go_before_the_receipt(patch: Patch) -> None:
    """A gateway's keys are destroyed though a center has not receipted everything."""
    patch.setattr(decommissioning, "_has_all", lambda _center: True)


def newest_certificate_revoked(patch: Patch) -> None:
    """Of a gateway that is revoked the certificates that were renewed since still count."""
    patch.setattr(revocation, "note", lambda _layout, _gateway, _certificate: None)


def witness_believes_all(patch: Patch) -> None:
    """A witness cosigns whatever is larger than what it holds, without a proof."""
    patch.setattr(judging, "_continues", lambda *_: None)


def witness_stores_late(patch: Patch) -> None:
    """A witness gives a cosignature that is not stored: a kill makes it forget."""
    patch.setattr(WitnessStore, "_keep", lambda *_: None)


def cosignature_by_anybody(patch: Patch) -> None:
    """A cosignature counts whoever signed it, if only it names the witness's key."""
    patch.setattr(cose, "verify", lambda *_: None)


def who_is_connected_goes_on(patch: Patch) -> None:
    """A gateway that is revoked says and hears what it did, as long as its connection stands."""
    patch.setattr(revocation, "_silence", lambda _layout, _gateway: None)


def lost_key_of_a_broker_taken(patch: Patch) -> None:
    """A gateway connects to whoever shows a key that its center has revoked."""
    patch.setattr(revoked, "check_peer", lambda _connected, _file, _ca, _where: None)


def commands_go_unsealed(patch: Patch) -> None:
    """A command goes as it is though the gateway has told a key to seal it to."""
    patch.setattr(desk, "sealed_command", lambda data, _status: data)


def first_center_alone_tells_the_time(patch: Patch) -> None:
    """A gateway whose first center is no more never learns the time."""
    real = Timekeeper._weigh

    def weigh(self: Timekeeper, rank: int, told: object) -> None:
        if rank == 0:
            real(self, rank, told)  # type: ignore[arg-type]  # handed on as it came

    patch.setattr(Timekeeper, "_weigh", weigh)
