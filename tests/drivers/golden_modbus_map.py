"""RTU frames typed from the Modbus facts, section 1 (worked CRCs), never made by an encoder."""

from typing import Any, NamedTuple


class Golden(NamedTuple):
    """One frame, in the order heard on the bus, and what it says."""

    source: str
    frame: bytes
    type: str
    fields: dict[str, Any]


GOLDEN = (
    Golden(
        "Modbus facts 1, worked CRC: read 8 discrete inputs of unit 17",
        bytes.fromhex("11 02 00 00 00 08 7B 5C"),
        "read_discrete_inputs_request",
        {"unit": 17, "function": 2, "address": 0, "count": 8},
    ),
    Golden(
        "Modbus facts 1, worked CRC: answer, inputs 1 and 3 on",
        bytes.fromhex("11 02 01 05 65 4B"),
        "read_discrete_inputs_answer",
        {
            "unit": 17,
            "function": 2,
            "address": 0,
            "count": 8,
            "values": [1, 0, 1, 0, 0, 0, 0, 0],
        },
    ),
    Golden(
        "Modbus facts 1, worked CRC: read 3 holding registers from 242",
        bytes.fromhex("11 03 00 F2 00 03 A6 A8"),
        "read_holding_registers_request",
        {"unit": 17, "function": 3, "address": 242, "count": 3},
    ),
    Golden(
        "Modbus facts 1, worked CRC: exception, illegal address",
        bytes.fromhex("11 83 02 C1 34"),
        "read_holding_registers_exception",
        {"unit": 17, "function": 3, "address": 242, "count": 3, "exception": 2},
    ),
)
