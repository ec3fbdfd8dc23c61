"""What people do about an alarm: the owner comes home, a keyholder is called, nobody comes."""

from hil.sites.episode import Episode
from hil.sites.script import Scene, Walker


def answered(episode: Episode) -> int:
    """Return the mark of what is done about an episode, not by its actor."""
    return -episode.id


def disarms(scene: Scene, episode: Episode, t: float, user: int, *, rearm: bool = True) -> None:
    """A valid code at `t` by somebody inside; armed again later where the night goes on."""
    scene.disarm(t, user, answered(episode))
    episode.last(t)
    if rearm:
        again = t + scene.between(180, 900)
        scene.arm(again, user, why=answered(episode))
        door = scene.zones("entry_exit")[0]
        at = again + scene.between(0.2, 0.7) * scene.exit_delay_s()
        scene.hold(at, door, 3.0, answered(episode))
        episode.last(again + scene.exit_delay_s() + 5)


def comes_home(scene: Scene, episode: Episode, t: float, user: int, *, rearm: bool = True) -> None:
    """Somebody with a code comes through the door at `t`, walks to the keypad and disarms."""
    who = Walker(scene, t, answered(episode))
    who.door(scene.zones("entry_exit")[0], scene.between(3, 12))
    who.seen()
    keypad_s = min(scene.between(5, 20), scene.entry_delay_s() * 0.7)
    disarms(scene, episode, t + keypad_s, user, rearm=rearm)


def nobody(scene: Scene, episode: Episode, t: float, rearm_before: float) -> float | None:
    """Most often a keyholder comes in the end, sometimes nobody until the next opening.

    Return when he came.
    """
    if scene.chance(0.6):
        at = t + scene.between(700, 4000)
        if at + 1500 < rearm_before:
            comes_home(scene, episode, at, scene.user("keyholder", "occupant", "guard"))
            return at
    return None
