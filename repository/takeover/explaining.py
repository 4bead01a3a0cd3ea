"""Why an item is an exception: its lot and its reason as findings, which carry the texts in both languages."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from repository.domain.takeover import Disposition, Item
from repository.findings import Finding, rules
from storage.errors import Text

_LOTS = {
    Disposition.ALTERED: "TKO-ALTERED",
    Disposition.UNEXPECTED: "TKO-UNEXPECTED",
    Disposition.DUPLICATE: "TKO-DUPLICATE",
    Disposition.MISSING: "TKO-NOT-THERE",
}


def explained(item: Item) -> tuple[Finding, ...]:
    """Everything that makes `item` an exception; empty for one that is simply kept, or not settled yet."""
    found: list[Finding] = []
    if item.reason:
        found.append(Finding(item.reason, item.path))
    elif item.disposition in _LOTS:
        params = {"ordinal": item.duplicate_of} if item.disposition is Disposition.DUPLICATE else {}
        found.append(Finding(_LOTS[item.disposition], item.path, params))
    if item.conflicts_with:
        found.append(Finding("TKO-CONFLICT", item.path, {"ordinal": item.conflicts_with}))
    return tuple(found)


def told(finding: Finding) -> Text:
    """The texts of a finding. A reason is a code alone: what its parameters were is not known, and an ellipsis says so.

    A code that this version does not know (a protocol of a later one) is told as itself.
    """
    rule = rules().get(finding.code)
    if rule is None:
        return Text(en=finding.code, pl=finding.code)
    known: Mapping[str, Any] = defaultdict(lambda: "…", finding.params)
    return Text(en=rule.en.format_map(known), pl=rule.pl.format_map(known))


def exception_of_json(value: Mapping[str, Any]) -> Item:
    """An exception as the protocol names it (`concluding.py`)."""
    return Item(
        ordinal=value["ordinal"],
        path=value["path"],
        disposition=Disposition(value["disposition"]),
        duplicate_of=value.get("duplicate_of", 0),
        conflicts_with=value.get("conflicts_with", 0),
        reason=value.get("reason", ""),
    )
