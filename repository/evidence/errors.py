"""What can go wrong with the evidence log and its proofs.

ArchiveError
├─ LogError
│  ├─ LogContradiction     two accounts of the same entries: never signed
│  ├─ CatalogueBehindLog   the catalogue was restored from an old backup
│  ├─ LogRolledBack        the store was restored from an old backup
│  ├─ LogDamaged           a part of the log cannot be used
│  ├─ NotInLog             an entry or size that no checkpoint covers
│  ├─ LogContended         other signers were faster too many times
│  └─ PaperForged          a signed paper (a protocol) that this archive did not sign
├─ NoteError
│  ├─ NoteMalformed · NoteForged · NoteUnsigned
│  └─ VerifierKeyMalformed
├─ RecordMalformed
└─ ProofError
   ├─ NotAProof            not a proof file of this archive's kind
   ├─ FileDiffers          the file is not the one that was recorded
   ├─ RecordNotInLog       the record is not what the log committed to
   ├─ CheckpointForged     the signature on the checkpoint is bad
   ├─ UnknownLog           signed by nobody whose key was given
   └─ NotOfAFile           the proof of an event, not of a file
"""

from storage.errors import NOTHING_LOST, ArchiveError, Text

_NOTHING_SIGNED = Text(
    en="Nothing was signed, and nothing that the log holds was changed.",
    pl="Niczego nie podpisano i niczego w rejestrze dowodowym nie zmieniono.",
)
_REBUILD = Text(
    en="Run `edm-archive verify`, then make the catalogue anew from the store with `edm-archive rebuild`.",
    pl="Uruchom `edm-archive verify`, a następnie odtwórz katalog z magazynu: `edm-archive rebuild`.",
)


class LogError(ArchiveError):
    code = "LOG-000"
    exit_code = 5
    kept = _NOTHING_SIGNED
    what = Text(en="The evidence log cannot be used.", pl="Nie można użyć rejestru dowodowego.")
    todo = _REBUILD


class LogContradiction(LogError):
    """`place` names the object, or the entry, about which there are two accounts."""

    code = "LOG-001"
    what = Text(
        en="The evidence log at {place} says something else than this archive was about to sign.",
        pl="Rejestr dowodowy w miejscu {place} zawiera co innego, niż archiwum miało podpisać.",
    )


class CatalogueBehindLog(LogError):
    code = "LOG-002"
    what = Text(
        en="The catalogue knows {catalogue} entries, and {signed} are signed: it was restored from an old backup.",
        pl="Katalog zna {catalogue} wpisów, a podpisano {signed}: odtworzono go ze starej kopii.",
    )


class LogRolledBack(LogError):
    code = "LOG-003"
    what = Text(
        en="The catalogue noted a checkpoint over {noted} entries; the newest one in the store covers {stored}.",
        pl="Katalog odnotował punkt kontrolny na {noted} wpisów; najnowszy w magazynie obejmuje {stored}.",
    )
    todo = Text(
        en="The store was restored from an old backup, or objects under log/ were removed. Put them back from a copy.",
        pl="Magazyn odtworzono ze starej kopii albo usunięto obiekty spod log/. Przywróć je z kopii.",
    )


class LogDamaged(LogError):
    code = "LOG-004"
    what = Text(
        en="The part {key} of the evidence log cannot be used: {reason}.",
        pl="Nie można użyć części {key} rejestru dowodowego: {reason}.",
    )
    todo = Text(
        en="Run `edm-archive verify` to learn what is affected, and restore the object from a copy.",
        pl="Uruchom `edm-archive verify`, aby ustalić skutki, i odtwórz obiekt z kopii.",
    )


class NotInLog(LogError):
    code = "LOG-005"
    what = Text(
        en="There is no entry {index} in the evidence log over {size} entries.",
        pl="W rejestrze dowodowym obejmującym {size} wpisów nie ma wpisu {index}.",
    )
    todo = Text(
        en="If its takeover is still running, finish it: `edm-archive takeover receive`.",
        pl="Jeśli przejęcie jeszcze trwa, dokończ je: `edm-archive takeover receive`.",
    )


class LogContended(LogError):
    code = "LOG-006"
    retryable = True
    what = Text(
        en="Other processes kept signing this log at the same time.",
        pl="Inne procesy wciąż podpisywały rejestr w tym samym czasie.",
    )
    todo = Text(
        en="Run the same command again: it goes on where it stopped.",
        pl="Uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )


class NoteError(ArchiveError):
    code = "NOT-000"
    exit_code = 5
    what = Text(en="The signed note cannot be trusted.", pl="Podpisanej notatce nie można ufać.")
    todo = Text(
        en="Take the note from its source again, and check the public key it is verified with.",
        pl="Pobierz notatkę ponownie ze źródła i sprawdź klucz publiczny użyty do weryfikacji.",
    )


class NoteMalformed(NoteError):
    code = "NOT-001"
    what = Text(en="This is not a signed note: {reason}.", pl="To nie jest podpisana notatka: {reason}.")


class NoteForged(NoteError):
    code = "NOT-002"
    what = Text(
        en="The signature by {name} does not fit the text of the note.",
        pl="Podpis {name} nie pasuje do treści notatki.",
    )


class NoteUnsigned(NoteError):
    code = "NOT-003"
    what = Text(
        en="The note bears no signature by a key that is known here.",
        pl="Notatka nie ma podpisu złożonego znanym kluczem.",
    )


class VerifierKeyMalformed(NoteError):
    code = "NOT-004"
    what = Text(en="This is not a verifier key: {reason}.", pl="To nie jest klucz weryfikujący: {reason}.")
    todo = Text(
        en="Give the whole line `name+hash+key` as the archive publishes it.",
        pl="Podaj cały wiersz `nazwa+skrót+klucz` w postaci ogłoszonej przez archiwum.",
    )


class RecordMalformed(ArchiveError):
    code = "REC-001"
    exit_code = 5
    what = Text(en="This is not a record of the archive: {reason}.", pl="To nie jest zapis archiwum: {reason}.")
    todo = Text(en="Take it from its source again.", pl="Pobierz go ponownie ze źródła.")


class ProofError(ArchiveError):
    code = "PRF-000"
    exit_code = 5
    kept = Text(
        en="The check reads only: the file and the proof are as they were.",
        pl="Sprawdzenie tylko czyta: plik i dowód pozostały bez zmian.",
    )
    what = Text(en="The proof does not hold.", pl="Dowód nie jest ważny.")
    todo = Text(
        en="Ask the archive for the file and its proof again: `edm-archive get`.",
        pl="Pobierz plik i dowód z archiwum ponownie: `edm-archive get`.",
    )


class NotAProof(ProofError):
    code = "PRF-001"
    what = Text(en="This is not a proof file: {reason}.", pl="To nie jest plik dowodu: {reason}.")


class FileDiffers(ProofError):
    code = "PRF-002"
    what = Text(
        en="The file is not the one that was taken over: it has {size} bytes and SHA-256 {sha256}, "
        "recorded are {recorded_size} bytes and {recorded_sha256}.",
        pl="Plik nie jest tym, który przejęto: ma {size} bajtów i SHA-256 {sha256}, "
        "a zapisano {recorded_size} bajtów i {recorded_sha256}.",
    )


class RecordNotInLog(ProofError):
    code = "PRF-003"
    what = Text(
        en="The record in the proof is not entry {index} of the log over {size} entries: "
        "the record, the index or the path was changed.",
        pl="Zapis z dowodu nie jest wpisem {index} rejestru obejmującego {size} wpisów: "
        "zmieniono zapis, numer albo ścieżkę.",
    )


class CheckpointForged(ProofError):
    code = "PRF-004"
    what = Text(
        en="The signature by {name} on the checkpoint does not fit: the checkpoint was changed.",
        pl="Podpis {name} pod punktem kontrolnym nie pasuje: punkt kontrolny zmieniono.",
    )


class UnknownLog(ProofError):
    code = "PRF-005"
    what = Text(
        en="The checkpoint of {origin} is not signed by a key that was given for that log.",
        pl="Punkt kontrolny {origin} nie jest podpisany kluczem podanym dla tego rejestru.",
    )
    todo = Text(
        en="Check that the public key is that of the archive the proof comes from.",
        pl="Sprawdź, czy klucz publiczny należy do archiwum, z którego pochodzi dowód.",
    )


class NotOfAFile(ProofError):
    code = "PRF-006"
    what = Text(
        en="The proof is of an event ({event}), not of a file.",
        pl="Dowód dotyczy zdarzenia ({event}), a nie pliku.",
    )
    todo = Text(
        en="Choose the proof that was given with this file.",
        pl="Wybierz dowód, który wydano razem z tym plikiem.",
    )


class PaperForged(LogError):
    """`purpose` is the kind of paper."""

    code = "LOG-020"
    kept = NOTHING_LOST
    what = Text(
        en="The {purpose} does not carry a valid signature of this archive.",
        pl="Dokument ({purpose}) nie ma ważnego podpisu tego archiwum.",
    )
    todo = Text(
        en="Fetch it again from the archive, and find out where this copy comes from.",
        pl="Pobierz go ponownie z archiwum i ustal pochodzenie tej kopii.",
    )
