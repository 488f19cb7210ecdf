"""Whether a credential is valid, far from the platform: with the file, the published keys and a status list.

It knows the form that this platform issues, and refuses any other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plugins.accounts.api import PublishedKeys, Unreadable, Unverifiable, read_object

from .proofs import key_of_proof, verify_proof
from .status import is_set

#: How far the issuer's clock may be ahead of the reader's.
CLOCK_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Verified:
    """What a genuine, valid credential says. ``status_unknown``: why it can't be told whether it is revoked."""

    student_name: str
    course_title: str
    teacher_name: str
    issuer: str
    issuer_name: str
    issued_at: str
    kid: str
    status_unknown: str | None


def verify_credential(
    document: dict[str, Any], keys: PublishedKeys, read_list: Callable[[str], bytes], now: datetime
) -> Verified:
    """``read_list(address)``: the status list at an address. Raises: Unverifiable; what it raises but Unreadable."""
    kid = verify_issued(document, "OpenBadgeCredential", keys, now)
    try:
        subject, entry = document["credentialSubject"], document["credentialStatus"]
        (student,) = subject["identifier"]
        found = Verified(
            student_name=student["identityHash"],
            course_title=subject["achievement"]["name"],
            teacher_name=subject["source"]["name"],
            issuer=document["issuer"]["id"],
            issuer_name=document["issuer"]["name"],
            issued_at=document["validFrom"],
            kid=kid,
            status_unknown=None,
        )
        address, bit = entry["statusListCredential"], int(entry["statusListIndex"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unverifiable("it is no certificate of this form") from error
    try:
        content = read_list(address)
    except Unreadable as error:
        return Verified(**{**vars(found), "status_unknown": str(error)})
    require_not_revoked(read_object(content, "the status list"), address, bit, keys, found.issuer, now)
    return found


def require_not_revoked(
    document: dict[str, Any], address: str, bit: int, keys: PublishedKeys, issuer: str, now: datetime
) -> None:
    """Raises: Unverifiable for a revoked one, and for a list that is not the issuer's, not this one or out of date."""
    try:
        verify_issued(document, "BitstringStatusListCredential", keys, now)
        is_this = document["id"] == address and document["issuer"] == issuer
        subject = document["credentialSubject"]
        if not is_this or subject["statusPurpose"] != "revocation":
            raise Unverifiable("it is another list")
    except (KeyError, TypeError) as error:
        raise Unverifiable("the status list is of an unknown form") from error
    except Unverifiable as error:
        raise Unverifiable(f"the status list is of no use: {error}") from error
    if is_set(subject.get("encodedList"), bit):
        raise Unverifiable("it was revoked, or withdrawn, by its issuer")


def verify_issued(document: dict[str, Any], kind: str, keys: PublishedKeys, now: datetime) -> str:
    """The kid of a credential that its issuer signed and that counts now. Raises: Unverifiable."""
    signer, kid = key_of_proof(document)
    verify_proof(document, keys.key(kid, did=signer))
    issuer = document.get("issuer")
    if signer != (issuer.get("id") if isinstance(issuer, dict) else issuer):
        raise Unverifiable("it was signed by another than its issuer")
    types = document.get("type")
    if not isinstance(types, list) or kind not in types:
        raise Unverifiable("it is a statement of another kind")
    if moment(document.get("validFrom")) > now + CLOCK_SKEW:
        raise Unverifiable("it is not valid yet")
    if "validUntil" in document and moment(document["validUntil"]) <= now:
        raise Unverifiable("it is out of date")
    return kid


def moment(text: Any) -> datetime:
    """Raises: Unverifiable."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise Unverifiable("its dates can't be read") from error
