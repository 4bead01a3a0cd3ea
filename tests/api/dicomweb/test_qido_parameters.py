"""The parameters of a search, read and written; and a parser that refuses what it does not know, whatever that is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from api.dicomweb.qido_asked import Asked, page_of, read, written
from api.errors import RequestNotUnderstood
from repository.catalogue.query import MOST, MOST_SKIPPED
from repository.formats.dicom.attributes import ATTRIBUTES
from repository.formats.dicom.names import name_of, path_of

QUICK = settings(max_examples=60, deadline=None)
paths = st.sampled_from([each.path for each in ATTRIBUTES])
asked = st.builds(
    Asked,
    keys=st.dictionaries(paths, st.text(max_size=40), max_size=6),
    include=st.frozensets(paths, max_size=6),
    everything=st.booleans(),
    limit=st.none() | st.integers(1, 10**6),
    offset=st.integers(0, MOST_SKIPPED),
    fuzzy=st.booleans(),
)


@QUICK
@given(asked)
def test_what_was_written_is_read_again(one: Asked) -> None:
    assert read(written(one)) == one
    assert 1 <= page_of(one) <= MOST


@QUICK
@given(asked)
def test_tags_say_the_same_as_keywords(one: Asked) -> None:
    tags = {name_of(path): ".".join(f"{tag:08x}" for tag in path) for path in one.keys}
    assert read([(tags.get(name, name), text) for name, text in written(one)]) == one


@QUICK
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_anything_else_is_understood_or_refused(parameters: list[tuple[str, str]]) -> None:
    try:
        found = read(parameters)
    except RequestNotUnderstood as refused:
        said = str(refused)
        assert all(len(text) < 8 or text not in said for _, text in parameters)
    else:
        assert len(found.keys) <= len(parameters)


def test_every_catalogued_attribute_has_its_name() -> None:
    named = {each.path: each.keyword for each in ATTRIBUTES}
    assert {path: name_of(path) for path in named} == named
    assert {path_of(keyword): keyword for keyword in named.values()} == named
