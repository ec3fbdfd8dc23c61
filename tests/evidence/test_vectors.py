"""The published vectors: as the code makes them, and as an independent checker reads them.

The checker below uses plain cbor2 and cryptography and nothing of `edge_agent.evidence`: it is what
a reader of docs/wire-format.md would write.  At the end the page is compared with the code.
"""

import hashlib
import json
import re
import struct
import zlib
from enum import StrEnum
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import FaultKind
from edge_agent.domain.stamp import ClockChange, Trust
from edge_agent.evidence.bodies import REASONS_MAX, Ended, JournalChange, Severity
from edge_agent.evidence.cbor import DEPTH_MAX, Malformed
from edge_agent.evidence.charter import SignedCharter, read_charter
from edge_agent.evidence.cose import MESSAGE_BYTES_MAX, P256_ORDER, BadSignature, Domain, PublicKey
from edge_agent.evidence.envelope import open_event
from edge_agent.evidence.receipt import RANGES_MAX
from edge_agent.evidence.status import PANELS_MAX
from edge_agent.evidence.succession import NotValid, check_next
from edge_agent.evidence.verify import What
from tests.evidence import make_vectors

FOLDER = Path(__file__).parents[2] / "docs" / "vectors"
PAGE = (FOLDER.parent / "wire-format.md").read_text()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NAMES = [
    *("keys.json", "epochs.json", "proofs.json", "receipt.json", "status.json", "finding.json"),
    *("binding.json", "bundles.json", "refused.json", "command.json", "charter.json"),
    *("handover.json", "cosignature.json"),
]


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_code_makes(name: str) -> None:
    """After a wanted change of the format: python -m tests.evidence.make_vectors."""
    assert (FOLDER / name).read_text() == make_vectors.text(make_vectors.make()[name])


def test_there_are_no_other_files() -> None:
    by_openssl = {"timestamp.json", "second_signature.json"}  # no two runs give the same:
    # tests/evidence/test_timestamp.py and test_second_signature.py read them
    assert {path.name for path in FOLDER.iterdir()} == {*NAMES, *by_openssl}


# ---- the independent checker


class RefusedError(Exception):
    """The checker's verdict."""


def key_of(cose_key: dict[int, Any]) -> tuple[int, bytes, Any]:
    thumbprint = hashlib.sha256(cbor2.dumps(cose_key, canonical=True)).digest()[:8]
    if cose_key[1] == 1 and cose_key[-1] == 6:
        return -19, thumbprint, ed25519.Ed25519PublicKey.from_public_bytes(cose_key[-2])
    assert (cose_key[1], cose_key[-1]) == (2, 1)
    point = b"\x04" + cose_key[-2] + cose_key[-3]
    return -9, thumbprint, ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def check(message: bytes, key: tuple[int, bytes, Any], external: bytes) -> dict[int, Any]:
    """Return the payload of a message that obeys every rule, or raise RefusedError."""
    try:
        tagged = cbor2.loads(message)
        if cbor2.dumps(tagged, canonical=True) != message or tagged.tag != 18:
            raise RefusedError("not canonical or another tag")
        protected, unprotected, payload, signature = tagged.value
        header = cbor2.loads(protected)
    except (cbor2.CBORError, AttributeError, ValueError, TypeError) as error:
        raise RefusedError("not a COSE_Sign1") from error
    algorithm, kid, public = key
    if unprotected != {} or header != {1: algorithm, 4: kid} or payload is None:
        raise RefusedError("header")
    if cbor2.dumps(header, canonical=True) != protected:
        raise RefusedError("header not canonical")
    signed = cbor2.dumps(["Signature1", protected, external, payload])
    try:
        if algorithm == -19:
            public.verify(signature, signed)
        else:
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            if s > ORDER // 2:
                raise RefusedError("upper half")
            public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise RefusedError("signature") from error
    content: dict[int, Any] = cbor2.loads(payload)
    if cbor2.dumps(content, canonical=True) != payload:
        raise RefusedError("payload not canonical")
    return content


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    pair = root_of(leaves[:half]) + root_of(leaves[half:])
    return hashlib.sha256(b"\x01" + pair).digest()


KEYS = {row["name"]: row for row in load("keys.json")}
PUBLIC = {name: key_of(cbor2.loads(bytes.fromhex(row["cose_key"]))) for name, row in KEYS.items()}


def test_key_ids_and_public_keys_follow_from_the_private_ones() -> None:
    for name, row in KEYS.items():
        algorithm, kid, public = PUBLIC[name]
        private = bytes.fromhex(row["private"])
        assert (row["algorithm"], row["kid"]) == (algorithm, kid.hex())
        if algorithm == -19:
            made = ed25519.Ed25519PrivateKey.from_private_bytes(private).public_key()
            assert made == public
        else:
            number = ec.derive_private_key(int.from_bytes(private), ec.SECP256R1())
            assert number.public_key() == public


def test_both_epochs_verify() -> None:
    identities = {PUBLIC[name][1]: PUBLIC[name] for name in ("identity", "identity in hardware")}
    last: list[Any] | None = None
    for epoch in load("epochs.json"):
        leaves: list[bytes] = []
        event_key: tuple[int, bytes, Any] | None = None
        for seq, row in enumerate(epoch["events"]):
            message = bytes.fromhex(row["message"])
            if event_key is None:
                kid = cbor2.loads(cbor2.loads(message).value[0])[4]
                content = check(message, identities[kid], b"edge-agent/v1/genesis")
                assert content[8] == "genesis"
                assert content[9][2] == kid
                assert content[9].get(3) == last
                event_key = key_of(content[9][1])
            else:
                content = check(message, event_key, b"edge-agent/v1/event")
            assert (content[1], content[2], content[4]) == (1, "gw1", seq)
            assert content[3].hex() == epoch["epoch"]
            assert content[5] == root_of(leaves)
            assert cbor2.dumps(content, canonical=True).hex() == row["payload"]
            assert row["to_be_signed"].endswith(row["payload"])
            leaves.append(hashlib.sha256(b"\x00" + message).digest())
            assert (row["leaf"], row["root"]) == (leaves[-1].hex(), root_of(leaves).hex())
        last = [bytes.fromhex(epoch["epoch"]), len(leaves), root_of(leaves)]
        assert epoch["peaks"].startswith(len(leaves).to_bytes(8).hex())


def test_to_be_signed_is_the_sig_structure() -> None:
    rows = [row for epoch in load("epochs.json") for row in epoch["events"]]
    for row in [*rows, load("receipt.json"), load("status.json")]:
        parts = cbor2.loads(bytes.fromhex(row["message"])).value
        signed = ["Signature1", parts[0], row["external_aad"].encode(), parts[2]]
        assert cbor2.dumps(signed).hex() == row["to_be_signed"]


def test_the_masked_code_is_not_there() -> None:
    row = load("epochs.json")[0]["events"][5]
    body = cbor2.loads(bytes.fromhex(row["payload"]))[9]
    assert body[14] == b"OP **** user 7"
    assert body[15] == [[3, 7]]


def test_the_receipt_verifies_and_covers_the_events() -> None:
    row = load("receipt.json")
    content = check(bytes.fromhex(row["message"]), PUBLIC["receipt"], b"edge-agent/v1/receipt")
    assert (content[1], content[2], content[3]) == (1, "gw1", "center")
    epochs = {epoch["epoch"]: epoch["events"] for epoch in load("epochs.json")}
    for epoch, first, last, digest in content[5]:
        leaves = [bytes.fromhex(row["leaf"]) for row in epochs[epoch.hex()][first : last + 1]]
        assert hashlib.sha256(b"".join(leaves)).digest() == digest


def test_a_cosignature_is_of_the_head_that_was_asked_for() -> None:
    row, events = load("cosignature.json"), load("epochs.json")[0]["events"]
    external = b"edge-agent/v1/cosignature"
    content = check(bytes.fromhex(row["message"]), PUBLIC["inspector"], external)
    asked = cbor2.loads(bytes.fromhex(row["submission"]))
    head = cbor2.loads(cbor2.loads(asked[4]).value[2])
    der = x509.load_der_x509_certificate(bytes.fromhex(row["authority"])).public_key()
    spki = der.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert content[3] == hashlib.sha256(spki).digest()
    assert [content[key] for key in (4, 5, 6, 7)] == [head[key] for key in (2, 3, 4, 5)]
    assert asked[3].hex() == events[0]["message"]
    leaves = [bytes.fromhex(event["leaf"]) for event in events]
    assert content[7] == root_of(leaves[: content[6]])
    assert asked[6] == proof_of(leaves[: content[6]], asked[5])


def proof_of(leaves: list[bytes], old: int, *, whole: bool = True) -> list[bytes]:
    """RFC 9162, 2.1.4.1, as it stands there."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= half:
        return [*proof_of(leaves[:half], old, whole=whole), root_of(leaves[half:])]
    return [*proof_of(leaves[half:], old - half, whole=False), root_of(leaves[:half])]


def test_the_status_verifies_and_names_the_head() -> None:
    row = load("status.json")
    content = check(bytes.fromhex(row["message"]), PUBLIC["event 2"], b"edge-agent/v1/status")
    epoch = load("epochs.json")[1]
    assert content[3].hex() == epoch["epoch"]
    assert content[4] == len(epoch["events"])
    assert content[5].hex() == epoch["events"][-1]["root"]


def test_the_command_its_reply_and_its_event_belong_together() -> None:
    vector = load("command.json")
    command = bytes.fromhex(vector["command"]["message"])
    asked = check(command, PUBLIC["command"], b"edge-agent/v1/command")
    assert (asked[1], asked[2], asked[3], asked[9]) == (1, "gw1", "center", "technician")
    assert (asked[10], asked[11]) == ("order", {1: "p1", 2: "bypass", 3: 5})
    assert asked[4].hex() == load("epochs.json")[1]["epoch"]
    reply = bytes.fromhex(vector["reply"]["message"])
    told = check(reply, PUBLIC["event 2"], b"edge-agent/v1/reply")
    assert (told[3], told[4], told[7]) == (asked[4], asked[5], "done")
    assert told[5] == hashlib.sha256(command).digest()
    assert json.loads(told[9])["outcome"] == "done"
    act = cbor2.loads(bytes.fromhex(vector["act"]))
    assert act[7] == [asked[3], asked[5], told[5]]


def test_the_charter_is_signed_and_a_mandate_is_for_its_command() -> None:
    vector = load("charter.json")
    charter = bytes.fromhex(vector["charter"])
    said = cbor2.loads(charter)
    assert cbor2.dumps(said, canonical=True) == charter
    assert hashlib.sha256(charter).hexdigest() == vector["digest"]
    whole = cbor2.loads(bytes.fromhex(vector["signed"]))
    assert whole == {1: charter, 2: [bytes.fromhex(one["message"]) for one in vector["assents"]]}
    for one in vector["assents"]:
        agreed = check(bytes.fromhex(one["message"]), PUBLIC[one["key"]], b"edge-agent/v1/assent")
        assert (agreed[1], agreed[2].hex()) == (1, vector["digest"])
    message = bytes.fromhex(vector["pass"]["message"])
    operator = check(message, PUBLIC["authority"], b"edge-agent/v1/pass")
    assert key_of(operator[7])[1] == PUBLIC["operator"][1]
    message = bytes.fromhex(vector["mandate"]["message"])
    wanted = check(message, PUBLIC["operator"], b"edge-agent/v1/mandate")
    wish = {1: "gw1", 2: "center", 3: "order", 4: {1: "p1", 2: "bypass", 3: 5}}
    assert wanted[2] == hashlib.sha256(cbor2.dumps(wish, canonical=True)).digest()


def test_the_disposition_is_the_centers_word_on_the_burglary() -> None:
    row = load("command.json")["disposition"]
    key = b"edge-agent/v1/disposition"
    said = check(bytes.fromhex(row["message"]), PUBLIC["command"], key)
    assert (said[1], said[2], said[5], said[6]) == (1, "gw1", "false", "animal")
    assert (said[7], said[8], said[11]) == ("Li Na", "310115-0042", [3])
    epoch, number = said[4]
    first = load("epochs.json")[0]
    assert (epoch.hex(), first["events"][number]["note"]) == (first["epoch"], "a burglary")


def test_a_handover_is_signed_by_whom_the_page_names() -> None:
    vector = load("handover.json")
    present, following = (bytes.fromhex(vector[name]) for name in ("present", "next"))
    before, after = cbor2.loads(present), cbor2.loads(following)
    assert cbor2.dumps(after, canonical=True) == following
    assert (before.keys(), after.keys()) == (set(range(1, 13)), set(range(1, 14)))
    assert (before[3], after[3], after[13]) == (1, 2, ["center", 30])
    assert vector["digest"] == hashlib.sha256(following).hexdigest()
    keys = {part: key for part, _, key in before[6]}
    keys["new enterprise"] = after[6][0][2]
    for name, row in vector["assents"].items():
        said = check(bytes.fromhex(row["message"]), PUBLIC[name], b"edge-agent/v1/assent")
        assert said == {1: 1, 2: bytes.fromhex(vector["digest"]), 3: 1_763_900_300_000}
        assert key_of(keys[name])[1] == PUBLIC[name][1]
    whole = cbor2.loads(bytes.fromhex(vector["signed"]))
    assert whole[1] == following
    messages = [vector["assents"][name]["message"] for name in vector["enough"][0]]
    assert [one.hex() for one in whole[2]] == messages


def test_the_code_takes_what_is_enough_and_nothing_else() -> None:
    vector = load("handover.json")
    present = read_charter(bytes.fromhex(vector["present"]))
    following = read_charter(bytes.fromhex(vector["next"]))

    def judge(names: list[str]) -> None:
        assents = tuple(bytes.fromhex(vector["assents"][name]["message"]) for name in names)
        check_next(SignedCharter(following, assents), present)

    for names in vector["enough"]:
        judge(names)
    for names in vector["too_few"]:
        with pytest.raises(NotValid, match="has not signed it"):
            judge(names)


def test_the_findings_read_by_the_page_alone() -> None:
    for row in load("finding.json"):
        body = cbor2.loads(bytes.fromhex(row["body"]))
        part = dict([body[4]] if 4 in body else [])
        assert row["subject"] == {"panel": body[3], **part}
        assert (row["cause"], row["severity"], row["reasons"]) == (body[1], body[2], body[5])
        assert (row["remedy"], row["detail"]) == (body.get(6, ""), body.get(7, ""))
        assert row["over"] is body.get(8, False)


def test_the_digest_over_receipts_follows_from_the_page_alone() -> None:
    vector = load("binding.json")
    hashes_ = []
    for number, row in enumerate(vector["records"]):
        record = bytes.fromhex(row["record"])
        magic, kind, slot, _, _, its_number, size = struct.unpack_from(">4sBBH8sQI", record)
        assert (magic, kind, slot, its_number) == (b"\xeaRec", 2, number, number)
        assert len(record) == 32 + size
        (crc,) = struct.unpack_from(">I", record, 28)
        assert crc == zlib.crc32(record[32:], zlib.crc32(record[:28]))
        hashes_.append(hashlib.sha256(record).digest())
        assert hashes_[-1].hex() == row["hash"]
    digest = hashlib.sha256(b"".join(hashes_)).digest()
    assert digest.hex() == vector["digest"]
    body = cbor2.loads(bytes.fromhex(vector["body"]))
    assert body == {1: "receipts", 2: "2 receipts recorded", 3: 0, 4: 1, 6: digest}


def test_the_proofs_verify() -> None:
    given = load("proofs.json")
    leaves = [bytes.fromhex(row["leaf"]) for row in load("epochs.json")[0]["events"]]
    assert given["root"] == root_of(leaves).hex()
    for row in given["inclusion"]:
        proof = [bytes.fromhex(step) for step in row["proof"]]
        assert climb(leaves[row["seq"]], row["seq"], given["size"], proof).hex() == given["root"]
    for row in given["consistency"]:
        assert row["old_root"] == root_of(leaves[: row["old_size"]]).hex()
        steps = subtrees(row["old_size"], 0, given["size"], whole=True)
        assert row["proof"] == [root_of(leaves[a:b]).hex() for a, b in steps]


def climb(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that an audit path leads to, by the recursive definition of RFC 9162 2.1.3.1."""
    if size == 1:
        assert proof == []
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    *rest, step = proof
    if index < half:
        pair = climb(leaf, index, half, rest) + step
    else:
        pair = step + climb(leaf, index - half, size - half, rest)
    return hashlib.sha256(b"\x01" + pair).digest()


def subtrees(old: int, first: int, size: int, *, whole: bool) -> list[tuple[int, int]]:
    """Which subtrees a consistency proof names, by the definition of RFC 9162 2.1.4.1."""
    if old == size:
        return [] if whole else [(first, first + size)]
    half = 1 << (size - 1).bit_length() - 1
    if old <= half:
        rest = subtrees(old, first, half, whole=whole)
        return [*rest, (first + half, first + size)]
    rest = subtrees(old - half, first + half, size - half, whole=False)
    return [*rest, (first, first + half)]


def test_what_must_be_refused_is_refused() -> None:
    rows = load("refused.json")
    assert len(rows) == 17
    for row in rows:
        for name in ("event 1", "receipt"):
            with pytest.raises(RefusedError):
                check(bytes.fromhex(row["message"]), PUBLIC[name], b"edge-agent/v1/event")


def test_production_refuses_them_too() -> None:
    keys = {
        row["name"]: PublicKey.from_value(cbor2.loads(bytes.fromhex(row["cose_key"])))
        for row in KEYS.values()
    }
    for row in load("refused.json"):
        name = "receipt" if row["why"].startswith("ESP256") else "event 1"
        with pytest.raises((Malformed, BadSignature)):
            open_event(bytes.fromhex(row["message"]), keys[name])


WORDS = [Kind, State, Origin, Trust, EventType, Ended, ClockChange, JournalChange, What, FaultKind]
WORDS += [Severity]


@pytest.mark.parametrize("words", WORDS)
def test_the_page_tells_every_word_that_can_be_on_the_wire(words: type[StrEnum]) -> None:
    told = set(re.findall(r"[a-z_]+", PAGE))
    assert {str(word) for word in words} <= told


def test_the_page_tells_every_domain_and_bound() -> None:
    assert all(f"`{domain.value.decode()}`" in PAGE for domain in Domain)
    assert f"{MESSAGE_BYTES_MAX:,} bytes" in PAGE
    assert f"1 to {RANGES_MAX} ranges" in PAGE
    assert f"1 to {REASONS_MAX} texts" in PAGE
    assert f"at most {PANELS_MAX} " in PAGE
    assert f"at most {DEPTH_MAX} levels" in PAGE
    assert f"{P256_ORDER:x}" in PAGE
