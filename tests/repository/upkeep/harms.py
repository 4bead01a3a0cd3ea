"""Each kind of harm to what is stored, done to an archive, and what `verify` has to say of it at each level."""

from collections.abc import Callable

from repository.upkeep.checking import Level
from storage.sealing.pack import HEADER
from tests.builders.archives_at_rest import AtRest
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, OPENED, SEALED, Findings, Place, closing, places, rich

Harm = Callable[[AtRest], dict[Level, Findings]]


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]


def flip(archive: AtRest, place: Place, at: int) -> None:
    archive.store.overwrite(place.pack.key, flipped(archive.store.content(place.pack.key), at))


def only(level: Level, *findings: tuple[str, str]) -> dict[Level, Findings]:
    """Nothing below `level`, `findings` from there on."""
    at = EVERY_LEVEL.index(level)
    return {each: set(findings) if place >= at else set() for place, each in enumerate(EVERY_LEVEL)}


def unread(place: Place) -> tuple[str, str]:
    return "VFY-DESCRIPTION-UNREAD", place.name


def a_bit_in_the_magic_of_the_header(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, 2)
    return only(SEALED, ("VFY-FRAME", place.name)) | {OPENED: {("VFY-FRAME", place.name), unread(place)}}


def a_bit_in_the_sealed_data_key(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, 80)
    unopened = {("VFY-KEY", place.item(at)) for at in range(len(place.holdings))}
    everything = {("VFY-FRAME", place.name), unread(place), *unopened}
    return only(SEALED, ("VFY-FRAME", place.name)) | {OPENED: everything}


def a_bit_in_the_padding_of_the_header(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, 120)
    return only(SEALED, ("VFY-FRAME", place.name)) | {OPENED: {("VFY-FRAME", place.name), unread(place)}}


def a_bit_in_the_first_member(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, HEADER)
    item = place.item(0)
    return {EXISTS: set(), SEALED: {("VFY-MEMBER", item)}, OPENED: {("VFY-SEAL", item)}}


def a_bit_in_the_last_byte_of_a_member(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    location = place.holdings[1].location
    flip(archive, place, location.offset + location.length - 1)
    item = place.item(1)
    return {EXISTS: set(), SEALED: {("VFY-MEMBER", item)}, OPENED: {("VFY-SEAL", item)}}


def two_members_in_each_others_place(archive: AtRest) -> dict[Level, Findings]:
    place = next(
        p for p in places(archive) for h in p.holdings[1:] if h.location.length == p.holdings[0].location.length
    )
    a = place.holdings[0].location
    at = next(n for n, h in enumerate(place.holdings[1:], 1) if h.location.length == a.length)
    b = place.holdings[at].location
    raw = bytearray(archive.store.content(place.pack.key))
    one, other = raw[a.offset : a.offset + a.length], raw[b.offset : b.offset + b.length]
    raw[a.offset : a.offset + a.length], raw[b.offset : b.offset + b.length] = other, one
    archive.store.overwrite(place.pack.key, bytes(raw))
    items = place.item(0), place.item(at)
    return {EXISTS: set(), SEALED: {("VFY-MEMBER", i) for i in items}, OPENED: {("VFY-SEAL", i) for i in items}}


def a_bit_in_the_description(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, place.pack.description_offset + 60)
    broken = ("VFY-DESCRIPTION", place.name)
    return only(SEALED, broken) | {OPENED: {broken, unread(place)}}


def a_bit_in_the_description_of_the_closing(archive: AtRest) -> dict[Level, Findings]:
    place = closing(archive)
    flip(archive, place, place.pack.description_offset + 60)
    broken = ("VFY-DESCRIPTION", place.name)
    return only(SEALED, broken) | {OPENED: {broken, unread(place)}}


def a_bit_in_the_trailer(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    flip(archive, place, place.pack.size - 1)  # how many members there are
    broken = ("VFY-FRAME", place.name)
    return only(SEALED, broken) | {OPENED: {broken, unread(place)}}


def a_byte_cut_off(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.overwrite(place.pack.key, archive.store.content(place.pack.key)[:-1])
    short = ("VFY-SIZE", place.name)
    return only(EXISTS, short) | {OPENED: {short, unread(place)}}


def cut_to_nothing(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.overwrite(place.pack.key, b"")
    short = ("VFY-SIZE", place.name)
    return only(EXISTS, short) | {OPENED: {short, unread(place)}}


def a_byte_appended(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.overwrite(place.pack.key, archive.store.content(place.pack.key) + b"\0")
    return only(EXISTS, ("VFY-SIZE", place.name))


def an_object_deleted(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.delete(place.pack.key)
    gone = ("VFY-MISSING", place.name)
    return only(EXISTS, gone) | {OPENED: {gone, unread(place)}}


def the_closing_deleted(archive: AtRest) -> dict[Level, Findings]:
    place = closing(archive)
    archive.store.delete(place.pack.key)
    gone = ("VFY-MISSING", place.name)
    return only(EXISTS, gone) | {OPENED: {gone, unread(place)}}


def two_objects_swapped(archive: AtRest) -> dict[Level, Findings]:
    one, other = [place for place in places(archive) if place.holdings][:2]
    contents = archive.store.content(one.pack.key), archive.store.content(other.pack.key)
    archive.store.overwrite(one.pack.key, contents[1])
    archive.store.overwrite(other.pack.key, contents[0])
    sizes = ("VFY-SIZE", one.name), ("VFY-SIZE", other.name)
    return only(EXISTS, *sizes) | {OPENED: {*sizes, unread(one), unread(other)}}


def another_object_of_the_same_size(archive: AtRest) -> dict[Level, Findings]:
    """Cut or filled up to the size that is expected."""
    one, other = [place for place in places(archive) if place.holdings][:2]
    content = archive.store.content(other.pack.key)[: one.pack.size].ljust(one.pack.size, b"\0")
    archive.store.overwrite(one.pack.key, content)
    alien = ("VFY-ALIEN", one.name)
    return only(SEALED, alien) | {OPENED: {alien, unread(one)}}


def an_object_that_nobody_knows(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.overwrite(place.pack.key[:-1] + "z", b"something")
    return only(EXISTS, ("VFY-STRAY", place.name[:-1] + "z"))


def a_key_object_deleted(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    archive.store.delete(key_of(archive, place))
    lost = ("VFY-KEY-MISSING", f"{place.takeover.id}/key/{place.pack.record_key}")
    return only(EXISTS, lost) | {OPENED: {lost, *without_key(archive, place)}}


def a_bit_in_a_key_object(archive: AtRest) -> dict[Level, Findings]:
    place = rich(archive)
    key = key_of(archive, place)
    archive.store.overwrite(key, flipped(archive.store.content(key), 90))
    broken = ("VFY-KEY-DAMAGED", f"{place.takeover.id}/key/{place.pack.record_key}")
    return only(OPENED, broken, *without_key(archive, place))


def two_key_objects_swapped(archive: AtRest) -> dict[Level, Findings]:
    one = rich(archive)
    other = next(p for p in places(archive) if p.holdings and p.pack.record_key != one.pack.record_key)
    keys = key_of(archive, one), key_of(archive, other)
    contents = [archive.store.content(key) for key in keys]
    archive.store.overwrite(keys[0], contents[1])
    archive.store.overwrite(keys[1], contents[0])
    broken = {("VFY-KEY-DAMAGED", f"{p.takeover.id}/key/{p.pack.record_key}") for p in (one, other)}
    return only(OPENED, *broken, *without_key(archive, one), *without_key(archive, other))


def key_of(archive: AtRest, place: Place) -> str:
    return next(key for key in archive.store.names("keys/") if place.pack.record_key in key)


def without_key(archive: AtRest, place: Place) -> Findings:
    """What a lost record key makes unreadable: all objects of the patient, named item by item."""
    hit = [p for p in places(archive) if p.pack.record_key == place.pack.record_key]
    return {unread(p) for p in hit} | {("VFY-KEY", p.item(at)) for p in hit for at in range(len(p.holdings))}


HARMS: list[Harm] = [
    a_bit_in_the_magic_of_the_header,
    a_bit_in_the_sealed_data_key,
    a_bit_in_the_padding_of_the_header,
    a_bit_in_the_first_member,
    a_bit_in_the_last_byte_of_a_member,
    two_members_in_each_others_place,
    a_bit_in_the_description,
    a_bit_in_the_description_of_the_closing,
    a_bit_in_the_trailer,
    a_byte_cut_off,
    cut_to_nothing,
    a_byte_appended,
    an_object_deleted,
    the_closing_deleted,
    two_objects_swapped,
    another_object_of_the_same_size,
    an_object_that_nobody_knows,
    a_key_object_deleted,
    a_bit_in_a_key_object,
    two_key_objects_swapped,
]
