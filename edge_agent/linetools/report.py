"""What discovery found, in words, as plain values, and as configuration to paste."""

import json
from collections.abc import Sequence
from typing import Any

from edge_agent.domain.address import ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.recognition import Sureness
from edge_agent.domain.session import Nature, Profile
from edge_agent.language import Catalog
from edge_agent.linetools import places
from edge_agent.linetools.discover import Outcome
from edge_agent.linetools.masking import masked_bytes, readable
from edge_agent.linetools.recognise import Candidate, Likeness, fitting_profiles
from edge_agent.linetools.scan import Verdict
from edge_agent.linetools.settings import Look
from edge_agent.linetools.units import UnitFound
from edge_agent.phrases.book import Phrases
from edge_agent.views.rendering import safe


class Report:
    """Words of one discovery."""

    def __init__(self, there: Sequence[Candidate], words: Catalog) -> None:
        self._there = {one.driver.name: one for one in there}
        self._words = words

    def lines(self, outcome: Outcome) -> list[str]:
        """Return what was found on one line, for people."""
        words, result, target = self._words, outcome.result, outcome.target
        said = [target.name + (f"  {result.settings}" if result.settings else "")]
        if target.port is not None and target.port.adapter:
            said.append(words("adapter", what=target.port.adapter))
        match result.verdict:
            case Verdict.RECOGNISED:
                for one in result.likenesses:
                    said += self._likeness(one, result.settings)
                if len(result.likenesses) > 1:
                    said.append(words("two_fit"))
            case Verdict.UNITS:
                said += self._units(result.units)
            case Verdict.UNKNOWN:
                said += self._unknown(outcome)
            case Verdict.UNUSABLE:
                say = Phrases(words.language)
                said += [say(part) for part in (result.cause, result.remedy) if part]
            case Verdict.SILENT | Verdict.ECHO:
                said += self._silent(outcome)
        if result.units_left_out:
            numbers = ", ".join(map(str, result.units_left_out))
            said.append(words("units_left_out", units=numbers, place=target.name))
        return [safe(said[0]), *(f"  {safe(line)}" for line in said[1:])]

    def _likeness(self, one: Likeness, settings: str | None) -> list[str]:
        words = self._words
        candidate = self._there[one.driver]
        said = [
            words(
                "is_it",
                sure=words(f"sure.{int(one.sureness)}"),
                driver=one.driver,
                title=candidate.driver.title,
            )
        ]
        if one.good:
            types = ", ".join(f"{count} {name}" for name, count in one.types)
            said.append(f"  {words('because', good=one.good, share=one.share, types=types)}")
        else:
            said.append(f"  {words('because_damaged', damaged=one.damaged)}")
        if one.answers:
            said.append(f"  {words('because_answered', probes=', '.join(one.answers))}")
        if not one.has_key:
            said.append(f"  {words('because_sealed')}")
        names = [profile.name for profile in fitting_profiles(candidate, one, settings)]
        if names:
            said.append(f"  {words('models', names=', '.join(names))}")
        return said

    def _units(self, units: Sequence[UnitFound]) -> list[str]:
        words = self._words
        said = [words("units_found", count=len(units))]
        for one in units:
            if one.profiles:
                said.append(words("unit", unit=one.unit, names=", ".join(one.profiles)))
            else:
                said.append(words("unit_bare", unit=one.unit))
        return [*said, words("map_proves_little")]

    def _unknown(self, outcome: Outcome) -> list[str]:
        words, result = self._words, outcome.result
        said = [words("unknown_asked" if result.probed else "unknown")]
        seen = result.seen or Look.WRONG_SPEED
        said.append(words(f"seen.{seen.value}", settings=result.settings or "TCP"))
        said.append(words("sample", sample=readable(masked_bytes(result.sample))))
        for one in result.likenesses:
            said += self._likeness(one, result.settings)
        at = f" --at {result.settings}" if result.settings else ""
        said.append(words("capture_it", place=outcome.target.name, settings=at))
        for driver, profile in self._beyond_recognition():
            command = f"edge-agent capture {outcome.target.name}{at} --driver {driver}"
            said.append(words("look_for", title=profile.title, command=command, name=profile.name))
        return said

    def _beyond_recognition(self) -> list[tuple[str, Profile]]:
        """Return the panels that nobody recognises: their frames prove nothing."""
        return [
            (name, profile)
            for name, one in self._there.items()
            for profile in one.profiles
            if profile.facts.get("detected") is False
        ]

    def _silent(self, outcome: Outcome) -> list[str]:
        words, result = self._words, outcome.result
        if result.verdict is Verdict.ECHO:
            said = [words("echo")]
        else:
            said = [words("silent" if result.probed else "silent_listened")]
        if outcome.control_lines:
            said.append(words("signals", lines=", ".join(outcome.control_lines)))
        elif outcome.control_lines is not None:
            said.append(words("no_signals"))
        return [*said, words("silent_remedy")]

    # ---- for programs

    def values(self, outcome: Outcome) -> dict[str, Any]:
        """Return what was found on one line, as plain values."""
        result, port = outcome.result, outcome.target.port
        return {
            "place": outcome.target.name,
            "device": port.device if port else None,
            "usb": port.usb if port else {},
            "control_lines": outcome.control_lines,
            "verdict": result.verdict.value,
            "settings": result.settings,
            "probed": result.probed,
            "candidates": [self._candidate(one, result.settings) for one in result.likenesses],
            "units": [
                {"unit": one.unit, "profiles": list(one.profiles), "detail": one.detail}
                for one in result.units
            ],
            "units_left_out": list(result.units_left_out),
            "sample": masked_bytes(result.sample).hex() or None,
            "looks": result.seen.value if result.seen else None,
            "cause": result.cause or None,
            "remedy": result.remedy or None,
        }

    def _candidate(self, one: Likeness, settings: str | None) -> dict[str, Any]:
        candidate = self._there[one.driver]
        return {
            "driver": one.driver,
            "sureness": one.sureness.name.lower(),
            "good_frames": one.good,
            "damaged_frames": one.damaged,
            "share": round(one.share, 3),
            "types": dict(one.types),
            "answers": list(one.answers),
            "encrypted": not one.has_key,
            "profiles": [one.name for one in fitting_profiles(candidate, one, settings)],
        }

    # ---- to paste

    def config(self, outcomes: Sequence[Outcome]) -> str:
        """Return the blocks for gateway.toml; what is only possible is commented out."""
        blocks: list[str] = []
        panels = buses = 0
        for outcome in outcomes:
            result = outcome.result
            if result.verdict is Verdict.UNITS:
                buses += 1
                blocks.append(_block("bus", {"id": f"b{buses}"}, _line(outcome)))
                for unit in result.units:
                    panels += 1
                    blocks.append(self._unit(f"p{panels}", f"b{buses}", unit))
            for at, one in enumerate(result.likenesses):
                if result.verdict is Verdict.RECOGNISED and _line(outcome):
                    panels += at == 0
                    is_sure = at == 0 and one.sureness >= Sureness.LIKELY
                    block = self._panel(f"p{panels}", outcome, one)
                    blocks.append(block if is_sure else _commented(block))
        return "\n".join(blocks)

    def _unit(self, name: str, bus: str, unit: UnitFound) -> str:
        """A unit without a fitting profile needs one of its own: its block is only a start."""
        on_bus = [one for one in self._there.values() if one.driver.nature is Nature.BUS]
        profile = unit.profiles[0] if unit.profiles else "./profile.toml"
        driver = next(
            (
                one.driver.name
                for one in on_bus
                if profile in {known.name for known in one.profiles} or not unit.profiles
            ),
            "",
        )
        values = {"id": name, "driver": driver, "profile": profile}
        notes = {}
        if unit.profiles[1:]:
            notes["profile"] = self._words("also_fits", names=", ".join(unit.profiles[1:]))
        block = _block("panel", values, {"bus": bus, "unit": unit.unit}, notes)
        return block if unit.profiles else _commented(block)

    def _panel(self, name: str, outcome: Outcome, one: Likeness) -> str:
        settings = outcome.result.settings
        profiles = [
            profile.name for profile in fitting_profiles(self._there[one.driver], one, settings)
        ]
        values = {"id": name, "driver": one.driver}
        notes = {"driver": self._words(f"sure.{int(one.sureness)}")}
        if profiles:
            values["profile"] = profiles[0]
        if profiles[1:]:
            notes["profile"] = self._words("also_fits", names=", ".join(profiles[1:]))
        return _block("panel", values, _line(outcome), notes)


def _line(outcome: Outcome) -> dict[str, Any]:
    """Return the key and table that reach the line."""
    match outcome.target.address:
        case SerialAddress(port=port):
            tuned = places.serial_address(port, outcome.result.settings or "9600")
            table: dict[str, Any] = {"port": port, "baud": tuned.baud}
            table |= {"bits": tuned.bits, "parity": tuned.parity}
            return {"serial": table | ({"stop": 2} if tuned.stop == 2 else {})}
        case TcpAddress(host=host, port=number):
            return {"tcp": {"host": host, "port": number}}
        case ListenAddress(port=number, transport="udp"):
            return {"listen": {"port": number, "transport": "udp"}}
        case ListenAddress(port=number):
            return {"listen": {"port": number}}


def _block(
    table: str, values: dict[str, Any], line: dict[str, Any], notes: dict[str, str] | None = None
) -> str:
    rows = [f"[[{table}]]"]
    for name, value in (values | line).items():
        note = (notes or {}).get(name)
        rows.append(f"{name} = {_toml(value)}" + (f"  # {note}" if note else ""))
    return "\n".join(rows) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _commented(block: str) -> str:
    return "".join(f"# {line}\n" for line in block.splitlines())
