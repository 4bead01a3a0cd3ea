"""A decision of the past taken again, from its account and from what was known then (R463-5: the decision is stored).

The account holds who asked, what for and what; the catalogue holds the attributes of the holding, and the journal the
facts as they stood. `same_outcome` says whether the archive decided then as it decides now under the rules of then.
"""

from datetime import datetime

from repository.access.account import PERMITTED, Account
from repository.access.decision import Decision, decide
from repository.access.facts import Facts
from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_of
from repository.access.subject import Operation, Subject


def request_of(account: Account, subject: Subject) -> AccessRequest:
    """The request that `account` is of. `subject` has the attributes that an account does not hold."""
    house = account.organisation_id
    return AccessRequest(
        principal=Principal(
            kind=PrincipalKind(account.kind),
            id=account.id,
            given_name=account.given_name,
            surname=account.surname,
            role=account.role,
            npwz=account.npwz,
            identifier=account.identifier,
            organisation=Organisation(house, account.organisation, account.organisation_role) if house else None,
            identification=_identification(account),
        ),
        purpose=Purpose(account.purpose) if account.purpose else None,
        operation=Operation(account.operation),
        subject=subject,
        at=datetime.fromisoformat(account.at),
        door=account.door,
        basis=account.basis,
        reason=account.reason,
        evidence=account.evidence,
    )


def rederive(account: Account, facts: Facts, *, subject: Subject) -> Decision:
    """The decision on it under the rules of then. `facts` as they are known now will do, as far as they keep when each
    was recorded and ended. Raises KeyError for rules that this edition does not have."""
    return decide(request_of(account, subject), facts, rules=rules_of(account.rules))


def same_outcome(account: Account, decision: Decision) -> bool:
    """Whether the account says what the decision says, as far as it may be told."""
    return (account.outcome == PERMITTED, account.reasons, account.rule, account.duties) == (
        decision.permitted,
        decision.told,
        decision.rule,
        decision.duties,
    )


def _identification(account: Account) -> Identification | None:
    if not account.method:
        return None
    return Identification(
        Method(account.method),
        Assurance(account.assurance),
        account.proof,
        datetime.fromisoformat(account.identified_at),
        datetime.fromisoformat(account.identified_until),
    )
