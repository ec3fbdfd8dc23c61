"""What a session is set to: the site's option, else the profile's fact, else the protocol's own."""

from typing import Final

from edge_agent.domain.session import Option, Setup

NS_PER_S: Final = 1_000_000_000
LISTEN_ONLY: Final = Option(
    "listen_only", bool, False, "never send a byte; all that is not said is unknown"
)
NO_ACK: Final = Option("listen_only", bool, False, "never send a byte, not even an ACK")
"""The same for drivers that acknowledge."""


def address(most: int) -> Option:
    """Return the option that says which address on its bus a panel has, 1 to `most`."""
    about = "the panel's address on its bus"
    return Option("address", int, None, about, minimum=1, maximum=most)


def poll_s(minimum_s: float, maximum_s: float, what: str = "the state is") -> Option:
    """Return the option that says how often `what` is asked for."""
    about = f"how often {what} asked for"
    return Option("poll_s", float, None, about, minimum=minimum_s, maximum=maximum_s)


def quiet_s(minimum_s: float, maximum_s: float) -> Option:
    """Return the option that says how long a panel that is not asked may be silent."""
    return Option(
        "quiet_s",
        float,
        None,
        "so long without a word is silence, for listen_only",
        minimum=minimum_s,
        maximum=maximum_s,
    )


def seconds_ns(setup: Setup, name: str, default: float) -> int:
    """Return the time called `name`, given in seconds, in nanoseconds.

    Raises ValueError where it is not a number above 0.
    """
    value = setup.options.get(name)
    if value is None and setup.profile is not None:
        value = setup.profile.facts.get(name)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"{name} is {value!r}; allowed: seconds above 0")
    return int(value * NS_PER_S)


def count_of(setup: Setup, name: str, default: int, most: int) -> int:
    """Return the number called `name`, 1 to `most`.

    Raises ValueError where it is anything else.
    """
    value = setup.options.get(name)
    if value is None and setup.profile is not None:
        value = setup.profile.facts.get(name)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}; allowed: 1 to {most}")
    return value


def charset_of(setup: Setup) -> str:
    """Return the Python codec of the panel's text; Latin-1 where neither site nor profile says.

    Raises ValueError where there is none such, or it is not one of text.
    """
    facts = setup.profile.facts if setup.profile is not None else {}
    charset = str(setup.options.get("charset") or facts.get("charset") or "latin-1")
    try:
        b" ".decode(charset, errors="replace")
    except (LookupError, ValueError):
        raise ValueError(f"option 'charset': Python knows no codec {charset!r}") from None
    return charset
