"""Words for why something was said that nobody had to come for."""

from enum import StrEnum


class Cause(StrEnum):
    """What lies behind a false alarm, or a fault that will bring one."""

    LOOSE_CONTACT = "loose_contact"
    LOOP_DRIFT = "loop_drift"
    CABLE_CUT = "cable_cut"
    CABLE_SHORT = "cable_short"
    EARTH_FAULT = "earth_fault"
    SUPPLY_LOW = "supply_low"
    BATTERY_LOW = "battery_low"
    MAINS_LOSS = "mains_loss"
    RADIO_INTERFERENCE = "radio_interference"
    RADIO_SUPERVISION = "radio_supervision"
    SENSOR_DEGRADED = "sensor_degraded"
    SENSOR_STUCK = "sensor_stuck"
    SENSOR_DEAD = "sensor_dead"
    COMMON_CAUSE = "common_cause"
    BUS_FAULT = "bus_fault"
    PANEL_CLOCK = "panel_clock"
    LINE_NOISE = "line_noise"
    LINK_LOSS = "link_loss"
    EXIT_ERROR = "exit_error"
    ENTRY_LATE = "entry_late"
    WRONG_CODE = "wrong_code"
    UNSCHEDULED_USER = "unscheduled_user"
    NUISANCE = "nuisance"
    TEST = "test"
    MAINTENANCE = "maintenance"
    FIRE_UNVERIFIED = "fire_unverified"
