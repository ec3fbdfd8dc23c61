"""What a panel can say: the closed lists of kinds, states and lanes.

Source of the categories: SIA DC-05 (Contact ID) and SIA DC-07 code families, narrowed to the words
that an alarm center acts on.  A kind is either an *event* (something happened) or a *point* (a live
state).
"""

from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """One word for what a signal is about."""

    MEDICAL = "medical"
    FIRE = "fire"
    FIRE_SUPERVISORY = "fire_supervisory"
    PANIC = "panic"
    DURESS = "duress"
    HOLDUP = "holdup"
    BURGLARY = "burglary"
    TAMPER = "tamper"
    GAS = "gas"
    CO = "co"
    ENVIRONMENT = "environment"
    ZONE_TROUBLE = "zone_trouble"
    MODULE_TROUBLE = "module_trouble"
    SYSTEM_TROUBLE = "system_trouble"
    POWER = "power"
    COMMS = "comms"
    OPEN_CLOSE = "open_close"
    EXIT_ERROR = "exit_error"
    CANCEL = "cancel"
    BYPASS = "bypass"
    DISABLE = "disable"
    ACCESS = "access"
    SERVICE = "service"
    TEST = "test"
    SCHEDULE = "schedule"
    REMOTE = "remote"
    LOG = "log"
    UNKNOWN = "unknown"
    # points: live state, not an event
    ZONE = "zone"
    AREA = "area"
    OUTPUT = "output"
    PANEL = "panel"
    LOOP = "loop"  # what a detector's circuit measures


class State(StrEnum):
    """The state that a signal reports; which states fit a kind is in `STATES`."""

    ACTIVE = "active"
    RESTORED = "restored"
    STATUS = "status"  # reported before and still there (Contact ID qualifier 6)
    ARMED = "armed"
    DISARMED = "disarmed"
    CLOSED = "closed"
    OPEN = "open"
    TAMPER = "tamper"
    FAULT = "fault"
    MASKED = "masked"
    BYPASSED = "bypassed"
    UNKNOWN = "unknown"
    ARMED_AWAY = "armed_away"
    ARMED_STAY = "armed_stay"
    EXIT_DELAY = "exit_delay"
    ENTRY_DELAY = "entry_delay"
    ALARM = "alarm"
    ON = "on"
    OFF = "off"
    ONLINE = "online"
    OFFLINE = "offline"


class Lane(IntEnum):
    """The urgency class that an event travels in; the smaller, the sooner."""

    LIFE = 0
    FIRE = 1
    INTRUSION = 2
    VERDICT = 3  # verdicts, cancel, exit error, test
    FAULT = 4
    STATE = 5
    TELEMETRY = 6


class Origin(StrEnum):
    """How a signal came to be heard."""

    LIVE = "live"
    AT_START = "at_start"  # already active at link-up
    BACKFILL = "backfill"  # from the panel's own log


POINTS = frozenset({Kind.ZONE, Kind.AREA, Kind.OUTPUT, Kind.PANEL, Kind.LOOP})

_EVENT_STATES = frozenset({State.ACTIVE, State.RESTORED, State.STATUS})

STATES: dict[Kind, frozenset[State]] = {
    **{kind: _EVENT_STATES for kind in Kind if kind not in POINTS},
    Kind.OPEN_CLOSE: _EVENT_STATES | {State.ARMED, State.DISARMED},
    Kind.ZONE: frozenset(
        {
            State.CLOSED,
            State.OPEN,
            State.TAMPER,
            State.FAULT,
            State.MASKED,
            State.BYPASSED,
            State.UNKNOWN,
        }
    ),
    Kind.AREA: frozenset(
        {
            State.DISARMED,
            State.ARMED_AWAY,
            State.ARMED_STAY,
            State.EXIT_DELAY,
            State.ENTRY_DELAY,
            State.ALARM,
            State.UNKNOWN,
        }
    ),
    Kind.OUTPUT: frozenset({State.ON, State.OFF}),
    Kind.PANEL: frozenset({State.ONLINE, State.OFFLINE}),
    Kind.LOOP: frozenset({State.STATUS}),  # a measurement: neither begun nor over
}

_LANES: dict[Kind, Lane] = {
    **dict.fromkeys((Kind.MEDICAL, Kind.PANIC, Kind.DURESS, Kind.HOLDUP), Lane.LIFE),
    **dict.fromkeys((Kind.FIRE, Kind.GAS, Kind.CO), Lane.FIRE),
    # an unknown kind may be an alarm: it travels as one until it is known
    **dict.fromkeys(
        (Kind.BURGLARY, Kind.TAMPER, Kind.FIRE_SUPERVISORY, Kind.UNKNOWN), Lane.INTRUSION
    ),
    **dict.fromkeys((Kind.CANCEL, Kind.EXIT_ERROR, Kind.TEST), Lane.VERDICT),
    **dict.fromkeys(
        (Kind.ZONE_TROUBLE, Kind.MODULE_TROUBLE, Kind.SYSTEM_TROUBLE, Kind.POWER, Kind.COMMS),
        Lane.FAULT,
    ),
    Kind.LOOP: Lane.TELEMETRY,
}


def lane_of(kind: Kind) -> Lane:
    """Return the lane in which a signal of `kind` travels."""
    return _LANES.get(kind, Lane.STATE)
