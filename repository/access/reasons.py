"""Why something was refused, in words: each reason that a decision can give → what it means and what to do next.

A refusal always has a reason in writing (R463-7.1, 7.2; regulation on medical documentation § 71). Who may be told
which: `Decision.told`; `SECOND_PERSON_MISSING` is for those alone who may know of special protection.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.errors import Text


@dataclass(frozen=True, slots=True)
class Reason:
    what: Text
    todo: Text


REASONS: Mapping[str, Reason] = {
    "IDENT_INCOMPLETE": Reason(
        Text(
            en="It is not known well enough who asks: the identity, its proof, the name, the licence number or the"
            " organisation is missing, too weak, or not good at this moment.",
            pl="Nie ustalono w pełni, kto prosi o dostęp: brak tożsamości, jej dowodu, imienia i nazwiska, numeru prawa"
            " wykonywania zawodu lub podmiotu albo dowód jest zbyt słaby lub obecnie nieważny.",
        ),
        Text(
            en="Sign in again with a means that proves who you are, and have the account completed.",
            pl="Zaloguj się ponownie środkiem potwierdzającym tożsamość i uzupełnij dane konta.",
        ),
    ),
    "AUTHZ_INCOMPLETE": Reason(
        Text(
            en="Nothing entitles this person or body to that, for this purpose.",
            pl="Nic nie uprawnia tej osoby ani podmiotu do tego w podanym celu.",
        ),
        Text(
            en="Check the purpose, and name the demand or letter where the law asks for one. Otherwise ask the"
            " custodian for a grant, or the patient for consent.",
            pl="Sprawdź cel i wskaż żądanie lub pismo, gdy wymaga tego prawo. W innym razie poproś przechowawcę o"
            " uprawnienie albo pacjenta o zgodę.",
        ),
    ),
    "CONSENT_MISSING": Reason(
        Text(
            en="There is no consent of the patient in force that covers this, for this purpose and this recipient.",
            pl="Brak obowiązującej zgody pacjenta, która obejmuje te dane, ten cel i tego odbiorcę.",
        ),
        Text(
            en="Ask the patient, or the statutory representative, for consent and record it.",
            pl="Poproś pacjenta lub przedstawiciela ustawowego o zgodę i zarejestruj ją.",
        ),
    ),
    "OBJECTION": Reason(
        Text(
            en="The patient has objected to this use of the record.",
            pl="Pacjent sprzeciwił się takiemu wykorzystaniu dokumentacji.",
        ),
        Text(
            en="Only the patient can withdraw the objection. To save a life, ask with the purpose `emergency`.",
            pl="Sprzeciw może wycofać tylko pacjent. Dla ratowania życia poproś o dostęp w celu `emergency`.",
        ),
    ),
    "PURPOSE_MISSING": Reason(
        Text(en="It was not said what the reading is for.", pl="Nie podano celu przetwarzania."),
        Text(en="Say the purpose: no reading goes without one.", pl="Podaj cel: bez niego nie ma dostępu."),
    ),
    "BASIS_MISSING": Reason(
        Text(
            en="No legal basis was named that this body may invoke on this day.",
            pl="Nie wskazano podstawy prawnej, na którą ten podmiot może się powołać w tym dniu.",
        ),
        Text(
            en="Name a basis of art. 26(3) of the patient rights act that is meant for this kind of body.",
            pl="Wskaż podstawę z art. 26 ust. 3 ustawy o prawach pacjenta właściwą dla tego rodzaju podmiotu.",
        ),
    ),
    "REASON_MISSING": Reason(
        Text(
            en="The glass is broken only for a reason, and none was given.",
            pl="Dostęp ratunkowy wymaga podania powodu, a go nie podano.",
        ),
        Text(
            en="Say in words why a life is in danger. The access is marked and a person reviews it.",
            pl="Opisz, na czym polega zagrożenie życia. Dostęp zostanie oznaczony i sprawdzony.",
        ),
    ),
    "SECOND_PERSON_MISSING": Reason(
        Text(
            en="The record is under special protection, and no second person has let this reading happen.",
            pl="Dokumentacja podlega szczególnej ochronie, a druga osoba nie zatwierdziła tego odczytu.",
        ),
        Text(
            en="Ask a second authorised person to approve this reading; do not tell the requester of the protection.",
            pl="Poproś drugą uprawnioną osobę o zatwierdzenie; nie ujawniaj ochrony osobie proszącej o dostęp.",
        ),
    ),
    "FACTS_MISSING": Reason(
        Text(
            en="Something that the decision depends on could not be asked at this moment.",
            pl="Nie udało się teraz ustalić okoliczności, od której zależy decyzja.",
        ),
        Text(
            en="Try again. If it stays so, let the administrator run `edm-archive doctor`.",
            pl="Spróbuj ponownie. Jeśli to nie pomoże, administrator powinien uruchomić `edm-archive doctor`.",
        ),
    ),
}
