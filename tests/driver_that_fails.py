"""A third party's driver that loads, and fails as soon as there is a line."""

from edge_agent.domain.session import Action, Driver, Input, Nature, Session, Setup
from edge_agent.resources import load_driver


class FailingSession:
    """It knows nothing of a line."""

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Fail."""
        raise LookupError(f"{happened} at {now_ns}")

    def deadline_ns(self) -> int | None:
        """Want nothing."""
        return None


def session(setup: Setup) -> Session:
    """Start a conversation."""
    del setup
    return FailingSession()


DRIVER = Driver(
    name="failing",
    version="1",
    title="Fails",
    nature=Nature.STREAM,
    session=session,
    decoder=load_driver("surgard").decoder,
    panels=(),
    lines=("serial",),
    bauds=(9600,),
)
