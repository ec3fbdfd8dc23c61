"""The document names this program and all that it runs on, and is the same each time."""

from edge_agent.program.sbom import document


def test_every_dependency_is_named() -> None:
    made = document()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["name"] == "edge-agent"
    names = {component["name"] for component in made["components"]}
    assert {"cryptography", "cffi", "pymodbus", "paho-mqtt", "pyserial", "structlog"} <= names
    assert not names & {"pytest", "hypothesis", "mypy"}, "what only the tests need is not shipped"


def test_each_component_has_its_licence_and_place() -> None:
    for component in document()["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        assert component["licenses"], component["name"]


def test_dependencies_refer_to_components() -> None:
    made = document()
    known = {one["bom-ref"] for one in [made["metadata"]["component"], *made["components"]]}
    assert {one["ref"] for one in made["dependencies"]} == known
    ours = made["dependencies"][
        [one["ref"] for one in made["dependencies"]].index(made["metadata"]["component"]["bom-ref"])
    ]
    assert len(ours["dependsOn"]) >= 9
    assert all(set(one["dependsOn"]) <= known for one in made["dependencies"])


def test_the_same_installation_gives_the_same_document() -> None:
    assert document() == document()
