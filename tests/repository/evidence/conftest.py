"""Property tests here are never hurried: how long one takes says something about the machine only."""

from hypothesis import settings

settings.register_profile("unhurried", settings(deadline=None))
settings.load_profile("unhurried")
