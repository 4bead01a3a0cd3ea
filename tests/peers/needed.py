"""Servers of others that a test cannot do without."""

import os

import pytest


def needed(missing: str) -> None:
    """Nothing is `missing`; otherwise the test is left out and says why. Where a change is judged (`CI=true`) it fails:
    `make peers` has just installed all of them, and a test that is left out there is one that nobody ever runs."""
    if not missing:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
