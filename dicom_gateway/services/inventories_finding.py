"""Inventory FIND (PS3.4 JJ): which inventories there are for the peer, one of each takeover that has ended.

There are no levels and few inventories, so that what is asked for is matched here, against what is told of each.
"""

from collections.abc import Callable, Mapping
from struct import pack

from dicom_gateway.protocol.commands import DATA_SET, DATA_SET_TYPE, response_to
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.finding import title_at
from dicom_gateway.statuses import CANCELLED, CANNOT_UNDERSTAND, PENDING, PENDING_UNSUPPORTED, SUCCESS, Status
from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET
from repository.formats.dicom.identifiers import Asked, IdentifierUnreadable, read_identifier
from repository.formats.dicom.identifiers_writing import Element, write_identifier
from repository.formats.dicom.inventory import COMPLETE, INVENTORY_STORAGE, LEVEL
from repository.inventories import PURPOSE, Inventory, described, inventories

_TITLE = 0x00080054
_UNIQUE = (0x00080016, 0x00080018)
_TOLD: Mapping[int, tuple[str, Callable[[Inventory], str | bytes]]] = {
    0x00080016: ("UI", lambda _: INVENTORY_STORAGE),
    0x00080018: ("UI", lambda each: each.uid),
    0x00080023: ("DA", lambda each: each.at[:8]),
    0x00080033: ("TM", lambda each: each.at[8:].partition("+")[0]),
    0x00080056: ("CS", lambda _: "ONLINE"),
    0x00080201: ("SH", lambda _: "+0000"),
    0x00080401: ("LT", lambda _: PURPOSE),
    0x00080402: ("LT", described),
    0x00080403: ("CS", lambda _: LEVEL),
    0x00080426: ("CS", lambda _: COMPLETE),
    0x00080427: ("UL", lambda each: str(each.studies)),
    0x00080428: ("UV", lambda each: pack("<Q", each.studies)),
}
_LISTED = {"SOPClassUID": 0x00080016, "SOPInstanceUID": 0x00080018, "InventoryLevel": 0x00080403,
    "InventoryCompletionStatus": 0x00080426}  # fmt: skip
_DATE = "ContentDate"
_NO_KEYS = frozenset({"RetrieveAETitle", "InstanceAvailability", "TimezoneOffsetFromUTC"})


class FindingInventories:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  as the protocol has it
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        content = data_set.content if isinstance(data_set, Gathered) else b""
        try:
            asked = read_identifier(content, syntax=call.context.syntax)
        except IdentifierUnreadable:
            call.answer(Status(CANNOT_UNDERSTAND, "the identifier is not a data set, or says something twice"))
            return
        unmatched = _unmatched(asked)
        unsupported = unmatched or any(each[0] not in _TOLD and each[0] not in _BESIDE for each in asked.attributes)
        said = response_to(call.command, PENDING_UNSUPPORTED if unsupported else PENDING, {DATA_SET_TYPE: DATA_SET})
        for each in inventories(call.house.archive, call.caller.errand, call.caller.within):
            if call.association.cancelled(call.command.message_id):
                call.answer(Status(CANCELLED))
                return
            if _matches(asked, each):
                call.association.send(call.context, said, [_answer(call, asked, each)])
        call.answer(Status(SUCCESS))


_BESIDE = frozenset({SPECIFIC_CHARACTER_SET, _TITLE})


def _unmatched(asked: Asked) -> bool:
    """Whether something is asked for that nothing is matched by."""
    known = {*_LISTED, _DATE, *_NO_KEYS}
    return any(text.strip("* ") and name not in known for name, text in asked.keys.items())


def _matches(asked: Asked, what: Inventory) -> bool:
    """PS3.4 C.2.2.2: a single value, a list, a range of dates."""
    for name, tag in _LISTED.items():
        wanted = asked.keys.get(name, "").strip("* ")
        if wanted and _TOLD[tag][1](what) not in [each.strip() for each in wanted.split("\\")]:
            return False
    first, dash, last = asked.keys.get(_DATE, "").strip("* ").partition("-")
    date = what.at[:8]
    if not dash:
        return not first or first == date
    return first <= date <= (last or date)


def _answer(call: Call, asked: Asked, what: Inventory) -> bytes:
    wanted = {path[0]: vr for path, vr in asked.attributes.items() if path != (SPECIFIC_CHARACTER_SET,)}
    elements: dict[int, Element] = {tag: (tag, vr, [] if vr == "SQ" else "") for tag, vr in wanted.items()}
    for tag in (*wanted, *_UNIQUE):
        if tag in _TOLD:
            vr, value = _TOLD[tag]
            elements[tag] = tag, vr, value(what)
    elements[_TITLE] = _TITLE, "AE", title_at(call)
    ordered = [elements[tag] for tag in sorted(elements)]
    return write_identifier(ordered, syntax=call.context.syntax, charset=asked.charset)
