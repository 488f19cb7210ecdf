"""Signatures within JSON: the Data Integrity cryptosuite ``eddsa-rdfc-2022`` (W3C VC Data Integrity EdDSA, 3.2).

What is signed is the meaning of a document, as statements in canonical order, so that it may be reformatted. This is
what Open Badges 3.0 has for Ed25519: its JWTs are signed with RSA, and 1EdTech's validator refuses others.
"""

from collections.abc import Iterator
from hashlib import sha256
from threading import Lock
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from plugins.accounts.api import OpenKey, Unverifiable, multibase, verification_method

from .terms import CONTEXTS, OPEN_BADGES_CONTEXT, VC_CONTEXT

PROOF = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod"}
SIGNATURE_BYTES = 64
#: The order of nodes without a name may take a time beyond all bounds to find. Ours have three.
MAX_NAMELESS = 6
MAX_DEPTH = 8
#: PyLD's caches are shared by all threads, and not safe.
_processor = Lock()


def add_proof(document: dict[str, Any], key: OpenKey, did: str) -> dict[str, Any]:
    """The document, signed by ``did`` with one of its keys. The same input gives the same bytes.

    A list of one proof: the schema of Open Badges wants a list.
    """
    options = {**PROOF, "verificationMethod": verification_method(did, key.kid)}
    signature = key.private.sign(signed_bytes(document, options))
    return {**document, "proof": [{**options, "proofValue": multibase.to_base58(signature)}]}


def key_of_proof(document: dict[str, Any]) -> tuple[str, str]:
    """Whose proof it says it is, and the kid. Raises: Unverifiable for a proof of another kind."""
    proofs = document.get("proof")
    if not isinstance(proofs, list) or len(proofs) != 1 or not isinstance(proofs[0], dict):
        raise Unverifiable("it has no signature, or more than one")
    method = proofs[0].get("verificationMethod")
    rest = {name: value for name, value in proofs[0].items() if name not in ("verificationMethod", "proofValue")}
    if rest != PROOF or not isinstance(method, str):
        raise Unverifiable("its signature is of an unknown kind")
    did, _, kid = method.partition("#")
    return did, kid


def verify_proof(document: dict[str, Any], key: Ed25519PublicKey) -> None:
    """Raises: Unverifiable unless everything that the document says was signed with the key."""
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    (proof,) = document["proof"]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    said = count_statements(unsigned)
    try:
        signature = multibase.from_base58(proof["proofValue"], SIGNATURE_BYTES)
        key.verify(signature, signed_bytes(unsigned, options))
        signed = canonical(unsigned).count(b"\n")
    except (InvalidSignature, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unverifiable("the signature is not the issuer's, or what was signed has been changed") from error
    if said != signed:
        raise Unverifiable("it says something that was not signed")


def count_statements(document: dict[str, Any]) -> int:
    """How many statements the JSON makes: one for each value but an id. JSON-LD leaves out what it doesn't know.

    Raises: Unverifiable for a document that could take for ever to put in order.
    """
    if document.get("@context") not in ([VC_CONTEXT], [VC_CONTEXT, OPEN_BADGES_CONTEXT]):
        raise Unverifiable("it is written in words of unknown meaning")
    nodes = list(nodes_of({name: value for name, value in document.items() if name != "@context"}))
    if sum("id" not in node for node in nodes) > MAX_NAMELESS:
        raise Unverifiable("it is of an unknown form")
    values = [value for node in nodes for name, value in node.items() if name != "id"]
    return sum(max(1, len(value)) if isinstance(value, list) else 1 for value in values)


def nodes_of(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every object within. Raises: Unverifiable if they are nested deeper than a certificate's."""
    if depth > MAX_DEPTH:
        raise Unverifiable("it is of an unknown form")
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes_of(inner, depth + 1)


def signed_bytes(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """Hash of the proof's options, then hash of the document. Raises: ValueError for what is no JSON-LD."""
    options = {"@context": document["@context"], **options}
    return sha256(canonical(options)).digest() + sha256(canonical(document)).digest()


def canonical(document: dict[str, Any]) -> bytes:
    """N-Quads in the order of RDFC-1.0. Raises: ValueError."""
    from pyld import jsonld

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load_context}
    with _processor:
        try:
            quads: str = jsonld.normalize(document, options)
        except jsonld.JsonLdError as error:
            raise ValueError("not JSON-LD") from error
    return quads.encode()


def load_context(address: str, options: dict[str, Any]) -> dict[str, Any]:
    """Instead of the network. Raises: ValueError for a context that is not ours."""
    if address not in CONTEXTS:
        raise ValueError(address)
    document = {"@context": CONTEXTS[address]}
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address, "document": document}
