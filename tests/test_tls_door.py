"""The bounds of a door for strangers; who stands behind one is tested with it.

`tests/center/test_est.py` and `tests/witness/test_door.py` knock at real ones.
"""

import ssl
from pathlib import Path

import pytest

from edge_agent.tls_door import CONNECTIONS_MAX, TALK_S_MAX, Talk, tls_context
from edge_agent.witness.folder import Folder, found


def test_a_talk_and_the_number_of_talks_have_an_end() -> None:
    assert Talk.timeout == TALK_S_MAX
    assert 0 < TALK_S_MAX * CONNECTIONS_MAX < 1_000


def test_it_talks_with_no_old_protocol_and_with_its_own_key_only(tmp_path: Path) -> None:
    one, other = Folder(tmp_path / "one"), Folder(tmp_path / "other")
    for folder in (one, other):
        found(folder, "w", ("localhost",), 1_795_000_000_000)
    assert tls_context(one.public, one.server_key).minimum_version is ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        tls_context(one.public, other.server_key)
