"""Whatever is changed in an evidence bundle is found, the first bad number named, by two verifiers.

The second is docs/verifier/verify.mjs, run by Node: no line of it is shared with the first.
"""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.domain.stamp import Stamp
from edge_agent.domain.stamp import Trust as Clock
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import PROBLEMS_MAX, Fault, Report, Trust
from edge_agent.evidence.certificates import read_pem
from tests.evidence import bundles
from tests.evidence.bundles import FIRST, SECOND, authority, checked, memory
from tests.evidence.conftest import Chain, signer
from tests.evidence.mutations import Mutation, all_mutations, flips

VERIFIER = Path(__file__).parents[2] / "docs" / "verifier"
LINES_MAX = 200  # of each of its files: somebody shall read them before believing them
GOOD = {"span": bundles.span, "chosen": bundles.chosen, "sample": bundles.sample}
GOOD |= {"stamped": bundles.stamped, "witnessed": bundles.witnessed}

BATCH = """
import { verify } from "%s";
import { createInterface } from "node:readline";
import { createPublicKey, X509Certificate } from "node:crypto";
const pinned = [new X509Certificate(process.argv[1])], witness = createPublicKey(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const [data, named] = line.split(" ");
  console.log(JSON.stringify(verify(Buffer.from(data, "hex"), pinned, named ? [witness] : [])));
}
"""


def by_node(files: list[bytes], witnessed: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """What the second verifier says of each file; of those `witnessed` a reader names a witness."""
    script = BATCH % (VERIFIER / "verify.mjs").as_uri()
    pem = authority()[1].public_bytes(Encoding.PEM).decode()
    key = bundles.WITNESS.public.loaded.public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    lines = (f"{data.hex()} {'w' * (at in witnessed)}\n" for at, data in enumerate(files))
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", script, "--", pem, key.decode()],
        input="".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@cache
def all_by_node() -> dict[str, dict[str, Any]]:
    names = [*GOOD, *(one.name for one in all_mutations())]
    files = [make(memory()) for make in GOOD.values()] + [one.data for one in all_mutations()]
    named = {one.name for one in all_mutations() if one.witnessed} | {"witnessed"}
    witnessed = tuple(at for at, name in enumerate(names) if name in named)
    return dict(zip(names, by_node(files, witnessed), strict=True))


def told(report: Report) -> set[tuple[str, str | None, int | None]]:
    return {
        (str(one.what), one.epoch.hex() if one.epoch else None, one.seq) for one in report.problems
    }


@pytest.mark.parametrize("name", GOOD)
def test_a_good_bundle_is_good(name: str) -> None:
    data = GOOD[name](memory())
    for trust in (Trust((authority()[1],)), Trust(), Trust(identity=signer(1).public)):
        report = checked(data, trust)
        assert report.problems == []
        assert report.events in {83, 3, 6}
    by_other = all_by_node()[name]
    assert by_other["ok"], by_other["problems"]
    assert by_other["events"] == checked(data).events
    heads = [{"epoch": h.epoch.hex(), "size": h.size, "root": h.root.hex()} for h in report.heads]
    assert by_other["heads"] == heads


@pytest.mark.parametrize("mutation", all_mutations(), ids=lambda one: one.name)
def test_what_was_changed_is_found_and_its_number_named(mutation: Mutation) -> None:
    report = checked(mutation.data, mutation.trust)
    what, epoch, seq = mutation.first
    numbered = [one for one in report.problems if (one.seq is None) is (epoch is None)]
    assert numbered, report.problems
    first = min(numbered, key=lambda one: (one.epoch or b"", one.seq or 0))
    assert (first.epoch, first.seq if seq is not None else None) == (epoch, seq)
    assert what in {str(one.what) for one in numbered if one.seq == first.seq}


@pytest.mark.parametrize("mutation", all_mutations(), ids=lambda one: one.name)
def test_both_verifiers_say_the_same(mutation: Mutation) -> None:
    by_other = all_by_node()[mutation.name]["problems"]
    assert {(one["what"], one["epoch"], one["seq"]) for one in by_other} == told(
        checked(mutation.data, mutation.trust)
    )


@pytest.mark.thorough
def test_any_flipped_bit_is_found_by_both() -> None:
    files = [*flips(bundles.sample(memory()), 61), *flips(bundles.span(memory()), 509)]
    missed = [at for at, data in enumerate(files) if not checked(data).problems]
    missed += [at for at, report in enumerate(by_node(files)) if report["ok"]]
    assert missed == []


def test_a_timestamp_is_shown_and_by_whom_it_counts() -> None:
    (root,) = read_pem(bundles.stamper())
    own = checked(bundles.stamped(memory()))
    named = checked(bundles.stamped(memory()), Trust((authority()[1],), (root,)))
    for report, trusted in ((own, False), (named, True)):
        (head,) = (one for one in report.heads if one.epoch == FIRST)
        assert report.problems == []
        assert head.stamped is not None
        assert (head.stamped_size, head.stamped.by) == (60, "CN=Time")
        assert head.stamped.trusted is trusted
    other = checked(bundles.stamped(memory()), Trust((authority()[1],), (authority()[1],)))
    assert told(other) == {("timestamp", FIRST.hex(), 60)}


def test_what_a_witness_cosigned_is_told_and_counts_only_where_it_is_named() -> None:
    data = bundles.witnessed(memory())
    for keys, proven in (((), False), ((bundles.WITNESS.public,), True)):
        report = checked(data, Trust((authority()[1],), witnesses=keys))
        assert report.problems == []
        told = [one for head in report.heads for one in head.witnessed]
        assert [(one.cosignature.size, one.proven) for one in told] == [(60, proven), (8, proven)]


def test_a_bundle_of_a_history_that_no_witness_has_seen_is_found_by_who_names_one() -> None:
    """Gateway and center together made a second history: no cosignature continues to it."""
    named = Trust((authority()[1],), witnesses=(bundles.WITNESS.public,))
    unseen = bundles.checked(bundles.span(memory()), named)
    assert told(unseen) == {("unwitnessed", FIRST.hex(), 20), ("unwitnessed", SECOND.hex(), 0)}
    other = [*memory().epochs[FIRST]]
    held = memory()
    twin = Chain(epoch=FIRST)
    for (envelope,) in other[:30]:
        twin.add(envelope)
    twin.stamp = Stamp(1_763_900_000_000_000_001, 12_346, b"b" * 16, Clock.SYNCED, 5)
    held.take(twin.more(70))
    forked = bundles.checked(bundles.witnessed(held), named)
    assert ("witness", FIRST.hex(), 60) in told(forked)


def test_what_is_trusted_is_shown() -> None:
    own = checked(bundles.span(memory()), Trust())
    pinned = checked(bundles.span(memory()))
    assert own.authorities == pinned.authorities
    assert (own.pinned, pinned.pinned) == (False, True)
    assert all_by_node()["span"]["trusted"] == own.authorities


def test_a_receipted_head_and_an_earlier_one_are_told() -> None:
    first, second = checked(bundles.sample(memory())).heads
    assert (first.epoch, first.size, first.center, first.earlier_size) == (FIRST, 99, None, 37)
    assert (second.epoch, second.size, second.center) == (SECOND, 10, "center")
    assert second.time_ms == 1_763_900_010_000


def test_a_sample_shows_no_neighbour() -> None:
    """Of other events nothing but hashes: the head, the earlier head, and what was drawn."""
    held, data = memory(), bundles.sample(memory())
    shown = [
        (epoch, seq)
        for epoch, numbers in held.epochs.items()
        for seq, envelopes in enumerate(numbers)
        if envelopes[0] in data
    ]
    assert len(shown) == 6 + 2 + 2 + 1, "drawn, heads, genesis events, the earlier head"


def test_findings_are_bounded() -> None:
    report = Report()
    for _ in range(PROBLEMS_MAX + 3):
        report.found(Fault.GAP, None, "")
    assert (len(report.problems), report.more) == (PROBLEMS_MAX, 3)


def test_the_second_verifier_is_short_and_needs_no_package() -> None:
    for file in VERIFIER.glob("*.mjs"):
        lines = file.read_text().splitlines()
        assert len(lines) < LINES_MAX
        imported = [line.split('"')[-2] for line in lines if line.startswith("import ")]
        assert all(one.startswith(("node:", "./")) for one in imported)


def test_the_second_verifier_by_itself(tmp_path: Path) -> None:
    file, pem = tmp_path / "good.bundle", tmp_path / "ca.pem"
    file.write_bytes(bundles.sample(memory()))
    pem.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    command = ["node", str(VERIFIER / "verify.mjs"), str(file), str(pem)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, json.loads(ran.stdout)["ok"]) == (0, True)
    file.write_bytes(file.read_bytes()[:-1])
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert subprocess.run(command[:2], capture_output=True, check=False).returncode == 2


def test_the_second_verifier_says_that_it_does_not_check_sm2() -> None:
    """In a file as it stands after its seal was made: the second signature is in it."""
    plain, second = by_node([bundles.sample(memory()), bundles.seconded(memory())])
    assert second["ok"]
    assert [one.get("secondSignature") for one in plain["heads"]] == [None, None]
    assert "NOT CHECKED" in second["heads"][0]["secondSignature"]


def test_a_reader_of_nothing_is_no_crash() -> None:
    assert check(lambda _: b"", Trust()).problems[0].what is Fault.MALFORMED
