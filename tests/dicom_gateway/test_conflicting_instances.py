"""Another instance under a UID that is taken."""

from repository.intake import statement_of
from repository.settings import Settings
from repository.transfer.closing import close_transfer
from tests.dicom_gateway.failing import assert_whole, reopened
from tests.dicom_gateway.raw import (
    an_instance,
    line,
    storing,
)


def test_other_bytes_under_one_uid_are_kept_beside_and_the_statement_tells_of_it(settings: Settings) -> None:
    first, other = an_instance(1), an_instance(1)
    other.PixelData = bytes(128)
    with reopened(settings) as behind:
        with line(behind.port) as peer:
            for each in (first, first, other, other, first):
                peer.send(storing(each))
                assert peer.status() == 0
            assert peer.released()
        archive = behind.archive
        takeover = close_transfer(archive, archive.catalogue.takeovers()[-1])
        held = list(archive.catalogue.holdings(takeover.number))
        items = {each.ordinal: each for each in archive.catalogue.items(takeover.number)}
        assert len(held) == 2
        assert [items[each.ordinal].conflicts_with for each in held] == [0, held[0].ordinal]
        statement = statement_of(archive, takeover)
        assert (statement.tally.holdings, statement.tally.balances) == (2, True)
        assert statement.tally.conflicting == 1
    assert_whole(settings, count=2)
