"""Making and opening archives: what fails may be tried again, and parts of two archives are never mixed."""

from pathlib import Path

import pytest

from repository.catalogue.catalogue import create_catalogue
from repository.catalogue.errors import CatalogueExists, CatalogueMissing, CatalogueUnavailable
from repository.errors import HomeDamaged, HomeExists, HomeMissing, SecretMissing
from repository.runtime import create_archive, open_archive
from repository.settings import Settings
from storage.errors import KeyFileMissing, KeyRingExists, StoreRefused
from storage.keys.protection import Protection, by_key_file, new_key_file
from storage.keys.ring import write_private


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_private(tmp_path / "key", new_key_file())
    return Settings(home=tmp_path / "home", key_file=tmp_path / "key")


def protection(settings: Settings) -> Protection:
    assert settings.key_file is not None
    return by_key_file(settings.key_file.read_bytes())


def test_an_archive_that_was_made_opens(settings: Settings) -> None:
    home = create_archive(settings, protection=protection(settings))
    with open_archive(settings) as archive:
        assert archive.id == home.archive
        assert archive.log_key.startswith(f"edm-archive/{home.archive.hex}+")


def test_an_archive_is_not_made_over_another(settings: Settings) -> None:
    create_archive(settings, protection=protection(settings))
    before = (settings.home / "keyring.json").read_bytes()
    with pytest.raises(HomeExists):
        create_archive(settings, protection=protection(settings))
    assert (settings.home / "keyring.json").read_bytes() == before


def test_what_failed_may_be_tried_again(settings: Settings) -> None:
    with pytest.raises(StoreRefused):
        create_archive(settings, protection=protection(settings), store="nowhere")
    with pytest.raises(CatalogueUnavailable):
        create_archive(settings, protection=protection(settings), catalogue="postgresql://127.0.0.1:1/none")
    create_archive(settings, protection=protection(settings))
    with open_archive(settings) as archive:
        assert archive.catalogue.takeovers() == []


def test_a_key_ring_without_its_archive_is_left_alone(settings: Settings) -> None:
    create_archive(settings, protection=protection(settings))
    (settings.home / "archive.json").unlink()
    with pytest.raises(KeyRingExists):
        create_archive(settings, protection=protection(settings))


def test_the_catalogue_of_another_archive_is_not_taken(settings: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    other = create_catalogue(url)
    other.set_archive("0" * 32)
    other.close()
    with pytest.raises(CatalogueExists):
        create_archive(settings, protection=protection(settings), catalogue=url)


@pytest.mark.parametrize("part", ["keyring.json", "catalogue.sqlite"])
def test_parts_of_two_archives_are_not_opened_together(settings: Settings, tmp_path: Path, part: str) -> None:
    create_archive(settings, protection=protection(settings))
    other = Settings(home=tmp_path / "second", key_file=settings.key_file)
    create_archive(other, protection=protection(settings))
    (settings.home / part).write_bytes((other.home / part).read_bytes())
    with pytest.raises(HomeDamaged, match="another archive"), open_archive(settings):
        pass


def test_what_is_missing_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(HomeMissing), open_archive(settings):
        pass
    create_archive(settings, protection=protection(settings))
    with pytest.raises(SecretMissing), open_archive(Settings(home=settings.home)):
        pass
    with pytest.raises(KeyFileMissing), open_archive(Settings(home=settings.home, key_file=tmp_path / "no")):
        pass
    (settings.home / "catalogue.sqlite").unlink()
    with pytest.raises(CatalogueMissing), open_archive(settings):
        pass
