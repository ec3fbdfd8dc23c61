"""How the protocols of the drivers here are told from each other, and what may be asked.

Side by side, because the question is about all of them: no frame of one may pass as another's, and
no question to one may be an order to another.  Each driver takes its own.

The bits that a frame proves are those of its sum, its fixed characters and its length.  What the
questions have in common: each asks for a status or version, so the panel that understands it
changes nothing; each is a line with a length or a sum of its own, which every other protocol here
refuses; each ends with CR LF, a binary one with CR.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from edge_agent.domain.recognition import Probe, Recognition, Timed
from edge_agent.domain.register_map import register_map
from edge_agent.domain.session import FaultKind, Frame, Profile, Read


def _weights(default: int, of: Mapping[str, int]) -> Callable[[Frame], int]:
    """Weigh good frames by their type."""
    return lambda frame: 0 if frame.fault else of.get(frame.type or "", default)


def _narrowed(
    told: Callable[[Frame], Iterable[str]],
) -> Callable[[Iterable[Timed]], frozenset[str] | None]:
    """Let each frame name the profiles that can have said it; nothing named is any of them."""

    def models(heard: Iterable[Timed]) -> frozenset[str] | None:
        left: frozenset[str] | None = None
        for one in heard:
            if names := frozenset(told(one.frame)):
                left = names if left is None else (left & names) or left
        return left

    return models


# ---- alarm receivers

# alike but for their settings and times, and a heartbeat that nobody answers comes when it likes
_MLR = ("surgard_mlr2", "surgard_mlr2000", "surgard_osm")


def _receiver(frame: Frame) -> Iterable[str]:
    if frame.type == "idle":
        return ("congwin_fe100",)
    if frame.type in ("high_speed", "slow"):
        return ("ademco_685",)
    if "letter" in frame.fields:
        return ("congwin_fe100",) if frame.raw.lstrip(b"\n")[:1] == b" " else ("ademco_685",)
    if frame.type == "heartbeat":
        if frame.raw[:1] == b"\n":
            return ("ademco_685",)
        return ("surgard_system3",) if frame.fields.get("line") == "000" else _MLR
    return (*_MLR, "surgard_system3") if frame.type in ("contact_id", "sia", "sia_old") else ()


SURGARD: Final = Recognition(
    _weights(
        20,
        {
            **dict.fromkeys(("ack", "nak", "status_request"), 0),
            "idle": 2,
            "slow": 8,
            "high_speed": 12,
            "heartbeat": 24,
            "contact_id": 24,
        },
    ),
    models=_narrowed(_receiver),
    only_listens="whatever a host says to a receiver may count as the ACK of a signal",
    only_listens_zh="主机发给接收机的任何字节都可能被当作对信号的确认",
    heard_within_s=60,
)

# ---- panels with a sum over each line


def _ness(frame: Frame) -> Iterable[str]:
    model = str(frame.fields.get("model", ""))
    return [f"ness_{name.lower()}" for name in ("D8x", "D16x", "D32x") if model.startswith(name)]


NESS: Final = Recognition(
    _weights(24, {"keys": 16, "request": 16}),
    models=_narrowed(_ness),
    probes=(
        Probe(
            "version",
            b"8300360S17E1?\r\n",
            frozenset({"status"}),
            "asks for model and version (status 17), in a frame with start, length and sum: no "
            "other panel reads its letters as keys",
            "询问型号与版本（状态 17）；以 83 开头并带长度与校验，其他主机不会把其中字母当作按键",
        ),
    ),
    tcp_ports=(2401,),
)
ELK: Final = Recognition(
    lambda frame: 0 if frame.fault else 12 if frame.fields.get("name") == "unknown" else 24,
    models=lambda _: frozenset({"elk_m1"}),
    probes=(
        Probe(
            "version",
            b"06vn0056\r\n",
            frozenset({"VN"}),
            "asks for the versions; the length that it begins with leaves itself out: a VISTA "
            "counts it in, and refuses it as other panels do",
            "询问版本；开头的长度不含自身，VISTA 计入自身，因此与其他主机一样会拒绝",
        ),
    ),
    tcp_ports=(2101,),
)


def _vista(frame: Frame) -> Iterable[str]:
    block, zone = frame.fields.get("block", 0), frame.fields.get("zone", 0)
    is_large = (isinstance(block, int) and block > 1) or (isinstance(zone, int) and zone > 128)
    return ("vista_250",) if is_large else ()


VISTA: Final = Recognition(
    _weights(24, {"unknown": 12}),
    models=_narrowed(_vista),
    probes=(
        Probe(
            "arming status",
            b"08as0064\r\n",
            frozenset({"arming"}),
            "asks how the areas are armed; the length that it begins with counts itself: an Elk "
            "leaves it out, and refuses it as other panels do",
            "询问各分区布防状态；开头的长度计入自身，Elk 不计自身，因此与其他主机一样会拒绝",
        ),
    ),
)


def _dsc_weight(frame: Frame) -> int:
    if frame.fault:
        return 0
    if frame.raw[:1] in (b"%", b"^"):
        return 20  # no sum, but exact lengths between two marks
    if frame.type == "login" and not frame.raw[:1].isdigit():
        return 4  # `Login:` and `OK` are said by many things
    return 8 if frame.type == "unknown" else 16


def _dsc(frame: Frame) -> Iterable[str]:
    if frame.raw[:1] in (b"%", b"^"):
        return ("honeywell_tpi",)
    if frame.type == "login":
        return ("tpi",) if frame.raw[:1].isdigit() else ("honeywell_tpi",)
    if frame.type in ("version", "display", "label", "tone", "buzzer"):
        return ("it100",)
    return ("it100", "tpi")


DSC: Final = Recognition(
    _dsc_weight,
    models=_narrowed(_dsc),
    probes=(
        Probe(
            "poll",
            b"00090\r\n",
            frozenset({"acknowledge", "login", "system_error"}),
            "the poll, which does nothing but be acknowledged; with its sum, and 00 is no length "
            "where a panel reads one",
            "轮询命令，只会被确认而不做任何事；后随校验，且 00 不是任何带长度协议的有效长度",
        ),
    ),
    tcp_ports=(4025,),
)

CONCORD4: Final = Recognition(
    _weights(24, {"ack": 0, "nak": 0, "unknown": 8, "list": 20, "refresh": 20}),
    models=lambda _: frozenset({"concord4"}),
    probes=(
        Probe(
            "refresh",
            b"\n022022\r\n",
            frozenset({"arming_level", "zone_status"}),
            "asks it to say again how all is, in a line with length and sum; it has neither the "
            "length nor the sum that others want",
            "请求重新上报状态；带长度与校验，不符合其他主机所要求的长度与校验",
        ),
    ),
)
NX584: Final = Recognition(
    _weights(32, {"unknown": 16, "ack": 20, "nak": 20, "rejected": 20, "command_failed": 20}),
    probes=(
        Probe(
            "interface configuration",
            b"\n01212223\r\n",
            frozenset({"interface_configuration"}),
            "asks for version and settings of the interface, in a line that begins with a line "
            "feed and has length and two sums: no other panel reads it as a command; at half its "
            "speed it holds no end of a line",
            "询问接口的版本与设置；以换行符开头并带长度与两个校验，其他主机不会把它当作命令",
        ),
    ),
)

# ---- panels whose lines have neither length nor sum


def _prt3_weight(frame: Frame) -> int:
    """Weigh a line by the characters that have their places; any text may be a name."""
    if frame.fault:
        return 0
    return {"dropped": 0, "request": 4, "name": 8, "output": 12}.get(frame.type or "", 20)


PARADOX_PRT3: Final = Recognition(
    _prt3_weight,
    models=lambda _: frozenset({"paradox_evo192"}),
    probes=(
        Probe(
            "status of area 1",
            b"RA001\r\n",
            frozenset({"area_status", "result"}),
            "asks how area 1 is; it has neither the mark nor the length and sum that other "
            "panels want before they read on",
            "询问分区 1 的状态；没有其他主机所要求的起始标志、长度与校验",
        ),
    ),
)

ALARMDECODER: Final = Recognition(
    _weights(0, {"keypad": 32, "report": 24, "expander": 16, "relay": 16, "version": 20}),
    models=lambda _: frozenset({"alarmdecoder_vista"}),
    probes=(
        Probe(
            "version",
            b"V\r\n",
            frozenset({"version"}),
            "asks the adapter for its version: one letter, which no keypad has and no other "
            "panel reads as a line",
            "询问适配器版本；单个字母，键盘上没有，其他主机也不会当作完整的一行",
        ),
    ),
    tcp_ports=(10_000,),
    heard_within_s=20,
)

# ---- binary frames, polled

SATEL: Final = Recognition(
    _weights(48, {"request": 40, "busy": 8}),  # 16 bits of check between marks of 32
    models=lambda _: frozenset({"satel_integra"}),
    probes=(
        Probe(
            "version",
            bytes.fromhex("FEFE7ED860FE0D"),
            frozenset({"version"}),
            "asks for type and version, in a frame with marks and a check of 16 bits; none of its "
            "bytes is a digit or a letter",
            "询问型号与版本；带起止标记与 16 位校验，其中没有任何数字或字母",
        ),
    ),
    tcp_ports=(7094,),
)

# ---- what speaks by itself


def _dc09_weight(frame: Frame) -> int:
    """Weigh a frame: without the key, or with an unknown id, its CRC is as good."""
    if frame.fault in (FaultKind.DECRYPT, FaultKind.REPLAY, FaultKind.UNSUPPORTED):
        return 40
    return 0 if frame.fault else 12 if frame.type == "keepalive" else 40


def _dc09(frame: Frame) -> Iterable[str]:
    if frame.type in ("HENG-BO", "command"):
        return ("heng_bo",)
    return ("sia_dc09",) if frame.type in ("SIA-DCS", "ADM-CID") else ()


DC09: Final = Recognition(
    _dc09_weight,
    models=_narrowed(_dc09),
    only_listens="the panel calls us; whatever we answered could be its ACK",
    only_listens_zh="由主机呼叫我们；我们的任何应答都可能被当作确认",
    heard_within_s=90,
)
GB26875: Final = Recognition(
    lambda frame: 40 if frame.fault in (None, FaultKind.UNSUPPORTED) else 0,
    only_listens="each of its frames carries a time, and a device may take ours for the true one",
    only_listens_zh="其每一帧都带时间，设备可能把我们的时间当真",
    heard_within_s=120,
)

_GALAXY_BITS = {
    # the parity and the length, and what fits of the contents
    "event": 32,
    "old_event": 32,
    "account": 20,
    "text": 8,
}
GALAXY_SIA: Final = Recognition(
    _weights(4, _GALAXY_BITS),
    only_listens="the panel calls us; whatever we answered could be its ACK",
    only_listens_zh="由主机呼叫我们；我们的任何应答都可能被当作确认",
)

# ---- dialects that are profiles: each frame names its own

_PRINTED = ("gst9000_printer", "gst100_printer")


def _cn_fire_weight(frame: Frame) -> int:
    """Weigh a frame: a sum of eight bits proves less than one of sixteen, printed words more."""
    if frame.fault:
        return 0
    spoken = frame.fields["dialect"]
    if spoken in _PRINTED:
        return 24 if "meaning" in frame.fields else 12
    if spoken == "gst_crt":
        return 12 if frame.type == "event" else 8
    if frame.type == "other" and spoken == "fs5101w":
        return 12  # a sum of nothing but zeros is zero
    return 12 if spoken == "gst500_card" else 20


CN_FIRE: Final = Recognition(
    _cn_fire_weight,
    models=_narrowed(lambda frame: (str(frame.fields["dialect"]),)),
    only_listens="a fire panel's card may raise a fault at any byte that it does not expect; of "
    "LD128E and of printed text nothing can be told by listening either: name the profile",
    only_listens_zh="消防控制器的接口卡收到意外字节可能报故障；LD128E 与一般打印文本"
    "靠监听也无法识别，请指定配置",
    heard_within_s=60,
)

# ---- on a bus


def _modbus_weight(frame: Frame) -> int:
    """Weigh a frame: an answer that fits the request before it proves both."""
    if frame.fault:
        return 0
    is_answer = (frame.type or "").endswith(("_answer", "_exception"))
    return 32 if is_answer and frame.fields.get("address") is not None else 16


_READS_MAX = 3  # a map of 4800 registers takes 49, and every unit is asked every map


def _reads(profile: Profile) -> tuple[Read, ...]:
    """Return reads that tell this map from others: of a large one its beginning and its end."""
    blocks = register_map(profile).blocks
    some = blocks if len(blocks) <= _READS_MAX else (blocks[0], *blocks[1 - _READS_MAX :])
    return tuple(Read(at, one.table, one.address, one.count) for at, one in enumerate(some))


MODBUS_MAP: Final = Recognition(
    _modbus_weight,
    only_listens="units are asked one by one, by reads of their registers",
    only_listens_zh="逐个单元读取寄存器来询问",
    tcp_ports=(502,),
    reads=_reads,
)
