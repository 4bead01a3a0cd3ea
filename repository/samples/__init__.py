"""Synthetic hand-over packages: complete, reproducible, and damaged on purpose when asked."""

from repository.samples.building import SampleSummary, build_sample
from repository.samples.damage import Damage

__all__ = ["Damage", "SampleSummary", "build_sample"]
