"""What can be wrong with a camera, in words: the cause, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.evidence.bodies import Severity


class Cause(StrEnum):
    """Why a camera gave nothing, or not all; causes of findings."""

    UNREACHABLE = "camera_unreachable"
    SLOW = "camera_slow"
    LOGIN = "camera_login"
    TLS = "camera_tls"
    ANSWER = "camera_answer"
    FILES = "camera_files"
    FULL = "clips_full"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a cause asks for."""

    severity: Severity
    remedy: str
    chinese: str


MEANINGS: dict[Cause, Meaning] = {
    Cause.UNREACHABLE: Meaning(
        Severity.MAINTAIN,
        "see to its power, its cable and its address; `edge-agent clips try` asks it again",
        "检查摄像机的电源、网线和地址；用 edge-agent clips try 再试一次",
    ),
    Cause.SLOW: Meaning(
        Severity.MAINTAIN,
        "ask for a smaller picture or another stream, and look for a busy network or recorder",
        "改用更小的图片或其他码流，并检查网络和录像机是否繁忙",
    ),
    Cause.LOGIN: Meaning(
        Severity.MAINTAIN,
        "correct `user`, `password_file` or `auth`; cameras lock a user after a few wrong logins",
        "更正 user、password_file 或 auth；多次登录失败后摄像机会锁定用户",
    ),
    Cause.TLS: Meaning(
        Severity.URGENT,
        "renew the camera's certificate or `ca`; if nobody changed it, something else answers in "
        "the camera's place",
        "更新摄像机证书或 ca；如果无人改动过，可能有别的设备在冒充摄像机",
    ),
    Cause.ANSWER: Meaning(
        Severity.MAINTAIN,
        "correct the URL: it must give one JPEG or PNG, or one recording, at once",
        "更正网址：它必须直接返回一张 JPEG 或 PNG 图片，或一段录像",
    ),
    Cause.FILES: Meaning(
        Severity.MAINTAIN,
        "restore the file that is named, with mode 0600, readable for the agent's user",
        "恢复所列文件，权限 0600，且网关程序的用户可读",
    ),
    Cause.FULL: Meaning(
        Severity.MAINTAIN,
        "give the card room, or raise `bytes_max` of [clips]",
        "清理存储卡空间，或提高 [clips] 的 bytes_max",
    ),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong: `detail` holds no URL and no password."""

    cause: Cause
    detail: str


class CameraError(Exception):
    """A camera, or what it needs here, is not as it should be."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.trouble = Trouble(cause, detail)
