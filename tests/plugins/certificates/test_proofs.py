"""Signatures within JSON, and the words that they are over."""

import copy
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openbadgeslib.ob3.contexts import document_loader
from pyld import jsonld

from plugins.accounts.api import OpenKey, Unverifiable
from plugins.certificates.proofs import add_proof, canonical, key_of_proof, signed_bytes, verify_proof
from tests.factories.certificates import make_certificate

DID = "did:web:courses.test"


@pytest.fixture(scope="module")
def key():
    private = Ed25519PrivateKey.generate()
    return OpenKey("a-kid", "EdDSA", private, private.public_key())


@pytest.fixture
def document(client, course, enrolled):
    body = enrolled.get(make_certificate(client, course, enrolled) + "credential/").json
    return {name: value for name, value in body.items() if name != "proof"}


def test_our_words_mean_what_the_published_contexts_say(client, document):
    status_list = client.get("/api/status-lists/0/").json
    for body in (document, status_list):
        (proof,) = body.pop("proof", [{}])
        proof["@context"] = body["@context"]
        for ours in (body, proof):
            options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": document_loader()}
            assert canonical(ours).decode() == jsonld.normalize(ours, options)


def test_what_was_signed_is_verified(key, document):
    signed = add_proof(document, key, DID)
    assert key_of_proof(signed) == (DID, "a-kid")
    verify_proof(signed, key.public)
    verify_proof(dict(reversed(signed.items())), key.public)
    with pytest.raises(Unverifiable):
        verify_proof(signed, Ed25519PrivateKey.generate().public_key())


def grafted(document, **changes):
    return {**copy.deepcopy(document), **changes}


def test_what_canonical_statements_leave_out_cannot_be_slipped_in(key, document):
    """Each of these has the very statements that were signed."""
    signed = add_proof(document, key, DID)
    subject = signed["credentialSubject"]
    for changed in (
        grafted(signed, evidence="a PhD"),
        grafted(signed, validUntil=None),
        grafted(signed, credentialSubject={**subject, "grade": "A"}),
        grafted(signed, validUntil=[]),
    ):
        assert signed_bytes(without_proof(changed), options_of(changed)) == signed_bytes(document, options_of(signed))
        with pytest.raises(Unverifiable):
            verify_proof(changed, key.public)


def without_proof(document):
    return {name: value for name, value in document.items() if name != "proof"}


def options_of(document):
    return {name: value for name, value in document["proof"][0].items() if name != "proofValue"}


def test_a_document_that_would_take_for_ever_is_refused_at_once(key, document):
    signed = add_proof(document, key, DID)
    poison = {"identifier": [{"source": [{"name": "x"} for _ in range(8)]} for _ in range(2)]}
    deep = {"name": "x"}
    for _ in range(500):
        deep = {"id": "urn:x", "source": deep}
    for hostile in (poison, deep, {"id": "x"}, 1, 1.5, None, [[[[[[[[[["x"]]]]]]]]]]):
        start = time.monotonic()
        with pytest.raises(Unverifiable):
            verify_proof(grafted(signed, credentialSubject=hostile), key.public)
        assert time.monotonic() - start < 1


@pytest.mark.parametrize("context", [None, [], "https://www.w3.org/ns/credentials/v2", ["https://evil.example/"], [{}]])
def test_no_other_words_are_understood(key, document, context):
    signed = add_proof(document, key, DID)
    with pytest.raises(Unverifiable):
        verify_proof(grafted(signed, **{"@context": context}), key.public)


@pytest.mark.parametrize(
    "changes",
    [
        {"cryptosuite": "eddsa-jcs-2022"},
        {"type": "Ed25519Signature2020"},
        {"proofPurpose": "authentication"},
        {"created": "2030-01-01T00:00:00Z"},
        {"verificationMethod": 7},
        {"proofValue": None},
    ],
)
def test_only_one_kind_of_proof_is_understood(key, document, changes):
    signed = add_proof(document, key, DID)
    signed["proof"][0].update(changes)
    with pytest.raises(Unverifiable):
        key_of_proof(signed)
        verify_proof(signed, key.public)


def test_what_has_no_proof_is_refused(document):
    for proof in (None, [], "x", {}, [{}], [{}, {}], ["x"]):
        with pytest.raises(Unverifiable):
            key_of_proof({**document, "proof": proof})
