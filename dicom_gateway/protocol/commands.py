"""Command sets (PS3.7 6.3): always implicit VR little endian, a dozen short elements.

A walk of our own: through a data set of pydicom's it took 25 times as long, twice for each image that comes.
"""

from collections.abc import Mapping
from struct import Struct, error

from dicom_gateway.protocol.pdus import Bytes

C_STORE_RQ, C_GET_RQ, C_FIND_RQ, C_MOVE_RQ, C_ECHO_RQ, C_CANCEL_RQ = 0x0001, 0x0010, 0x0020, 0x0021, 0x0030, 0x0FFF
N_EVENT_REPORT_RQ, N_GET_RQ, N_SET_RQ, N_ACTION_RQ, N_CREATE_RQ, N_DELETE_RQ = 256, 272, 288, 304, 320, 336
RESPONSE = 0x8000
NO_DATA_SET, DATA_SET = 0x0101, 0x0001

AFFECTED_CLASS, REQUESTED_CLASS, FIELD, MESSAGE_ID, RESPONDS_TO = 0x0002, 0x0003, 0x0100, 0x0110, 0x0120
DESTINATION, PRIORITY, DATA_SET_TYPE, STATUS, ERROR_COMMENT = 0x0600, 0x0700, 0x0800, 0x0900, 0x0902
OFFENDING_ELEMENT = 0x0901
AFFECTED_INSTANCE, REQUESTED_INSTANCE, EVENT_TYPE, ACTION_TYPE = 0x1000, 0x1001, 0x1002, 0x1008
REMAINING, COMPLETED, FAILED, WARNING, ORIGINATOR, ORIGINATOR_ID = 0x1020, 0x1021, 0x1022, 0x1023, 0x1030, 0x1031

LONGEST = 1 << 16  # bytes of a command set
_UNSAID = 0x0110  # processing failure (PS3.7 Annex C)
_ELEMENT = Struct("<HHI")
_SHORT = Struct("<H")
_TAG = Struct("<HH")
_GROUP_LENGTH = Struct("<HHII")
_UIDS = frozenset({AFFECTED_CLASS, REQUESTED_CLASS, AFFECTED_INSTANCE, REQUESTED_INSTANCE})


class Command:
    """A command set as it came: element number → value."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[int, bytes]) -> None:
        self._values = values

    @property
    def field(self) -> int:
        return self.number(FIELD)

    @property
    def message_id(self) -> int:
        return self.number(MESSAGE_ID)

    @property
    def has_data_set(self) -> bool:
        return self.number(DATA_SET_TYPE, NO_DATA_SET) != NO_DATA_SET

    def number(self, element: int, default: int = 0) -> int:
        value = self._values.get(element, b"")
        return _SHORT.unpack(value)[0] if len(value) == 2 else default

    @property
    def status(self) -> int:
        """Of a response; that of a failure where it says none, for nothing was acknowledged then."""
        return self.number(STATUS, _UNSAID)

    def text(self, element: int) -> str:
        """Without what pads it; not ASCII is replaced."""
        return self._values.get(element, b"").decode("ascii", "replace").strip(" \0")

    def __contains__(self, element: int) -> bool:
        return element in self._values


def read(content: Bytes) -> Command:
    """ValueError for what is no command set."""
    found: dict[int, bytes] = {}
    at, end = 0, len(content)
    try:
        while at < end:
            group, element, length = _ELEMENT.unpack_from(content, at)
            at += 8
            if group != 0 or length > end - at:
                raise ValueError("not a command set")
            found[element] = bytes(content[at : at + length])
            at += length
    except error:
        raise ValueError("not a command set") from None
    if len(found.get(FIELD, b"")) != 2:
        raise ValueError("a command set without its command")
    return Command(found)


def written(values: Mapping[int, int | str]) -> bytes:
    """The command set: numbers as US, the offending element as AT, UIDs padded with NUL, any other text with a space
    (PS3.5 6.2)."""
    parts = []
    for element in sorted(values):
        value = values[element]
        if isinstance(value, int):
            tag = element == OFFENDING_ELEMENT
            content = _TAG.pack(value >> 16, value & 0xFFFF) if tag else _SHORT.pack(value)
        else:
            content = value.encode("ascii", "replace")
            if len(content) % 2:
                content += b"\0" if element in _UIDS else b" "
        parts.append(_ELEMENT.pack(0, element, len(content)) + content)
    body = b"".join(parts)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def response_to(command: Command, status: int, more: Mapping[int, int | str] | None = None) -> dict[int, int | str]:
    """What every response says: to what, of which class, with which status; without a data set unless `more` says."""
    said: dict[int, int | str] = {
        FIELD: command.field | RESPONSE,
        RESPONDS_TO: command.message_id,
        DATA_SET_TYPE: NO_DATA_SET,
        STATUS: status,
    }
    if name := command.text(AFFECTED_CLASS) or command.text(REQUESTED_CLASS):
        said[AFFECTED_CLASS] = name
    return said | dict(more or {})
