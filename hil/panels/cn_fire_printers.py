"""What Chinese fire panels print, when a gateway hangs where the printer was: one way, no answer.

Facts: GST9000 prints by ESC codes (1B 36 before the time, 1B 39 before the Chinese text), GST100
on a thermal head with a glyph for the event, both as captured.  The plain printer is no maker's: a
line of text an event, with the words that all makers print.
"""

from datetime import datetime

from hil.panels.cn_fire_dialects import Dialect, Occurrence, What

# what is printed when something begins, and when it is over
CHINESE = {
    (What.FIRE, True): "火警",
    (What.TROUBLE, True): "故障",
    (What.TROUBLE, False): "故障恢复",
    (What.ISOLATED, True): "屏蔽",
    (What.ISOLATED, False): "屏蔽解除",
    (What.SUPERVISORY, True): "监管",
    (What.SUPERVISORY, False): "监管恢复",
    (What.STARTED, True): "启动",
    (What.STARTED, False): "停止",
    (What.ANSWERED, True): "反馈",
    (What.MAINS, True): "主电故障",
    (What.MAINS, False): "主电恢复",
    (What.BATTERY, True): "备电故障",
    (What.BATTERY, False): "备电恢复",
    (What.RESET, True): "复位",
    (What.MUTED, True): "消音",
    (What.STRANGE, True): "打印机自检",
}
GLYPHS = {What.FIRE: 0x11, What.TROUBLE: 0x16, What.RESET: 0x1D, What.STRANGE: 0x1C}
DEVICE_GLYPHS = {3: 0x23, 30: 0x36}  # captured: smoke, flow switch
OWN_GLYPH, OTHER_GLYPH = 0x21, 0x24


def _number(told: Occurrence, digits: int) -> str:
    return f"{told.loop:0{digits}d}-{told.point:03d}"


def _gst9000(told: Occurrence, at: datetime) -> bytes:
    words = CHINESE.get((told.what, told.active))
    if words is None:
        return b""
    where = f"  {_number(told, 3)}\n" if told.point else ""
    head = f"\x1b6{at:%m/%d}  {at:%H:%M}\n{where}\x1b9"
    return head.encode() + words.encode("gbk") + b"\n\n"


def _gst100(told: Occurrence, at: datetime) -> bytes:
    glyph = GLYPHS.get(told.what)
    if glyph is None or not told.active:
        return b""
    where = _number(told, 1) if told.point else "-----"
    device = DEVICE_GLYPHS.get(told.detector.type, OTHER_GLYPH) if told.point else OWN_GLYPH
    when = f"{at:%m}".encode() + b"\x8d" + f"{at:%d}".encode() + b"\x8e" + f"   {at:%H:%M}".encode()
    line = b"*" * 15 + b"\r" + when + b"\r\n" + bytes([glyph]) + b"\r"
    return line + where.encode() + b"\r\n " + bytes([device]) + b"\r"


def _plain(told: Occurrence, at: datetime) -> bytes:
    words = CHINESE.get((told.what, told.active))
    if words is None:
        return b""
    where = f" {_number(told, 3)}" if told.point else ""
    return f"{at:%m/%d %H:%M} {words}{where}\r\n".encode("gb18030")


PRINTERS = (
    Dialect(name="gst9000_printer", baud=2400, frame=_gst9000, gap_s=0.5),
    Dialect(
        name="gst100_printer",
        baud=2400,
        frame=_gst100,
        gap_s=0.5,
        tells=frozenset(DEVICE_GLYPHS),
    ),
    Dialect(name="printer_text", baud=9600, frame=_plain, gap_s=0.5),
)
