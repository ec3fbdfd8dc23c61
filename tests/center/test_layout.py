from pathlib import Path

import pytest

from edge_agent.center.layout import Layout, check_gateway_id


@pytest.mark.parametrize("name", ["gw1", "a", "0", "site-12-north", "a" * 32])
def test_a_good_id_passes(name: str) -> None:
    assert check_gateway_id(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-a", "A", "a" * 33, "gw/1", "gw+", "#", "+", "gw 1", "gw\n", "..", "gw_1", "шлюз", "a.b"],
)
def test_what_could_leave_its_topic_or_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a gateway id"):
        check_gateway_id(name)


@pytest.mark.parametrize("name", ["center", "localhost"])
def test_the_centers_own_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name of the center"):
        check_gateway_id(name)


def test_paths_stay_below_the_directory() -> None:
    layout = Layout(Path("/srv/c"))
    assert layout.gateway("gw1") == Path("/srv/c/gateways/gw1")
    assert layout.identity("gw1") == Path("/srv/c/identities/gw1.pem")
    assert layout.key("ca") == Path("/srv/c/ca.key")
