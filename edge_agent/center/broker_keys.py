"""A new key for a broker whose key was lost, and the list by which gateways refuse the old one."""

from datetime import datetime

from edge_agent import files
from edge_agent.center import credentials
from edge_agent.center.credentials import Authority, Subject, Use
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.revoked_keys import (
    KEYS_MAX,
    RevokedKeys,
    open_revoked_keys,
    sign_revoked_keys,
)
from edge_agent.evidence.signers import P256Signer


def replace(layout: Layout, authority: Authority, now: datetime) -> RevokedKeys:
    """Revoke the broker's key and make another, for the same hosts; return the list.

    The list is written first: cut off after that, it is done again.  Raises CenterError.
    """
    file = layout.certificate("server")
    before = read_certificate(file)
    known = _known(layout, authority)
    keys = (*(known.keys if known else ()), key_digest(before))
    if len(keys) > KEYS_MAX:
        raise CenterError(f"{layout.revoked_keys}: holds {KEYS_MAX} keys; make a new center")
    listed = RevokedKeys(known.number + 1 if known else 1, keys)
    files.replace(layout.revoked_keys, sign_revoked_keys(listed, P256Signer(authority.key)))
    key, hosts = credentials.new_tls_key(), credentials.hosts_of(before)
    subject = Subject(hosts[0], Use.SERVER, hosts)
    days = credentials.DAYS_DEFAULT
    made = credentials.certify(authority, key.public_key(), subject, now, days)
    files.replace(layout.key("server"), credentials.key_pem(key))
    files.replace(file, credentials.certificate_pem(made))
    return listed


def _known(layout: Layout, authority: Authority) -> RevokedKeys | None:
    try:
        data = layout.revoked_keys.read_bytes()
        return open_revoked_keys(data, P256Signer(authority.key).public)
    except FileNotFoundError:
        return None
    except (OSError, Malformed, BadSignature) as error:
        raise CenterError(
            f"{layout.revoked_keys}: cannot be read ({error}); bring it back from a backup"
        ) from error
