"""What became of a package: its protocol, its lots, and that everything comes out as it went in."""

from io import BytesIO
from typing import Any

import pytest

from repository.domain.takeover import STORED, Disposition, Handover, Producer, Takeover
from repository.evidence import proof
from repository.evidence.errors import FileDiffers
from repository.evidence.signing import opened as opened_paper
from repository.intake import protocol_of
from repository.runtime import Archive
from repository.takeover.arriving import SMALL
from repository.takeover.concluding import PURPOSE
from storage.sealing.pack import SealedMember
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10
from tests.builders.warrants import EVERY

FILES = {"a.xml": clinical_document(1), "b.dcm": part10(data_set(2)), "c.bin": b"\0\1\2" * 99}
GIVEN = Handover(producer=Producer(name="Przychodnia", regon="123456785"))
LARGE = bytes(range(251)) * (SMALL // 251 + 999)


def paper(archive: Archive, takeover: Takeover) -> dict[str, Any]:
    """What the protocol says, its signature checked."""
    raw = protocol_of(archive, takeover)
    return opened_paper(raw, purpose=PURPOSE, public_key=archive.ring.signing_public_key())


def lots(archive: Archive, takeover: Takeover) -> dict[str, str]:
    return {item.path: item.disposition.value for item in archive.catalogue.items(takeover.number)}


def assert_given_back(archive: Archive, takeover: Takeover, contents: dict[str, bytes]) -> None:
    """Each of `contents` comes out bit for bit, whole and by range, and with a proof that holds offline."""
    items = {item.path: item for item in archive.catalogue.items(takeover.number)}
    for path, content in contents.items():
        item = items[path]
        assert item.disposition in STORED | {Disposition.DUPLICATE}, (path, item)
        holding = archive.catalogue.holding(takeover.number, item.duplicate_of or item.ordinal)
        pack = archive.catalogue.pack(takeover.number, holding.location.object_id)
        assert pack is not None
        member = SealedMember(holding.location.offset, holding.location.length, holding.sealed_sha256)
        assert b"".join(archive.vault.open(pack.key, member, warrant=EVERY)) == content
        middle = b"".join(
            archive.vault.open_range(
                pack.key, member, offset=len(content) // 3, length=len(content) // 3, warrant=EVERY
            )
        )
        assert middle == content[len(content) // 3 :][: len(content) // 3]
        proved = archive.log.prove_record(holding.record, archive.catalogue.index_of(takeover.number, holding.ordinal))
        assert proof.check(BytesIO(content), proved, [archive.log_key]).record.sha256 == holding.sha256
        with pytest.raises(FileDiffers):
            proof.check(BytesIO(content + b"\0"), proved, [archive.log_key])
