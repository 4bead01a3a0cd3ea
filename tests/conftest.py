"""For all tests: a property test is never hurried, since how long one takes says something about the machine only.

Where a change is judged (`CI=true`) the same examples are tried each time; at home every run looks elsewhere.
"""

import os

from hypothesis import settings

settings.register_profile("house", settings(deadline=None, derandomize=os.environ.get("CI") == "true"))
settings.load_profile("house")
