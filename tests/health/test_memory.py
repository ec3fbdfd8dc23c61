"""What the start leaves in the heap goes back to the system."""

import re
import subprocess
import sys

CHILD = """
import ctypes
from pathlib import Path
from edge_agent.health.memory import trim

def resident_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
pieces = [libc.malloc(4000) for _ in range(5000)]  # below the size that is mapped apart
for piece in pieces:
    ctypes.memset(piece, 1, 4000)
for piece in pieces[:-1]:  # the last one keeps the heap from shrinking by itself
    libc.free(piece)
before = resident_kib()
print(trim(), before - resident_kib())
"""


def test_free_pieces_of_the_heap_go_back_to_the_system() -> None:
    """Fails where nothing is given back: 20 MB of free pieces lie below one that is in use."""
    ran = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    found = re.fullmatch(r"True (\d+)\n", ran.stdout)
    assert found, ran.stdout
    assert int(found[1]) > 10_000


def test_a_c_library_without_it_is_no_trouble() -> None:
    child = CHILD.split("libc =", maxsplit=1)[0] + "ctypes.CDLL = lambda _: object()\nprint(trim())"
    ran = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
