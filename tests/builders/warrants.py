"""Warrants for tests that look at stored bytes beneath the decision."""

from storage.warrants import Warrant

EVERY = Warrant(1, ("",))
"""Extends to every object, under an account that need not exist: where no ledger is compared."""
