"""A cosignature counts by its statement, its proof and, where the reader names its key, its hand.

What a changed one is called in a whole file: test_bundle_check.py.  Seen to fail: with signatures
that are not looked at (`cosignature_by_anybody`).
"""

from dataclasses import replace

import pytest

from edge_agent.evidence.bundle import CosignedHead
from edge_agent.evidence.bundle_report import Report, Witnessed
from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.cosigned import check_cosigned, check_second
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.second_signature import SecondSignature
from edge_agent.evidence.seconded import NO_KEY, Seconded
from edge_agent.evidence.sm2 import Sm2Key
from tests.evidence import second_vectors
from tests.evidence.bundles import FIRST, SECOND, WITNESS, authority, cosignature, memory
from tests.evidence.conftest import signer

HEAD = peek(memory().epochs[FIRST][90][0])[1]
PROOF = tuple(memory().proofs(FIRST).consistency(60, 90))
VOUCHING = {key_digest(authority()[1])}


def judged(
    data: bytes, proof: tuple[bytes, ...] = PROOF, *, named: bool = True
) -> tuple[Witnessed | None, bool, list[str]]:
    report = Report()
    witnesses = (WITNESS.public,) if named else ()
    found, said = check_cosigned(report, CosignedHead(data, proof), HEAD, witnesses, VOUCHING)
    return found, said, [str(one.what) for one in report.problems]


def test_a_good_one_counts_for_who_names_its_key() -> None:
    found, said, problems = judged(cosignature(FIRST, 60))
    assert found is not None
    assert (found.proven, found.cosignature.size, said, problems) == (True, 60, True, [])
    found, said, problems = judged(cosignature(FIRST, 60), named=False)
    assert found is not None
    assert (found.proven, said, problems) == (False, False, [])
    found, said, _ = judged(cosignature(FIRST, 60, by=signer(32)))
    assert found is not None
    assert (found.proven, said) == (False, False)


@pytest.mark.parametrize(
    ("data", "proof"),
    [
        (b"\xd2", PROOF),
        (cosignature(FIRST, 60)[:-1] + b"\0", PROOF),
        (cosignature(FIRST, 60, root=bytes(32)), PROOF),
        (cosignature(FIRST, 60), PROOF[1:]),
        (cosignature(FIRST, 60, gateway="gw2"), PROOF),
        (cosignature(FIRST, 60, authority=bytes(32)), PROOF),
        (cosignature(SECOND, 8), ()),
        (cosignature(FIRST, 95), ()),
    ],
)
def test_what_proves_nothing_is_a_finding(data: bytes, proof: tuple[bytes, ...]) -> None:
    found, _, problems = judged(data, proof)
    assert found is None
    assert problems == ["witness"]


def second(
    data: bytes, proof: tuple[bytes, ...] = PROOF, given: Sm2Key | None = None
) -> tuple[Seconded | None, list[str]]:
    report = Report()
    found = check_second(report, CosignedHead(data, proof), HEAD, None, given)
    return found, [str(one.what) for one in report.problems]


def test_a_second_signature_counts_by_its_proof_and_its_key() -> None:
    """Seen to fail: with the proof not looked at."""
    good, key = second_vectors.message(), second_vectors.key()
    found, problems = second(good, given=key)
    assert found is not None
    assert (found.given, found.unchecked, problems) == (True, "", [])
    found, problems = second(good)
    assert found is not None
    assert (found.unchecked, problems) == (NO_KEY, [])
    signed = SecondSignature.read(good)
    elsewhere = replace(signed.told, head=replace(signed.head, epoch=SECOND))
    for data, proof, given in (
        (good, PROOF[1:], None),
        (good[:-1] + bytes((good[-1] ^ 1,)), PROOF, key),
        (elsewhere.signed(signed.signature), PROOF, None),
        (b"junk", PROOF, None),
    ):
        assert second(data, proof, given) == (None, ["second_signature"])
