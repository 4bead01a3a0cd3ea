"""How long a door waits, changed while it is open: what has to come to pass is waited for as long as it takes, and what
the door is to have enough of, it has enough of at once. So no test hangs on how fast the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager

from dicom_gateway.protocol.wire import Patience

FOREVER = 3600.0  # seconds: what ends before is not ended by any patience
ENDLESS = Patience(acse=FOREVER, dimse=FOREVER, idle=FOREVER, network=FOREVER)


class Temper:
    """A door's `Patience`, which lasts until it is changed. A door looks at it whenever it begins to wait."""

    def __init__(self, patience: Patience) -> None:
        self._now = patience

    @property
    def acse(self) -> float:
        return self._now.acse

    @property
    def dimse(self) -> float:
        return self._now.dimse

    @property
    def idle(self) -> float:
        return self._now.idle

    @property
    def network(self) -> float:
        return self._now.network

    @contextmanager
    def being(self, patience: Patience) -> Iterator[None]:
        """While the block runs; what was begun to be waited for before is waited for as it was."""
        before, self._now = self._now, patience
        try:
            yield
        finally:
            self._now = before
