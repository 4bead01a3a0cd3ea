"""For all tests: a property test is never hurried, since how long one takes says something about the machine only."""

from hypothesis import settings

settings.register_profile("house", settings(deadline=None))
settings.load_profile("house")
