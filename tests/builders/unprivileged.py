"""Another account, so that permissions mean something where tests are run as root."""

import os


class Unprivileged:
    """Goes on as an account without rights."""

    def __enter__(self) -> None:
        self.was = os.geteuid()
        if self.was == 0:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        os.seteuid(self.was)
