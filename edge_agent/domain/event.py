"""What the recorder makes evidence of: every event's type and its not yet numbered draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp

BodyValue = int | str | bytes | bool | None | list["BodyValue"] | dict[int, "BodyValue"]
"""What a body may hold: deterministic CBOR without floats; map keys are -24..23."""

Body = Mapping[int, BodyValue]


class EventType(StrEnum):
    """What an event is about; fixes the meaning of its body's keys (docs/wire-format.md)."""

    GENESIS = "genesis"  # the first event of an epoch
    SIGNAL = "signal"  # what a panel said
    VERDICT = "verdict"  # diagnosis's judgement of an incident
    FINDING = "finding"  # the result of a self-diagnostic rule or probe
    ACT = "act"  # somebody did something: start, stop, command, read, export
    CLOCK = "clock"  # the wall clock became trusted or was stepped
    LINK = "link"  # a panel came or went
    PATH = "path"  # a way to the center came or went
    JOURNAL = "journal"  # the disk refuses, is back, was damaged
    CONFIG = "config"  # the configuration in force
    PROGRAM = "program"  # the program that runs
    ANCHOR = "anchor"  # a timestamp of an event, by an authority outside
    SECOND_SIGNATURE = "second_signature"  # of a tree head, by another key and algorithm
    CLIP = "clip"  # what a camera gave after an alarm, by hash


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its number, root and signature."""

    type: EventType
    lane: Lane
    stamp: Stamp
    body: Body


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with its place in the evidence, for those who judge it: no root, no signature."""

    epoch: bytes
    seq: int
    draft: Draft
