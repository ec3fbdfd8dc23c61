"""What the program is made of, as a CycloneDX 1.6 document: itself and every package it runs on.

The same installation gives the same bytes: no time, no random number.
Source: the CycloneDX specification 1.6 (ECMA-424) and the package URL specification for PyPI.
"""

import importlib.metadata
import uuid
from typing import Any

from edge_agent.program.packages import NAME, closure, needs, normal


def document() -> dict[str, Any]:
    """Return the document.  Raises PackageNotFoundError where the program is not installed."""
    made_of = closure()
    ours = made_of[NAME]
    components = [_component(made_of[name]) for name in sorted(made_of) if name != NAME]
    purls = " ".join(component["purl"] for component in components)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _purl(ours) + ' ' + purls)}",
        "version": 1,
        "metadata": {"component": _component(ours) | {"type": "application"}},
        "components": components,
        "dependencies": [
            {
                "ref": _purl(made_of[name]),
                "dependsOn": sorted(
                    _purl(made_of[needed]) for needed in needs(made_of[name]) if needed in made_of
                ),
            }
            for name in sorted(made_of)
        ],
    }


def _purl(package: importlib.metadata.Distribution) -> str:
    return f"pkg:pypi/{normal(package.metadata['Name'])}@{package.version}"


def _component(package: importlib.metadata.Distribution) -> dict[str, Any]:
    said = package.metadata
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(package),
        "name": normal(said["Name"]),
        "version": package.version,
        "purl": _purl(package),
    }
    if summary := _told(said, "Summary"):
        component["description"] = summary
    if licence := _licence(package):
        component["licenses"] = [licence]
    return component


def _licence(package: importlib.metadata.Distribution) -> dict[str, Any] | None:
    """Return what the package says: an SPDX expression, or a name as free text."""
    said = package.metadata
    if expression := _told(said, "License-Expression"):
        return {"expression": expression}
    trove = [
        text.rpartition(" :: ")[2]
        for text in said.get_all("Classifier") or ()
        if text.startswith("License :: OSI Approved :: ")
    ]
    name = trove[0] if trove else _told(said, "License").partition("\n")[0].strip()
    return {"license": {"name": name}} if name else None


def _told(said: importlib.metadata.PackageMetadata, name: str) -> str:
    return str(said[name]) if name in said else ""
