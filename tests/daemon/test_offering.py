"""Which answer a gateway takes: signed by all whom the charter wants, for its own keys.

Seen to fail: one signature taken for enough; a bundle of another gateway's keys; a charter that
does not name the old center, which would be cut off at once.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge_agent.config import Loaded
from edge_agent.daemon.offering import NotOffered, make_offer, read_answer
from edge_agent.evidence.charter import Destination, Part, Party, SignedCharter
from edge_agent.evidence.command import BYTES_MAX
from edge_agent.evidence.cose import Signer, parse
from edge_agent.evidence.enrolment import Bundle, open_bundle, sign_bundle
from edge_agent.evidence.handover import ANSWER_BYTES_MAX, open_offer
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from tests import papers
from tests.papers import NOW_MS, Papers


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers.whole(tmp_path_factory.mktemp("papers"))


def installed(loaded: Loaded) -> bytes:
    return loaded.file.read_bytes()


def test_an_offer_says_who_the_gateway_is_and_is_vouched_for(made: Papers) -> None:
    offer = open_offer(make_offer(made.loaded, made.present, NOW_MS))
    assert (offer.gateway, offer.center, offer.time_ms) == ("gw1", "center", NOW_MS)
    assert offer.charter == made.present.data


def test_without_what_vouches_for_it_nothing_is_offered(made: Papers, tmp_path: Path) -> None:
    shutil.copytree(made.folder / "gateway", tmp_path / "gateway")
    copy = Papers(tmp_path)
    stranger = Party(Part.ENTERPRISE, "Blue Lion", Ed25519Signer.generate().public)
    parties = (stranger, *made.present.charter.parties[1:])
    other = SignedCharter(replace(made.present.charter, parties=parties))
    with pytest.raises(NotOffered, match="authority of no center"):
        make_offer(copy.loaded, other, NOW_MS)
    (tmp_path / "gateway" / "identity.pem").unlink()
    with pytest.raises(NotOffered, match="identities/ of that center"):
        make_offer(copy.loaded, made.present, NOW_MS)


def test_the_answer_names_both_centers_in_the_configuration(made: Papers) -> None:
    answer = read_answer(made.answer, made.loaded, installed(made.loaded), made.present)
    assert answer.name == "green"
    assert (answer.handover.center, answer.handover.days) == ("center", 30)
    assert answer.both.startswith(installed(made.loaded).rstrip())
    assert b'ca = "green/ca.pem"' in answer.both
    assert answer.leaves == ("ca.pem", "client.pem", "command.pem", "receipt.pem", "seal.pem")
    assert len(made.answer) < ANSWER_BYTES_MAX / 4 < BYTES_MAX


def test_files_from_elsewhere_stay_where_they_are(made: Papers, tmp_path: Path) -> None:
    shutil.copytree(made.folder / "gateway", tmp_path / "site" / "gateway")
    (tmp_path / "site" / "gateway" / "ca.pem").rename(tmp_path / "shared.pem")
    file = tmp_path / "site" / "gateway" / "gateway.toml"
    file.write_text(file.read_text().replace('"ca.pem"', f'"{tmp_path}/shared.pem"'))
    copy = Papers(tmp_path / "site")
    answer = read_answer(made.answer, copy.loaded, file.read_bytes(), made.present)
    assert answer.leaves == ("client.pem", "command.pem", "receipt.pem", "seal.pem")


def authority(made: Papers, which: str = "new") -> Signer:
    return load_signer(made.folder / which / "ca.key")


def bundle_of(made: Papers) -> Bundle:
    return open_bundle(made.answer, authority(made).public)


def passed_by(made: Papers, charter: SignedCharter) -> bytes:
    """The answer, with another charter in it."""
    return sign_bundle(replace(bundle_of(made), charter=charter.data), authority(made))


def without(made: Papers, *missing: Signer) -> bytes:
    """The answer, with some signatures left out of its charter."""
    kids = [one.public.kid for one in missing]
    kept = [one for one in made.next.assents if _kid(one) not in kids]
    return passed_by(made, SignedCharter(made.next.charter, tuple(kept)))


def _kid(assent: bytes) -> bytes:
    return parse(assent).kid


def again(made: Papers, **changes: object) -> bytes:
    """The answer, with a charter that is changed and signed by all anew."""
    charter = replace(made.next.charter, **changes)  # type: ignore[arg-type]
    signed = SignedCharter(charter)
    owner = load_signer(made.file("owner.key"))
    for one in (authority(made), authority(made, "old"), owner):
        signed = signed.signed_by(one, NOW_MS)
    return passed_by(made, signed)


Change = Callable[[Papers], bytes]
REFUSED: list[tuple[Change, str]] = [
    (lambda made: without(made, authority(made, "old")), "enterprise of number 1, Red Lion, has"),
    (lambda made: without(made, load_signer(made.file("owner.key"))), "its owner, Shop, has not"),
    (lambda made: without(made, authority(made)), "its enterprise, Green Lion, has not signed"),
    (
        lambda made: without(
            made,
            *(authority(made, one) for one in ("old", "new")),
            load_signer(made.file("owner.key")),
        ),
        "has not signed it",
    ),
    (lambda made: passed_by(made, made.present), "not the enterprise of the charter in it"),
    (lambda made: again(made, handover=None), "passes the site to nobody"),
    (lambda made: again(made, number=1), "an old charter does not come back"),
    (lambda made: again(made, destinations=_foreign(made)), "could not be served for the days"),
    (lambda made: again(made, destinations=_nowhere(made)), "no destination of this center's"),
    (lambda made: sign_bundle(replace(bundle_of(made), gateway="gw2"), authority(made)), "gw2"),
    (lambda made: sign_bundle(bundle_of(made), Ed25519Signer.generate()), "not signed by the auth"),
    (
        lambda made: sign_bundle(
            replace(bundle_of(made), client=bundle_of(made).authorities[0]), authority(made)
        ),
        "certificate of the TLS key is of another key",
    ),
    (
        lambda made: sign_bundle(
            replace(bundle_of(made), identity=bundle_of(made).client), authority(made)
        ),
        "certificate of the identity key is of another key",
    ),
    (lambda made: sign_bundle(replace(bundle_of(made), charter=b""), authority(made)), "read"),
    (lambda _: b"junk", "cannot be read"),
    (lambda _: bytes(ANSWER_BYTES_MAX + 1), "allowed"),
]


def _foreign(made: Papers) -> tuple[Destination, ...]:
    old, new = made.next.charter.destinations
    return (replace(old, authorities=(bytes(32),)), new)


def _nowhere(made: Papers) -> tuple[Destination, ...]:
    old, new = made.next.charter.destinations
    return (old, replace(new, authorities=(bytes(32),)))


@pytest.mark.parametrize(("change", "told"), REFUSED)
def test_what_may_not_be_followed_is_refused(made: Papers, change: Change, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_answer(change(made), made.loaded, installed(made.loaded), made.present)


def test_a_bankrupt_enterprise_is_stood_in_for_by_the_inspector(made: Papers) -> None:
    inspector = load_signer(made.file("inspector.key"))
    kept = SignedCharter(
        made.next.charter,
        tuple(one for one in made.next.assents if _kid(one) != authority(made, "old").public.kid),
    )
    answer = passed_by(made, kept.signed_by(inspector, NOW_MS))
    assert read_answer(answer, made.loaded, installed(made.loaded), made.present).name == "green"


def test_the_old_center_is_found_however_its_table_is_written_or_it_is_refused(
    made: Papers,
) -> None:
    text = installed(made.loaded).replace(b"[[center]]", b"[[ center ]] # ours")
    assert read_answer(made.answer, made.loaded, text, made.present).name == "green"
    named = replace_center(made.loaded, "green")
    with pytest.raises(ValueError, match="no center center is configured"):
        read_answer(made.answer, named, installed(made.loaded), made.present)


def replace_center(loaded: Loaded, name: str) -> Loaded:
    center = msgspec.structs.replace(loaded.config.center[0], name=name)
    config = msgspec.structs.replace(loaded.config, center=[center])
    return Loaded(config, loaded.file, loaded.digest)
