"""What people and scripts are told of a bundle."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.evidence.bundle_report import Head, Report, Trust
from edge_agent.views.bundle import Files, lines, verify_file
from tests import openssl
from tests.evidence import bundles, second_vectors
from tests.evidence.bundles import authority, certified, checked, memory
from tests.evidence.mutations import all_mutations


def test_what_is_trusted_and_why_is_said(tmp_path: Path) -> None:
    own = "\n".join(lines(checked(bundles.sample(memory()), Trust())))
    pinned = "\n".join(lines(checked(bundles.sample(memory()))))
    assert "found inside: COMPARE with a known fingerprint" in own
    assert "given by you" in pinned
    assert "head over 99 events, NOT receipted: only signed, continues the one over 37" in pinned
    assert "receipted by center on 2025-11-23T12:13:30Z" in pinned
    assert pinned.endswith("nothing wrong")


def test_what_a_witness_saw_is_said_and_that_none_did(tmp_path: Path) -> None:
    file, ca, pem = (tmp_path / name for name in ("x.bundle", "ca.pem", "witness.pem"))
    ca.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    pem.write_bytes(
        ca.read_bytes()
        + bundles.WITNESS.public.loaded.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
    )
    file.write_bytes(bundles.witnessed(memory()))
    code, said = verify_file(file, Files(ca=ca, witness=pem), as_json=False)
    assert code == 0
    assert "witnessed by inspector-south: the first 60 of them, on 2025-11-23T12:13:35Z" in said
    assert "NOT CHECKED" in verify_file(file, Files(ca=ca), as_json=False)[1]
    told = json.loads(verify_file(file, Files(ca=ca, witness=pem), as_json=True)[1])["heads"][0]
    assert (told["witnessed"][0]["size"], told["witnessed"][0]["proven"]) == (60, True)
    file.write_bytes(bundles.span(memory()))
    code, said = verify_file(file, Files(ca=ca, witness=pem), as_json=False)
    assert code == 1
    assert "no witness has cosigned it" in said
    assert "unwitnessed at" in said
    assert verify_file(file, Files(ca=ca, witness=ca), as_json=False)[0] == 2


def test_files_and_exit_codes(tmp_path: Path) -> None:
    file, ca, identity = (tmp_path / name for name in ("x.bundle", "ca.pem", "identity.pem"))
    ca.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    identity.write_bytes(_pem(certified("gw1", 1)))
    file.write_bytes(bundles.chosen(memory()))
    assert verify_file(file, Files(ca=ca), as_json=False)[0] == 0
    assert verify_file(file, Files(identity=identity), as_json=False)[0] == 0
    code, said = verify_file(file, Files(ca=ca), as_json=True)
    assert (code, json.loads(said)["ok"]) == (0, True)
    assert verify_file(tmp_path / "none", Files(), as_json=False)[0] == 2
    assert verify_file(file, Files(ca=file), as_json=False)[0] == 2


def test_a_time_that_no_calendar_has_is_no_crash() -> None:
    """Whoever signs may write any number."""
    for time_ms, said in ((2**62, f"{2**62} ms"), (0, "1970-01-01T00:00:00Z")):
        head = Head(bytes(8), 1, bytes(32), "center", time_ms)
        assert f"receipted by center on {said}" in "\n".join(lines(Report(heads=[head])))


def _pem(der: bytes) -> bytes:
    from edge_agent.evidence import certificates  # noqa: PLC0415  one use

    return certificates.read(der).public_bytes(Encoding.PEM)


def test_the_first_bad_number_is_named(tmp_path: Path) -> None:
    changed = {one.name: one for one in all_mutations()}["an_event_is_changed"]
    file = tmp_path / "x.bundle"
    file.write_bytes(changed.data)
    code, said = verify_file(file, Files(), as_json=True)
    facts = json.loads(said)
    assert (code, facts["first_bad"]) == (1, {"epoch": b"epoch--1".hex(), "seq": 25})
    assert "the first bad number is 25" in verify_file(file, Files(), as_json=False)[1]


def test_nothing_at_all_is_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "x.bundle"
    file.write_bytes(b"")
    assert verify_file(file, Files(), as_json=True)[0] == 1
    assert lines(Report()) == ["nothing wrong"]


def test_a_second_signature_is_told_and_wanted_where_its_key_is_given(tmp_path: Path) -> None:
    """Seen to fail: with a missing one passed over."""
    file, key, other = (tmp_path / name for name in ("x.bundle", "sm2.pem", "other.pem"))
    key.write_bytes(second_vectors.key().to_pem())
    other.write_bytes(openssl.public_of(openssl.make_key(tmp_path)))
    file.write_bytes(bundles.seconded(memory()))
    kid = second_vectors.key().kid.hex()
    code, said = verify_file(file, Files(), as_json=False)
    assert (code, f"{bundles.FIRST.hex()}/60: NOT CHECKED" in said) == (0, True)
    code, said = verify_file(file, Files(sm2=key), as_json=False)
    assert (code, f"60: good, by key {kid} (given by you)" in said) == (0, True)
    told = json.loads(verify_file(file, Files(sm2=key), as_json=True)[1])["heads"][0]
    assert (told["second_signature"]["good"], told["second_signature"]["given"]) == (True, True)
    code, said = verify_file(file, Files(sm2=other), as_json=False)
    assert (code, "second_signature" in said) == (1, True)
    file.write_bytes(bundles.chosen(memory()))
    code, said = verify_file(file, Files(sm2=key), as_json=False)
    assert (code, "nothing of this run is signed a second time" in said) == (1, True)
    assert verify_file(file, Files(sm2=file), as_json=False)[0] == 2
