"""`sample`: a package for trying, the same for the same words."""

from tests.cli.running import Machine


def test_the_same_words_make_the_same_package(bare: Machine) -> None:
    first, second = bare.sample("a", "--seed", 7), bare.sample("b", "--seed", 7)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_damage_is_named(bare: Machine) -> None:
    answer = bare.json("sample", bare.folder / "p", "--damage", "--patients", 2)
    assert (answer["patients"], len(answer["damage"]["missing"])) == (2, 1)
    told = bare.done("sample", bare.folder / "q", "--damage", "--lang", "pl").stdout
    assert "  usunięto: data/" in told


def test_nothing_is_overwritten(bare: Machine) -> None:
    package = bare.sample("a")
    assert "SAM-001" in bare.done("sample", package, code=2).stderr
