"""`edge-agent status`: what the running agent says of itself."""

import argparse
import json
import sys
import threading
from pathlib import Path
from typing import Any

from edge_agent.cli.options import Commands, add_config, add_json, command, no_agent

ASK_AGAIN_S = 0.2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "status",
        "tell how the running agent, its panels and its path to the center are",
        "  edge-agent status\n"
        "  edge-agent status --wait 30                 after a start or a repair\n"
        "  edge-agent status --json | jq .panels",
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="wait up to S seconds for all to be well",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the agent; exit 1 where something is not as it should be or none answers."""
    from edge_agent import config

    loaded = config.load(arguments.config)
    path = Path(loaded.config.gateway.socket)
    try:
        status = _wait(path, arguments.wait)
    except (OSError, ValueError) as error:
        print(no_agent(path, error), file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(status, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(status)))
    return 0 if healthy(status) else 1


def _wait(path: Path, patience_s: float) -> dict[str, Any]:
    """Ask until all is well or `patience_s` is over; return the last answer."""
    from edge_agent.clock import SystemClock
    from edge_agent.control.socket import ask

    clock = SystemClock()
    until_ns = clock.boottime_ns() + int(patience_s * 1e9)
    pause = threading.Event()
    while True:
        over = clock.boottime_ns() >= until_ns
        try:
            status: dict[str, Any] = ask(path, "status")
        except OSError:
            if over:
                raise
        else:
            if over or healthy(status):
                return status
        pause.wait(ASK_AGAIN_S)


def healthy(status: dict[str, Any]) -> bool:
    """Say whether nothing in `status` needs a technician."""
    panels = status["panels"].values()
    online = all(panel["online"] for panel in panels)
    journal = status["journal"]
    disk = journal["refused"] is None and (journal["used_percent"] or 0) < JOURNAL_PERCENT_MAX
    links = online and all(map(_reached, status["centers"]))
    eyes = not any(camera["wrong"] for camera in status.get("cameras", {}).values())
    conditions = status["body"]["conditions"] + status["judging"]["conditions"]
    return links and disk and eyes and not conditions


def _reached(center: dict[str, Any]) -> bool:
    """Say whether a center can be reached, and could be if the path in use failed now."""
    spare = all(path["good"] is not False for path in center["paths"])
    return not center["required"] or (center["connected"] and spare)


JOURNAL_PERCENT_MAX = 85
"""Used beyond it somebody has to come: what the center does not hold cannot be removed."""


def lines(status: dict[str, Any]) -> list[str]:
    """Return `status` in words."""
    journal, clock = status["journal"], status["clock"]
    disk = f"REFUSES: {journal['refused']}" if journal["refused"] else "accepts"
    if journal["used_percent"] is not None:
        disk += f", {journal['used_percent']} % of the journal's space used"
    if journal["omitted"]:
        disk += f"; NOT RECORDED for lack of space: {', '.join(journal['omitted'])}"
    said = [
        f"gateway   {status['gateway']}, version {status['version']}, epoch {status['epoch']}",
        *_configuration(status.get("configuration", {})),
        f"events    {status['next_seq']} in this run, {journal['unreceipted']} not yet receipted",
        f"disk      {disk}",
        *(line for center in status["centers"] for line in _center(center)),
        f"clock     {clock['trust']}{_told(clock)}",
        *_charter(status.get("charter")),
        *_body(status["body"]),
        *_zones(status.get("zones", [])),
        *_judging(status["judging"]),
        "panels",
    ]
    width = max((len(name) for name in status["panels"]), default=0)
    for name, panel in status["panels"].items():
        link = {True: "online", False: "OFFLINE", None: "unknown"}[panel["online"]]
        faults = ", ".join(f"{kind} {count}" for kind, count in panel["faults"].items())
        said.append(f"  {name:<{width}}  {link:<8} {panel['driver']}  {faults}".rstrip())
    return said + _cameras(status.get("cameras", {}))


def _configuration(told: dict[str, Any]) -> list[str]:
    """Say so while a configuration of the center is on trial."""
    if not told.get("on_trial"):
        return []
    return ["config    ON TRIAL: it is kept only if the center is reached under it"]


def _charter(charter: dict[str, Any] | None) -> list[str]:
    """Say what is in force, if anything is."""
    return [f"charter   {charter['number']}: {charter['purpose']}"] if charter else []


def _cameras(cameras: dict[str, Any]) -> list[str]:
    """Return the cameras in words."""
    width = max(map(len, cameras), default=0)
    lines = [f"  {name:<{width}}  {_camera(camera)}" for name, camera in cameras.items()]
    return ["cameras", *lines] if lines else []


def _camera(camera: dict[str, Any]) -> str:
    if not camera["gives"]:
        return "no consent: never asked"
    if camera["wrong"]:
        return f"WRONG: {camera['wrong']}"
    return f"good: {', '.join(camera['gives'])}" if camera["known"] else "not asked yet"


def _center(center: dict[str, Any]) -> list[str]:
    """Return a center and the paths to it in words."""
    way = f"connected over {center['path']}" if center["connected"] else "NOT CONNECTED"
    reason = f" ({center['reason']})" if center["reason"] and not center["connected"] else ""
    optional = "" if center["required"] else ", not waited for"
    owed = f", {center['outstanding']} not yet receipted" if center["outstanding"] else ""
    said = [f"center    {center['center']}: {way}{reason}{owed}{optional}"]
    width = max((len(path["path"]) for path in center["paths"]), default=0)
    for path in center["paths"]:
        word = {True: "good", False: "BAD", None: "not yet proven"}[path["good"]]
        since = "" if path["since_s"] is None else f" for {_span(path['since_s'])}"
        use = ", in use" if path["in_use"] else ""
        cause = f": {path['reason']}" if path["good"] is False else ""
        said.append(f"  {path['path']:<{width}}  {word}{since}{use}{cause}")
    return said + ([f"  {center['certificate']}"] if center["certificate"] else [])


def _span(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


_POINTS = {
    "enclosure_open": ("enclosure", "closed", "OPEN"),
    "mains": ("mains", "GONE", "there"),
    "battery_low": ("battery", "charged", "LOW"),
}
_READINGS = {
    "temperature_c": "{:.1f} C",
    "memory_mib": "{:.0f} MiB",
    "threads": "{:.0f} threads",
    "handles": "{:.0f} handles",
    "card_life_percent": "card's life used up to {:.0f} %",
    "card_gb_a_day": "card written {:.1f} GB a day",
}


def _zones(zones: list[dict[str, Any]]) -> list[str]:
    """Return the zones whose alarms are false too often, by the center's word."""
    return [
        f"zone      {one['panel']} {one['zone']}: {sum(one['false'].values())} of {one['alarms']} "
        "alarms were false: look at this detector"
        for one in zones
        if one["high"]
    ]


def _body(body: dict[str, Any]) -> list[str]:
    """Return the gateway's own body in words."""
    conditions = ", ".join(body["conditions"])
    said = [f"body      {f'TO BE SEEN TO: {conditions}' if conditions else 'well'}"]
    points = [
        f"{name} {({False: no, True: yes}).get(body['points'][key], 'UNKNOWN')}"
        for key, (name, no, yes) in _POINTS.items()
        if key in body["points"]
    ]
    if body["battery_percent"] is not None:
        points.append(f"charge {body['battery_percent']} %")
    figures = [
        words.format(body["readings"][name])
        for name, words in _READINGS.items()
        if name in body["readings"]
    ]
    said += [f"  {', '.join(some)}" for some in (points, figures) if some]
    for finding in body["findings"]:
        said.append(f"  {finding['cause']}: {finding['detail']}; {finding['remedy']}")
    if body["not_there"]:
        said.append(f"  not there: {', '.join(body['not_there'])}")
    return said


_JUDGING = {
    "judging": "well",
    "rebuilding": "not yet: what was recorded before is read again",
    "aside": "SET ASIDE by a bug: alarms are sent and not judged; have the program updated",
}


def _judging(judging: dict[str, Any]) -> list[str]:
    """Return what diagnosis says: open incidents, then what is to be mended."""
    from edge_agent.judged_words import TIERS
    from edge_agent.rendering import safe

    state = _JUDGING.get(judging["state"], judging["state"])
    if judging["conditions"] and judging["state"] != "aside":
        state = "A PART IS SET ASIDE by a bug: see the findings; have the program updated"
    count = len(judging["incidents"])
    said = [f"judging   {state}, {count or 'no'} open incident{'' if count == 1 else 's'}"]
    for one in judging["incidents"]:
        where = [f"{name} {one[name]}" for name in ("panel", "area") if one[name] is not None]
        if one["zones"]:
            where.append(f"zones {', '.join(map(str, one['zones']))}")
        because = one["reasons"][0] + (f", {one['cause']}" if one["cause"] else "")
        said.append(
            f"  tier {one['tier']} ({TIERS[one['tier']][0]}): {' '.join(where)}; {because};"
            f" incident {one['incident']}"
        )
    for finding in judging["findings"]:
        subject = " ".join(str(part) for pair in finding["subject"].items() for part in pair)
        detail = f" ({finding['detail']})" if finding["detail"] else ""
        said.append(
            f"  {finding['severity']}: {subject.removeprefix('panel ')} {finding['cause']}{detail};"
            f" {finding['remedy']}"
        )
    return [safe(line) for line in said]


def _told(clock: dict[str, Any]) -> str:
    """Say what is known of the time where the wall clock does not know it."""
    if clock["trust"] != "unset":
        return ""
    if clock.get("latest_ns") is None:
        return " (nobody told the time yet; events are dated afterwards)"
    return " (the center told the time: events are dated by it)"
