"""Why a center's command is not carried out, in one word.  Meanings: docs/wire-format.md."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a command is not carried out."""

    NO_KEY = "no_key"  # the site pins no command key of this center
    RETAINED = "retained"  # the broker was to keep it: a command is for now
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    MISADDRESSED = "misaddressed"  # for another gateway
    WRONG_EPOCH = "wrong_epoch"  # for an earlier run, or one that never was
    REPLAYED = "replayed"  # its number was used before
    EXPIRED = "expired"
    UNSUPPORTED = "unsupported"  # this version knows no such command
    UNENTITLED = "unentitled"  # not within the operator's role
    OUTSIDE_CHARTER = "outside_charter"  # what no charter allows, or not the one in force
    UNPROVEN = "unproven"  # it is not certain who wants it
    SINGLE = "single"  # it wants a second operator
    FLOOD = "flood"  # more at once than anybody gives
