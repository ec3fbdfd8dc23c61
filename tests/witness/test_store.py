"""What a witness holds is on the disk before it is given, and never goes back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.cosignature import Cosignature, open_cosignature
from edge_agent.evidence.submission import Submission
from edge_agent.witness.judging import Again, Behind, Conflict, Cosign, Refused, Stopped, prove
from edge_agent.witness.store import Answer, StoreError, WitnessStore, opened
from tests.evidence.bundles import authority, certified
from tests.witness.world import (
    DIGEST,
    WITNESS,
    asked,
    begun,
    copied,
    following,
    forked,
    proven,
)

FIRST = begun()
NOW_MS = 1_795_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "witness.db"


@pytest.fixture
def store(file: Path) -> Iterator[WitnessStore]:
    with closing(WitnessStore(file)) as store:
        yield store


def submit(store: WitnessStore, submission: Submission, now_ms: int = NOW_MS) -> Answer:
    return store.submit(proven(submission), "inspector", WITNESS, now_ms)


def cosigned(answer: Answer) -> Cosignature:
    return open_cosignature(answer.cosignature, [WITNESS.public])


def test_a_head_is_cosigned_and_told_whose_it_is(store: WitnessStore) -> None:
    told = cosigned(submit(store, asked(FIRST, 12)))
    root = copied(FIRST, 12).peaks.root()
    assert told == Cosignature(
        witness="inspector",
        authority=DIGEST,
        gateway="gw1",
        epoch=FIRST.epoch,
        size=12,
        root=root,
        time_ms=NOW_MS,
    )


def test_what_was_given_is_known_after_a_new_start(store: WitnessStore, file: Path) -> None:
    """The one who was not answered asks again, and gets the very same bytes."""
    first = submit(store, asked(FIRST, 12))
    with closing(WitnessStore(file)) as again:
        answer = submit(again, asked(FIRST, 12), NOW_MS + 5)
        assert (answer.verdict, answer.cosignature) == (Again(), first.cosignature)
        assert submit(again, asked(FIRST, 15)).verdict == Behind(FIRST.epoch, 12)
        assert cosigned(submit(again, asked(FIRST, 15, 12))).size == 15
    fork = submit(store, asked(forked(FIRST, 8, 9), 15))
    assert isinstance(fork.verdict, Refused)
    assert fork.cosignature == b""


def test_a_contradiction_is_kept_with_both_heads_and_stops_the_gateway(
    store: WitnessStore,
) -> None:
    submit(store, asked(FIRST, 12))
    twin = forked(FIRST, 8, 9)
    assert isinstance(submit(store, asked(twin, 12)).verdict, Refused)
    (kept,) = store.conflicts()
    assert (kept.what, kept.gateway, kept.epoch) == (Conflict.FORK, "gw1", FIRST.epoch)
    assert (kept.seen, kept.shown) == (FIRST.envelopes[12], twin.envelopes[12])
    assert submit(store, asked(FIRST, 17, 12)).verdict == Stopped()
    assert [one.stopped for one in store.seen()] == [True]
    assert store.accept("gw2") == 0
    assert store.accept("gw1") == 1
    assert store.accept("gw1") == 0
    told = cosigned(submit(store, asked(FIRST, 17, 12)))
    assert (told.size, told.breaks) == (17, 1)


def test_a_history_begins_anew_once_for_each_time_that_somebody_looked(
    store: WitnessStore,
) -> None:
    submit(store, asked(FIRST, 12))
    for number in (1, 2):
        fresh = begun(epoch=b"anew---%d" % number)
        assert isinstance(submit(store, asked(fresh, 3)).verdict, Refused)
        store.accept("gw1")
        assert cosigned(submit(store, asked(fresh, 3))).breaks == number
    assert isinstance(submit(store, asked(begun(epoch=b"anew---3"), 3)).verdict, Refused)


def test_what_anybody_can_bring_again_and_again_is_counted_and_stops_nobody(
    store: WitnessStore,
) -> None:
    """Old heads, and good ones with proofs of nothing: they cost one row each, and the gateway
    nothing."""
    submit(store, asked(FIRST, 12))
    broken = Submission(*_parts(asked(FIRST, 17, 12)), old_size=12, proof=())
    for _ in range(20):
        for submission in (asked(FIRST, 9), broken):
            assert isinstance(submit(store, submission).verdict, Refused)
    told = [(one.what, one.times) for one in store.conflicts()]
    assert told == [(Conflict.SMALLER, 20), (Conflict.UNPROVEN, 20)]
    assert isinstance(submit(store, asked(FIRST, 17, 12)).verdict, Cosign)


def _parts(one: Submission) -> tuple[bytes, bytes, bytes]:
    return one.identity, one.genesis, one.head


def test_one_name_under_two_authorities_is_two_gateways(store: WitnessStore) -> None:
    submit(store, asked(FIRST, 12))
    other = asked(begun(epoch=b"epoch--4"), 3, identity=certified("gw1", 1, 8))
    answer = store.submit(prove(other, [authority(8)[1]]), "inspector", WITNESS, NOW_MS)
    assert cosigned(answer).authority == key_digest(authority(8)[1])
    assert len(list(store.seen())) == 2


def test_runs_follow_each_other_across_starts(file: Path) -> None:
    with closing(WitnessStore(file)) as store:
        submit(store, asked(FIRST, 12))
        second = following(FIRST, b"epoch--2")
        submit(store, asked(second, 3, 12, before=FIRST))
    with closing(WitnessStore(file)) as store:
        twin = asked(following(FIRST, b"epoch--3"), 3, 20, before=FIRST)
        verdict = submit(store, twin).verdict
        assert isinstance(verdict, Refused)
        assert verdict.what is Conflict.BRANCH


def test_what_cannot_be_stored_is_not_given(store: WitnessStore, file: Path) -> None:
    submit(store, asked(FIRST, 12))
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.Error):
        submit(store, asked(FIRST, 15, 12))
    store._connection.execute("PRAGMA query_only = OFF")
    assert submit(store, asked(FIRST, 15, 11)).verdict == Behind(FIRST.epoch, 12)


class Full:
    """A connection whose first commit is refused, as by a disk that is full."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._refuses = connection, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        if query == "COMMIT" and self._refuses:
            self._refuses = False
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(query, *values)


def test_a_commit_that_is_refused_is_taken_back_and_the_next_one_goes(store: WitnessStore) -> None:
    """Seen to fail with the commit outside: every later question met an open transaction."""
    store._connection = Full(store._connection)  # type: ignore[assignment]
    with pytest.raises(sqlite3.OperationalError):
        submit(store, asked(FIRST, 12))
    assert list(store.seen()) == []
    assert cosigned(submit(store, asked(FIRST, 12))).size == 12


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="init"), opened(tmp_path / "none.db"):
        pass
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match="another version"):
        WitnessStore(other)
