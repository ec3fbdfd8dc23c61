from pathlib import Path

import pytest

from edge_agent.center import broker_config
from edge_agent.center.layout import Layout


def test_nobody_gets_in_without_a_certificate() -> None:
    lines = broker_config.mosquitto_conf(Layout(Path("/srv/c")), 8883, "center").splitlines()
    for line in (
        "user center",
        "per_listener_settings true",
        "set_tcp_nodelay true",
        "listener 8883",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
        "acl_file /srv/c/acl",
        "tls_version tlsv1.2",
        "max_queued_messages 10000",
        "max_queued_bytes 67108864",
    ):
        assert line in lines


def test_the_access_list_names_each_topic_once() -> None:
    lines = broker_config.access_list().splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [
        "user center",
        "topic read edge/v1/+/alarms",
        "topic read edge/v1/+/events",
        "topic read edge/v1/+/status",
        "topic read edge/v1/+/replies",
        "topic read edge/v1/+/files",
        "topic write edge/v1/+/receipts",
        "topic write edge/v1/+/commands",
        "pattern write edge/v1/%u/alarms",
        "pattern write edge/v1/%u/events",
        "pattern write edge/v1/%u/status",
        "pattern write edge/v1/%u/replies",
        "pattern write edge/v1/%u/files",
        "pattern read edge/v1/%u/receipts",
        "pattern read edge/v1/%u/commands",
    ]


@pytest.mark.parametrize("name", ["/srv/a\nuser root", "/srv/a "])
def test_a_directory_that_mosquitto_cannot_read_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="choose another"):
        broker_config.check_directory(Path(name))


def test_a_blank_inside_a_directory_name_is_fine() -> None:
    broker_config.check_directory(Path("/srv/alarm center"))
