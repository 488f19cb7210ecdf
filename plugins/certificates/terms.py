"""The words of our credentials: what their JSON-LD contexts say each one means.

The two contexts are published documents of hundreds of words. Signing needs the meaning of the few that we use, without
asking anyone: they stand here, and ``tests/plugins/certificates/test_proofs.py`` compares with the published ones.
"""

from typing import Any

VC_CONTEXT = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

VC = "https://www.w3.org/2018/credentials#"
STATUS = "https://www.w3.org/ns/credentials/status#"
SECURITY = "https://w3id.org/security#"
OPEN_BADGES = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
SCHEMA = "https://schema.org/"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


def link(iri: str) -> dict[str, str]:
    return {"@id": iri, "@type": "@id"}


def typed(iri: str, datatype: str) -> dict[str, str]:
    return {"@id": iri, "@type": datatype}


VC_TERMS: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    "name": SCHEMA + "name",
    "description": SCHEMA + "description",
    # A credential
    "VerifiableCredential": VC + "VerifiableCredential",
    "issuer": link(VC + "issuer"),
    "validFrom": typed(VC + "validFrom", DATE_TIME),
    "validUntil": typed(VC + "validUntil", DATE_TIME),
    "credentialSubject": link(VC + "credentialSubject"),
    "credentialStatus": link(VC + "credentialStatus"),
    # Its place in a status list, and the list
    "BitstringStatusListEntry": STATUS + "BitstringStatusListEntry",
    "statusPurpose": STATUS + "statusPurpose",
    "statusListIndex": STATUS + "statusListIndex",
    "statusListCredential": link(STATUS + "statusListCredential"),
    "BitstringStatusListCredential": STATUS + "BitstringStatusListCredential",
    "BitstringStatusList": STATUS + "BitstringStatusList",
    "encodedList": typed(STATUS + "encodedList", SECURITY + "multibase"),
    # Its proof
    "DataIntegrityProof": SECURITY + "DataIntegrityProof",
    "cryptosuite": typed(SECURITY + "cryptosuite", SECURITY + "cryptosuiteString"),
    "verificationMethod": link(SECURITY + "verificationMethod"),
    "proofPurpose": typed(SECURITY + "proofPurpose", "@vocab"),
    "assertionMethod": SECURITY + "assertionMethod",
}
OPEN_BADGES_TERMS: dict[str, Any] = {
    "OpenBadgeCredential": OPEN_BADGES + "OpenBadgeCredential",
    "Profile": OPEN_BADGES + "Profile",
    "url": typed(SCHEMA + "url", "https://www.w3.org/2001/XMLSchema#anyURI"),
    "AchievementSubject": OPEN_BADGES + "AchievementSubject",
    "identifier": OPEN_BADGES + "identifier",
    "IdentityObject": OPEN_BADGES + "IdentityObject",
    "hashed": typed(OPEN_BADGES + "hashed", "https://www.w3.org/2001/XMLSchema#boolean"),
    "identityHash": OPEN_BADGES + "identityHash",
    "identityType": OPEN_BADGES + "identityType",
    "source": link(OPEN_BADGES + "source"),
    "achievement": OPEN_BADGES + "achievement",
    "Achievement": OPEN_BADGES + "Achievement",
    "achievementType": OPEN_BADGES + "achievementType",
    "criteria": link(OPEN_BADGES + "Criteria"),
    "narrative": OPEN_BADGES + "narrative",
}
CONTEXTS = {VC_CONTEXT: VC_TERMS, OPEN_BADGES_CONTEXT: OPEN_BADGES_TERMS}
