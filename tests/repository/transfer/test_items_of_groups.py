"""The items of a group are made by hand, field by field, for speed: none of them may be forgotten."""

from dataclasses import fields, replace

from repository.domain.takeover import Disposition, Item
from repository.transfer.group import _item

WAS = Item(
    1, "a", size=2, declared=True, declared_size=3, declared_digests={"md5": "0"}, disposition=Disposition.ALTERED,
    duplicate_of=4, conflicts_with=5, reason="PKG-LINK",
)  # fmt: skip


def test_an_item_of_a_group_is_what_it_was_but_for_what_is_said() -> None:
    plain = Item(1, "a")
    assert {each.name for each in fields(WAS) if getattr(WAS, each.name) == getattr(plain, each.name)} == {
        "ordinal",
        "path",
    }
    made = _item(WAS, ordinal=9, path="b", disposition=Disposition.KEPT, conflicts_with=7)
    assert made == replace(WAS, ordinal=9, path="b", disposition=Disposition.KEPT, conflicts_with=7)
