from pathlib import Path

import pytest

from edge_agent.center import settings
from edge_agent.center.layout import CenterError, Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_what_init_writes_reads_back(layout: Layout) -> None:
    layout.settings.write_text(settings.text("center", 18883))
    loaded = settings.load(layout)
    assert (loaded.name, loaded.broker.host, loaded.broker.port) == ("center", "localhost", 18883)
    assert (loaded.presence.heartbeat_s, loaded.presence.missed_max) == (30, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nmae = 'x'", "nmae"),
        ("[broker]\nport = 0", "broker.port"),
        ("[broker]\nport = 'x'", "broker.port"),
        ("name = 'a b'", "name"),
        ("[presence]\nmissed_max = 0", "missed_max"),
        ("this is not TOML", "center.toml"),
        ("x = '" + "y" * settings.SETTINGS_BYTES_MAX + "'", "at most"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(layout: Layout, text: str, said: str) -> None:
    layout.settings.write_text(text)
    with pytest.raises(CenterError) as caught:
        settings.load(layout)
    assert said in str(caught.value)
    assert str(layout.settings) in str(caught.value)


def test_bytes_that_are_no_text_are_refused(layout: Layout) -> None:
    layout.settings.write_bytes(b"\xff\xfe")
    with pytest.raises(CenterError, match=r"center\.toml"):
        settings.load(layout)


def test_a_directory_that_is_no_centers_names_the_remedy(layout: Layout) -> None:
    with pytest.raises(CenterError, match="edge-center init"):
        settings.load(layout)
