"""How much a verification has looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """What has been looked at: `objects` of takeovers with their items, `deeds` and `bundles` of the journal; `bytes`
    are stored bytes read."""

    objects: int = 0
    items: int = 0
    bytes: int = 0
    unchecked: int = 0
    deeds: int = 0
    bundles: int = 0
