"""Reads and writes files that hold keys: who may use one, and none half written.

With `tpm_signer` the only I/O of evidence.
"""

import os
import stat
from pathlib import Path

from edge_agent import files

KEY_FILE_BYTES_MAX = 16_384  # a PEM key is below 300 bytes; anything large was named by mistake

NAMES_A_TOKEN = b"pkcs11:"  # so a file begins that holds no key but names one (`pkcs11_signer`)


class KeyFileError(Exception):
    """A key file that cannot be used: which, why, and what to do about it."""

    def __init__(self, path: Path, cause: str, remedy: str) -> None:
        super().__init__(f"key file {path}: {cause}. {remedy}")
        self.path = path
        self.cause = cause
        self.remedy = remedy


def read_key_file(path: Path) -> bytes:
    """Return what is in `path`, looked at through one file handle.

    At most one byte more than a key file may have.  Raises KeyFileError, also where others than its
    owner can use it.
    """
    try:
        with path.open("rb") as file:
            if is_exposed(path, file.fileno()):
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                remedy = f"Run: chmod 600 {path}; renew the key"
                raise KeyFileError(path, f"others can use it (mode {mode:04o})", remedy)
            return file.read(KEY_FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise KeyFileError(path, "it is not there", "Restore it or make a new one") from error
    except OSError as error:
        raise KeyFileError(
            path, f"it cannot be read ({error.strerror})", "Check its owner and mode"
        ) from error


def is_exposed(path: Path, opened: int) -> bool:
    """Return whether others than its owner can read or write a secret file, open as `opened`.

    systemd guards its credentials by an access control list, whose mask shows as the group's bits:
    there the group's bits grant nothing.
    """
    mode = stat.S_IMODE(os.fstat(opened).st_mode)
    return bool(mode & (0o007 if _is_credential(path) else 0o077))


def _is_credential(path: Path) -> bool:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.resolve().is_relative_to(Path(folder).resolve())


def write_key_file(path: Path, data: bytes) -> None:
    """Write a key so that after a power cut `path` holds all of it or does not exist.

    Raises KeyFileError.
    """
    try:
        files.write_new(path, data)
    except FileExistsError as error:
        raise KeyFileError(path, "it exists", "Move it away to make a new key") from error
    except OSError as error:
        raise KeyFileError(
            path, f"it cannot be written ({error.strerror})", "Check the folder"
        ) from error
