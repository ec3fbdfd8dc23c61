"""What somebody is to a gateway who asks it something, at its own socket or from a center."""

from enum import StrEnum


class Role(StrEnum):
    """Fixes what the gateway does for them."""

    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # takes alarms, at a center
    TECHNICIAN = "technician"  # finds out and repairs
    INSTALLER = "installer"  # sets up and hands over
    INSPECTOR = "inspector"  # samples the records
