"""SHA-1 of documents: made as they are taken over, of none but documents, and there again after a rebuild."""

import hashlib
from pathlib import Path

from repository.catalogue.catalogue import create_catalogue
from repository.domain.holding import Holding
from repository.domain.takeover import Item
from repository.intake import Order, receive
from repository.takeover.inscribing import facts_of_holding, holdings_of, inscribe_items, read_description
from repository.upkeep.rebuilding import rebuild
from tests.builders.cda import clinical_document
from tests.builders.homes import at_home, new_home
from tests.builders.pushing import image


def sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()


def test_documents_have_it_however_large_and_nothing_else_has(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    large = clinical_document(2, body=f"<text>{'x' * (5 << 20)}</text>")
    files = {"small.xml": clinical_document(1), "large.xml": large, "image.dcm": image(1), "form.pdf": b"%PDF-1.7\n"}
    for name, content in files.items():
        (package / name).write_bytes(content)
    with at_home(new_home(tmp_path)) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        held = {each.path: each for each in archive.catalogue.holdings(takeover.number)}
        for name, content in files.items():
            assert held[name].sha1 == (sha1(content) if name.endswith(".xml") else b""), name
        fresh = create_catalogue(f"sqlite:///{tmp_path}/fresh.sqlite")
        rebuild(archive, fresh, progress=lambda _: None)
        assert {each.path: each for each in fresh.holdings(takeover.number)} == held
        fresh.close()


def test_a_description_without_it_is_read_and_one_with_it_has_the_same_facts(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "one.xml").write_bytes(clinical_document(1))
    with at_home(new_home(tmp_path)) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        (held,) = archive.catalogue.holdings(takeover.number)

    def told(**more: dict[int, bytes]) -> tuple[bytes, Holding]:
        item = Item(ordinal=held.ordinal, path=held.path, size=held.size)
        member = (item, facts_of_holding(held), held.record)
        raw = inscribe_items(takeover.id, None, [member], **more)
        (found,) = holdings_of(read_description(raw, name="x"), patient=held.patient)
        return raw, found

    before, after = told(), told(sha1s={held.ordinal: held.sha1})
    assert (before[1].sha1, after[1]) == (b"", held)
    assert facts_of_holding(before[1]) == facts_of_holding(after[1])  # what the record commits to
    assert before[0] == after[0].replace(b'"sha1":"%s",' % held.sha1.hex().encode(), b"")
