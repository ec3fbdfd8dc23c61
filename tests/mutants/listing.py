"""All planted bugs; `./run soak --mutants` applies one by one, and every one must be caught."""

from tests.mutants import center, gateway, journal
from tests.mutants.mutant import Mutant, Worlds

ANYWHERE = Worlds()
MUTANTS = [
    Mutant(journal.fsync_left_out, ANYWHERE),
    Mutant(journal.unflushed_copy_trusted, Worlds(first=350)),
    Mutant(journal.refused_commit_forgotten, ANYWHERE),
    Mutant(journal.sealed_unflushed, ANYWHERE),
    Mutant(journal.sealed_while_written, ANYWHERE),
    Mutant(gateway.ack_before_commit, ANYWHERE),
    Mutant(gateway.receipt_unverified, ANYWHERE),
    Mutant(gateway.let_go_when_sent, ANYWHERE),
    Mutant(gateway.let_go_too_much, ANYWHERE),
    Mutant(gateway.cursor_moved_early, ANYWHERE),
    Mutant(gateway.numbers_reused, ANYWHERE),
    Mutant(center.receipt_before_commit, ANYWHERE),
]
