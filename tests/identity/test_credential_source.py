"""What is left of a key that came as a credential is named by the command that destroys it.

Seen to fail: only the unit itself looked into, and not its drop-ins.
"""

from pathlib import Path

import pytest

from edge_agent.identity.credential_source import by_hand

KEY = "/run/credentials/edge-agent.service/identity.key"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LoadCredentialEncrypted=identity.key:/etc/edge-agent/identity.cred", "/etc/edge-agent/"),
        (" LoadCredential = identity.key:/etc/keys/identity.key ", "shred -u /etc/keys/identity.k"),
        ("LoadCredential=identity.key", "shred -u identity.key in /etc/credstore"),
        ("SetCredentialEncrypted=identity.key: Whxqht", "(it holds credential identity.key)"),
        ("LoadCredential=client.key:/etc/keys/client.key", "what credential identity.key of edge"),
        ("# LoadCredential=identity.key:/etc/keys/x", "what credential identity.key of edge"),
    ],
)
def test_the_source_is_found_where_a_drop_in_names_it(tmp_path: Path, line: str, told: str) -> None:
    drop_in = tmp_path / "edge-agent.service.d" / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(f"[Service]\nRestart=no\n{line}\n")
    (tmp_path / "edge-agent.service").mkdir()  # it cannot be read
    assert told in by_hand(KEY, (tmp_path, tmp_path / "none"))


def test_a_file_is_named_itself(tmp_path: Path) -> None:
    for file in ("/etc/edge-agent/identity.key", "/run/credentials/x", "/run/credentials/a/b/c"):
        assert by_hand(file, (tmp_path,)) == f"shred -u {file}"
    named = tmp_path / "identity.key"
    named.write_text("pkcs11:token=gw1;object=identity\nmore\n")
    told = by_hand(str(named), (tmp_path,))
    assert told == (
        f"remove pkcs11:token=gw1;object=identity from its token, then shred -u {named}"
    )
