"""The journal: the durable order of everything.  Its bytes are opaque to it; standard library only.

docs/journal-format.md tells the format, what recovery does, and what this cannot do.
"""

from edge_agent.journal.absent import AbsentDisk, open_disk
from edge_agent.journal.chain import Damage, Stored
from edge_agent.journal.contents import Contents, Times
from edge_agent.journal.disk import Disk, File, FolderDisk, JournalLocked, Readable
from edge_agent.journal.fetch import Batch, Position
from edge_agent.journal.format import Record, RecordKind
from edge_agent.journal.held import JournalFull
from edge_agent.journal.journal import Journal, JournalClosed
from edge_agent.journal.reader import Where, heads, opened, read, read_disk
from edge_agent.journal.recovery import Recovery, Tail, recover
from edge_agent.journal.scribe import Care, Listener, Progress, Sealer, Terms
from edge_agent.journal.space import Measured, NoSpace

__all__ = [
    "AbsentDisk",
    "Batch",
    "Care",
    "Contents",
    "Damage",
    "Disk",
    "File",
    "FolderDisk",
    "Journal",
    "JournalClosed",
    "JournalFull",
    "JournalLocked",
    "Listener",
    "Measured",
    "NoSpace",
    "Position",
    "Progress",
    "Readable",
    "Record",
    "RecordKind",
    "Recovery",
    "Sealer",
    "Stored",
    "Tail",
    "Terms",
    "Times",
    "Where",
    "heads",
    "open_disk",
    "opened",
    "read",
    "read_disk",
    "recover",
]
