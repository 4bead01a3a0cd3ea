"""The reference tool for bags (`bagit` 1.8), loaded without `pkg_resources`.

It asks that module for its own version number alone. Newer setuptools no longer ship it, and older ones warn on import;
the answer is given here from the standard library.
"""

import importlib
import sys
import warnings
from importlib.metadata import PackageNotFoundError, distribution
from types import ModuleType


def load_bagit() -> ModuleType:
    """The module `bagit`, unchanged."""
    answers = ModuleType("pkg_resources")
    answers.get_distribution = distribution  # type: ignore[attr-defined]
    answers.DistributionNotFound = PackageNotFoundError  # type: ignore[attr-defined]
    before = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = answers
    try:
        with warnings.catch_warnings(action="ignore"):  # of an escape in it, where it was never compiled before
            return importlib.import_module("bagit")
    finally:
        del sys.modules["pkg_resources"]
        if before is not None:
            sys.modules["pkg_resources"] = before
