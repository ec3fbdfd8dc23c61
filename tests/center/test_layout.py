from pathlib import Path

import pytest

from edge_agent.center.layout import Layout, check_gateway_id, refused


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


def test_who_may_not_read_a_directory_is_not_told_to_make_another() -> None:
    denied = PermissionError(13, "Permission denied")
    assert refused(denied, "make one") == "Permission denied; run this as the directory's owner"
    missing = FileNotFoundError(2, "No such file or directory")
    assert refused(missing, "make one") == "No such file or directory; make one"
    assert refused(missing) == "No such file or directory"
