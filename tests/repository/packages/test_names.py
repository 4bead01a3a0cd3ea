"""Names in packages: the quick look passes only what every rule passes."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from repository.packages import guard
from repository.packages.guard import Limits, check_name
from repository.packages.labels import label_of_text

TRICKY = st.text(st.sampled_from("a.:/\\\x00\x1f\x7f\x9f\nCZ ńł\ud800"), max_size=14)
LIMITS = Limits(path_bytes=24, depth=4)
EVERYTHING = re.compile("")


@settings(max_examples=600)
@given(TRICKY.map(label_of_text))
@example("")
@example("a/")
@example("/a")
@example("a//b")
@example("./a")
@example("a/..")
@example("..")
@example("a/b/c/d")
@example("a/b/c/d/e")
@example("C:/a")
@example("C:")
@example("ń" * 12)
@example("ń" * 13)
@example("a\n")
@example("...")
@example("a/.../b")
def test_a_quick_look_at_a_name_says_what_all_rules_say(label: str) -> None:
    quick = check_name(label, LIMITS)
    with pytest.MonkeyPatch.context() as slowly:
        slowly.setattr(guard, "_ODD", EVERYTHING)
        assert quick == check_name(label, LIMITS)
