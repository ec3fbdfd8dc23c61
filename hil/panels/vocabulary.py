"""What a site can make a panel say: plain words, and what they mean in both event vocabularies.

Facts: SIA DC-05 (Contact ID) codes and SIA DC-07 letters.  Written out by hand for the emulators,
apart from the agent's own code tables, so that an error there is found here.  A word is
chosen so that both vocabularies give it the same code: a SIA hold-up is a confirmed one, 129.
"""

from dataclasses import dataclass

from edge_agent.domain.kinds import Kind, State


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that can happen: its Contact ID code, SIA letters and what its number is."""

    kind: Kind
    code: str
    number_is: str  # zone, user or "" (the panel says none)
    sia: str = ""
    sia_restore: str = ""


WORDS: dict[str, Word] = {
    "medical": Word(Kind.MEDICAL, "100", "zone", "MA", "MH"),
    "fire": Word(Kind.FIRE, "110", "zone", "FA", "FH"),
    "smoke": Word(Kind.FIRE, "111", "zone"),
    "heat": Word(Kind.FIRE, "114", "zone", "KA", "KH"),
    "callpoint": Word(Kind.FIRE, "115", "zone"),
    "panic": Word(Kind.PANIC, "120", "zone", "PA", "PH"),
    "duress": Word(Kind.DURESS, "121", "user"),
    "holdup": Word(Kind.HOLDUP, "129", "zone", "HA", "HH"),
    "alarm": Word(Kind.BURGLARY, "130", "zone", "BA", "BH"),
    "entry": Word(Kind.BURGLARY, "134", "zone"),
    "tamper": Word(Kind.TAMPER, "137", "zone", "TA", "TR"),
    "gas": Word(Kind.GAS, "151", "zone", "GA", "GH"),
    "co": Word(Kind.CO, "162", "zone"),
    "water": Word(Kind.ENVIRONMENT, "154", "zone", "WA", "WH"),
    "mains": Word(Kind.POWER, "301", "", "AT", "AR"),
    "battery": Word(Kind.POWER, "302", "", "YT", "YR"),
    "cover": Word(Kind.TAMPER, "316", ""),  # the panel's own enclosure
    "line": Word(Kind.COMMS, "351", "", "LT", "LR"),
    "report": Word(Kind.COMMS, "354", "", "YC", "YK"),
    "exiterror": Word(Kind.EXIT_ERROR, "374", "zone", "EA"),
    "trouble": Word(Kind.ZONE_TROUBLE, "380", "zone", "BT", "BJ"),
    "missing": Word(Kind.ZONE_TROUBLE, "381", "zone"),  # a wireless detector that is not heard
    "weak": Word(Kind.ZONE_TROUBLE, "384", "zone"),  # the battery of a wireless detector
    "cancel": Word(Kind.CANCEL, "406", "user", "BC"),
    "bypass": Word(Kind.BYPASS, "570", "zone"),
    "test": Word(Kind.TEST, "602", "", "RP"),
    "walktest": Word(Kind.TEST, "607", "user", "TS", "TE"),
}

ARM = Word(Kind.OPEN_CLOSE, "401", "user", "OP", "CL")

# Contact ID qualifier as a receiver prints it: E new or opening, R restore or closing, P still so
EVENT_STATES = {"E": State.ACTIVE, "R": State.RESTORED, "P": State.STATUS}
ARM_STATES = {"E": State.DISARMED, "R": State.ARMED}
