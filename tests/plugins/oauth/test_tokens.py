"""Codes and tokens at the protocol endpoints: each is worth what it says, once, to its own client."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import sqlalchemy as sa

from courseplatform.testing import Client
from plugins.oauth.models import OAuthClient, OAuthGrant, OAuthToken
from tests.contracts.bad_input.bodies import CONTENT_TYPES, MALFORMED
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.oauth import FORM, REDIRECT_URI, VERIFIER, Application, make_application, make_personal_token

ME = "/api/users/me/"


@pytest.fixture(params=[True, False], ids=["confidential", "public"])
def any_app(client: Client, request: Any) -> Application:
    return make_application(client, is_confidential=request.param)


def works(client: Client, access_token: str) -> bool:
    answer = client.as_(access_token).get(ME, status=(200, 401))
    assert answer.status_int == 200 or answer.json["code"] == "invalid_token"
    return answer.status_int == 200


# --- codes


def test_a_code_gives_tokens(client: Client, any_app: Application, student: Actor) -> None:
    tokens = any_app.tokens(student)
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 900
    assert tokens["scope"] == "courses:read profile" and "id_token" not in tokens
    assert client.as_(tokens["access_token"]).get(ME).json["id"] == student.id


def test_a_redemption_is_repeated_with_its_key_by_who_has_the_same_credentials_only(
    client: Client, student: Actor
) -> None:
    app, other = make_application(client), make_application(client)
    code, key = app.code(student), {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}

    def redeem(by: Application, status: int) -> Any:
        basic = base64.b64encode(f"{by.id}:{by.secret}".encode()).decode()
        headers = {**key, "Authorization": f"Basic {basic}"}
        return client.call(
            "POST", "/api/oauth/token/", params=urlencode(form), content_type=FORM, headers=headers, status=status
        )

    first, second = redeem(app, 200), redeem(app, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json
    assert works(client, second.json["access_token"])
    assert redeem(other, 422).json["code"] == "idempotency_key_reused"


def test_a_second_use_of_a_code_is_refused_and_ends_what_the_first_made(
    client: Client, any_app: Application, student: Actor
) -> None:
    code = any_app.code(student)
    tokens = any_app.redeem(code)
    assert works(client, tokens["access_token"])
    assert any_app.redeem(code, status=400)["error"] == "invalid_grant"
    assert not works(client, tokens["access_token"])
    assert any_app.refresh(tokens["refresh_token"], status=400)["error"] == "invalid_grant"


def test_a_code_lives_for_a_minute(client: Client, any_app: Application, student: Actor) -> None:
    code, late = any_app.code(student), any_app.code(student)
    client.clock.move(seconds=59)
    any_app.redeem(code)
    client.clock.move(seconds=2)
    assert any_app.redeem(late, status=400)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_grant"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
        ({"code_verifier": "x"}, "invalid_request"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, None),
    ],
)
def test_a_code_without_what_belongs_to_it_gives_nothing(
    any_app: Application, student: Actor, changes: dict[str, Any], error: str | None
) -> None:
    code = any_app.code(student)
    status = 401 if error is None and any_app.secret is None else 400
    answer = any_app.redeem(**{"code": code, "status": status, **changes})
    assert "access_token" not in answer and answer["error"] == (error or answer["error"])
    any_app.redeem(code)  # and it was not used up by somebody else's try


def test_the_challenge_is_no_verifier(any_app: Application, student: Actor) -> None:
    """The downgrade to plain: a challenge that was never hashed."""
    code = any_app.code(student, code_challenge=VERIFIER)
    assert any_app.redeem(code, status=400)["error"] == "invalid_grant"


def test_a_code_is_worth_nothing_to_another_client(client: Client, any_app: Application, student: Actor) -> None:
    code = any_app.code(student)
    for thief in (make_application(client), make_application(client, is_confidential=False)):
        assert thief.redeem(code, status=400)["error"] == "invalid_grant"
    tokens = any_app.redeem(code)
    assert make_application(client).redeem(code, status=400)["error"] == "invalid_grant"
    assert works(client, tokens["access_token"])


# --- who the client is


def test_a_confidential_client_proves_who_it_is_in_the_header_or_in_the_form(app: Application, student: Actor) -> None:
    app.redeem(app.code(student))
    app.redeem(app.code(student), client_id=app.id, client_secret=app.secret)


def test_who_does_not_prove_to_be_the_client_gets_nothing(
    client: Client, app: Application, public_app: Application, student: Actor
) -> None:
    code, secret = app.code(student), str(app.secret)
    for basic in ((app.id, "wrong"), (app.id, ""), ("", secret), ("nobody", secret), (app.id.upper(), secret)):
        assert app.redeem(code, status=401, basic=basic)["error"] == "invalid_client"
    for form in (
        {"client_id": app.id},
        {"client_id": app.id, "client_secret": "wrong"},
        {"client_id": app.id.upper(), "client_secret": secret},
        {"client_id": "nobody", "client_secret": secret},
        {"client_id": "nobody"},
    ):
        assert app.redeem(code, status=401, **form)["error"] == "invalid_client"
    assert app.redeem(code, status=401, basic=(app.id, secret), client_id=public_app.id)["error"] == "invalid_client"
    twice = {"basic": (app.id, secret), "client_secret": secret}
    assert app.redeem(code, status=400, **twice)["error"] == "invalid_request"
    own = public_app.code(student)
    assert public_app.redeem(own, status=401, basic=(public_app.id, ""))["error"] == "invalid_client"
    assert public_app.redeem(own, status=401, client_id=public_app.id, client_secret="x")["error"] == "invalid_client"


@pytest.mark.parametrize(
    "header", ["Basic", "Basic ", "Basic !!!", "Basic //79", "Basic Og==", "Bearer x", "Digest a", "\xff"]
)
def test_no_authorization_header_crashes(client: Client, header: str) -> None:
    for path in ("token", "revoke", "introspect"):
        answer = client.call(
            "POST",
            f"/api/oauth/{path}/",
            raw=b"grant_type=refresh_token&refresh_token=x&token=x",
            content_type=FORM,
            headers={"Authorization": header},
        )
        assert (answer.status_int, answer.json["error"]) == (401, "invalid_client")


def test_no_body_crashes_a_protocol_endpoint(client: Client, app: Application) -> None:
    odd = [(FORM, b"grant_type=a&grant_type=b"), (FORM, b"token=%00"), (FORM, b"token=%ff"), (FORM, b"a=1&" * 500)]
    odd += [(FORM, urlencode({"grant_type": value}).encode()) for value in ("", '"\\', "é", "x" * 10_000)]
    odd += [("application/json", body) for body in MALFORMED] + [(one, b"token=x") for one in CONTENT_TYPES]
    for content_type, body in odd:
        for path in ("token", "revoke", "introspect"):
            answer = client.call("POST", f"/api/oauth/{path}/", raw=body, content_type=content_type)
            assert answer.status_int in (400, 401), (content_type, body[:50])
            assert answer.json["error"]


# --- refresh


def test_a_refresh_token_is_used_once_and_its_reuse_ends_the_family(
    client: Client, any_app: Application, student: Actor
) -> None:
    first = any_app.tokens(student)
    second = any_app.refresh(first["refresh_token"])
    third = any_app.refresh(second["refresh_token"])
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert works(client, third["access_token"])
    assert any_app.refresh(first["refresh_token"], status=400)["error"] == "invalid_grant"
    assert not works(client, third["access_token"])
    assert any_app.refresh(third["refresh_token"], status=400)["error"] == "invalid_grant"


def test_one_familys_end_leaves_the_others(client: Client, app: Application, student: Actor) -> None:
    one, other = app.tokens(student), app.tokens(student)
    app.refresh(one["refresh_token"])
    app.refresh(one["refresh_token"], status=400)
    assert works(client, other["access_token"])


def test_a_refresh_token_is_worth_nothing_to_another_client(
    client: Client, any_app: Application, student: Actor
) -> None:
    tokens = any_app.tokens(student)
    for thief in (make_application(client), make_application(client, is_confidential=False)):
        assert thief.refresh(tokens["refresh_token"], status=400)["error"] == "invalid_grant"
    fresh = any_app.refresh(tokens["refresh_token"])  # nor does the try end the family
    make_application(client).refresh(tokens["refresh_token"], status=400)
    assert works(client, fresh["access_token"])


def test_scopes_can_be_left_but_never_gained_by_refreshing(client: Client, app: Application, student: Actor) -> None:
    tokens = app.tokens(student, scope="profile courses:read")
    for scope in ("profile courses:read courses:write", "courses:write", "email"):
        assert app.refresh(tokens["refresh_token"], status=400, scope=scope)["error"] == "invalid_scope"
    less = app.refresh(tokens["refresh_token"], scope="profile")
    assert less["scope"] == "profile"
    client.as_(less["access_token"]).get("/api/courses/", status=403)
    assert app.refresh(less["refresh_token"])["scope"] == "courses:read profile"


def test_tokens_expire(client: Client, app: Application, student: Actor) -> None:
    tokens = app.tokens(student)
    client.clock.move(seconds=901)
    assert not works(client, tokens["access_token"])
    tokens = app.refresh(tokens["refresh_token"])
    client.clock.move(days=31)
    assert app.refresh(tokens["refresh_token"], status=400)["error"] == "invalid_grant"


def test_a_family_ends_after_a_year_however_often_it_was_refreshed(
    client: Client, app: Application, student: Actor
) -> None:
    tokens = app.tokens(student)
    for _ in range(13):
        client.clock.move(days=28)
        tokens = app.refresh(tokens["refresh_token"])
    client.clock.move(days=3)
    assert app.refresh(tokens["refresh_token"], status=400)["error"] == "invalid_grant"


def test_kinds_of_tokens_do_not_stand_in_for_one_another(client: Client, app: Application, student: Actor) -> None:
    tokens = app.tokens(student, scope="openid profile")
    code = app.code(student)
    for text in (
        tokens["refresh_token"],
        tokens["id_token"],
        code,
        str(app.secret),
        "cpo_",
        "cpp_x",
        "cpo_" + "x" * 9999,
    ):
        assert not works(client, text)
    for text in (tokens["access_token"], tokens["id_token"], code, student.token):
        assert app.refresh(text, status=400)["error"] == "invalid_grant"
    client.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, status=401)


def test_nothing_secret_is_stored(client: Client, app: Application, student: Actor) -> None:
    code = app.code(student)
    tokens = app.redeem(code)
    personal = make_personal_token(student, "profile")["token"]
    with client.script() as request:
        stored = "".join(
            str(request.db.execute(sa.text(f"SELECT array_agg(t::text) FROM {table} t")).scalar())
            for table in ("oauth_clients", "oauth_consents", "oauth_grants", "oauth_tokens", "personal_tokens")
        )
    for secret in (code, tokens["access_token"], tokens["refresh_token"], str(app.secret), personal):
        assert secret not in stored and secret[4:] not in stored


# --- what ends tokens


@pytest.mark.parametrize("how", ["deactivated", "erased", "password", "consent", "client", "revoked"])
def test_the_next_request_feels_the_end(client: Client, app: Application, admin: Actor, how: str) -> None:
    user = make_user(client)
    tokens = app.tokens(user)
    assert works(client, tokens["access_token"])
    if how == "deactivated":
        admin.patch(f"/api/users/{user.id}/", {"is_active": False})
        admin.patch(f"/api/users/{user.id}/", {"is_active": True})
    elif how == "erased":
        admin.delete(f"/api/users/{user.id}/")
    elif how == "password":
        body = {"current_password": PASSWORD, "new_password": "another long passphrase"}
        user.post("/api/auth/password-change/", body, status=200)
    elif how == "consent":
        (consent,) = user.get("/api/oauth/consents/").json["results"]
        assert consent["client"]["name"] == "App"
        user.delete(f"/api/oauth/consents/{consent['id']}/")
    elif how == "client":
        admin.delete(f"/api/oauth/clients/{app.id}/")
    else:
        assert app.post("revoke", token=tokens["refresh_token"]) == {}
    assert not works(client, tokens["access_token"])
    status = 401 if how == "client" else 400
    assert app.refresh(tokens["refresh_token"], status=status)["error"] in ("invalid_grant", "invalid_client")


def test_a_code_ends_with_the_consent_and_with_the_password(client: Client, app: Application) -> None:
    user = make_user(client)
    code = app.code(user)
    (consent,) = user.get("/api/oauth/consents/").json["results"]
    user.delete(f"/api/oauth/consents/{consent['id']}/")
    assert app.redeem(code, status=400)["error"] == "invalid_grant"
    code = app.code(user)
    body = {"current_password": PASSWORD, "new_password": "another long passphrase"}
    user.post("/api/auth/password-change/", body, status=200)
    assert app.redeem(code, status=400)["error"] == "invalid_grant"


def test_a_role_change_is_felt_by_the_next_request(
    client: Client, app: Application, admin: Actor, teacher: Actor
) -> None:
    program = app.signed_in(teacher, "courses:write")
    program.post("/api/courses/", {"title": "One"})
    admin.patch(f"/api/users/{teacher.id}/", {"role": "student"})
    assert program.post("/api/courses/", {"title": "Two"}, status=403).json["code"] == "forbidden"


def test_a_scope_that_the_client_loses_is_lost_by_its_tokens(
    client: Client, app: Application, admin: Actor, student: Actor
) -> None:
    program = app.signed_in(student, "profile courses:read")
    program.get("/api/courses/")
    admin.patch(f"/api/oauth/clients/{app.id}/", {"scopes": ["profile"]})
    program.get("/api/courses/", status=403)
    program.get(ME)


# --- revocation and introspection


def test_an_access_token_is_revoked_alone(client: Client, app: Application, student: Actor) -> None:
    tokens = app.tokens(student)
    app.post("revoke", token=tokens["access_token"], token_type_hint="access_token")
    assert not works(client, tokens["access_token"])
    app.refresh(tokens["refresh_token"])


def test_revoking_needs_the_tokens_client(client: Client, any_app: Application, student: Actor) -> None:
    tokens = any_app.tokens(student)
    other = make_application(client)
    assert other.post("revoke", 400, token=tokens["access_token"])["error"] == "invalid_grant"
    assert any_app.post("revoke", 401, basic=("x", "y"), token=tokens["access_token"])["error"] == "invalid_client"
    assert any_app.post("revoke", 400)["error"] == "invalid_request"
    assert works(client, tokens["access_token"])
    assert any_app.post("revoke", token="unknown") == {}
    assert any_app.post("revoke", token=tokens["access_token"], token_type_hint="odd") == {}
    assert not works(client, tokens["access_token"])


def test_introspection_tells_the_tokens_client_and_resource_servers(
    client: Client, app: Application, student: Actor
) -> None:
    tokens = app.tokens(student)
    server = make_application(client, grant_types=["client_credentials"], scopes=["introspect"])
    for asking in (app, server):
        told = asking.post("introspect", token=tokens["access_token"])
        assert told["active"] is True and told["scope"] == "courses:read profile"
        assert (told["sub"], told["client_id"], told["iss"]) == (student.id, app.id, "https://courses.test")
        assert told["exp"] - told["iat"] == 900
    assert app.post("introspect", token=tokens["refresh_token"])["active"] is True
    app.refresh(tokens["refresh_token"])
    assert app.post("introspect", token=tokens["refresh_token"]) == {"active": False}


def test_introspection_tells_nobody_else(
    client: Client, app: Application, public_app: Application, student: Actor
) -> None:
    token = app.tokens(student)["access_token"]
    assert make_application(client).post("introspect", token=token) == {"active": False}
    assert public_app.post("introspect", 401, token=public_app.tokens(student)["access_token"])["error"]
    assert app.post("introspect", 401, client_id=app.id, token=token)["error"] == "invalid_client"
    for unknown in ("unknown", student.token, make_personal_token(student, "profile")["token"]):
        assert app.post("introspect", token=unknown) == {"active": False}
    client.clock.move(seconds=901)
    assert app.post("introspect", token=token) == {"active": False}


def test_a_client_acting_as_itself_is_nobody(client: Client, app: Application, student: Actor) -> None:
    server = make_application(client, grant_types=["client_credentials"], scopes=["introspect", "courses:read"])
    token = server.post("token", grant_type="client_credentials")
    assert token["scope"] == "introspect" and "refresh_token" not in token
    for path in (ME, "/api/courses/", "/api/oauth/userinfo/"):
        client.as_(token["access_token"]).get(path, status=401)
    body = urlencode({"token": app.tokens(student)["access_token"]}).encode()
    told = client.as_(token["access_token"]).call("POST", "/api/oauth/introspect/", raw=body, content_type=FORM)
    assert told.json["sub"] == student.id
    users = client.as_(app.tokens(student)["access_token"])
    assert users.call("POST", "/api/oauth/introspect/", raw=body, content_type=FORM).status_int == 401
    public = make_application(client, is_confidential=False)
    form = urlencode({"token": public.tokens(student)["access_token"], "client_id": public.id}).encode()
    assert users.call("POST", "/api/oauth/introspect/", raw=form, content_type=FORM).status_int == 401
    refused = server.post("token", 400, grant_type="client_credentials", scope="courses:read")
    assert refused["error"] == "invalid_scope"
    assert app.post("token", 400, grant_type="client_credentials")["error"] == "unauthorized_client"


# --- OpenID Connect


def test_openid_brings_a_signed_id_token(client: Client, app: Application, student: Actor) -> None:
    tokens = app.tokens(student, scope="openid profile", nonce="n-1")
    keys = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").json)
    key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
    claims = jwt.decode(tokens["id_token"], key, algorithms=["RS256"], audience=app.id, issuer="https://courses.test")
    assert (claims["sub"], claims["nonce"]) == (student.id, "n-1")
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]


def test_userinfo_says_what_the_scopes_open(client: Client, app: Application, student: Actor) -> None:
    def told(scope: str) -> Any:
        return app.signed_in(student, scope).get("/api/oauth/userinfo/").json

    assert told("openid") == {"sub": student.id}
    assert told("openid email")["email"].endswith("@example.com") and told("openid email")["email_verified"] is False
    assert "email" not in told("openid profile") and told("openid profile")["preferred_username"]
    refused = app.signed_in(student, "profile email").get("/api/oauth/userinfo/", status=403)
    assert 'scope="openid"' in refused.headers["WWW-Authenticate"]


def test_discovery_names_what_is_there(client: Client, wsgi_app: Any) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        found = client.get(f"/.well-known/{name}").json
        assert found["issuer"] == "https://courses.test"
        assert found["code_challenge_methods_supported"] == ["S256"]
        assert found["authorization_response_iss_parameter_supported"] is True
        paths = {service.public_path for service in wsgi_app.registry.cornice_services.values()}
        for key in ("authorization", "token", "revocation", "introspection", "userinfo"):
            assert found[f"{key}_endpoint"].removeprefix("https://courses.test") in paths
        from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
        from authlib.oidc.discovery import OpenIDProviderMetadata

        AuthorizationServerMetadata(found).validate()
        OpenIDProviderMetadata(found).validate()
        client.get(found["jwks_uri"].removeprefix("https://courses.test"))


def test_what_is_over_is_forgotten(client: Client, app: Application, student: Actor) -> None:
    app.tokens(student)
    app.code(student)
    client.clock.move(days=38)
    from plugins.oauth.jobs import purge_tokens

    with client.script() as request:
        purge_tokens(request)
        counts = [request.db.scalar(sa.select(sa.func.count()).select_from(m)) for m in (OAuthToken, OAuthGrant)]
        assert counts == [0, 0] and request.db.scalar(sa.select(sa.func.count()).select_from(OAuthClient)) == 1
    assert json.dumps(app.ask(student)["is_consented"]) == "true"


def test_a_token_is_not_replayed_what_only_one_of_wider_scopes_was_told(
    client: Client, app: Application, student: Actor
) -> None:
    def ask(scope: str, status: int) -> Any:
        key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
        return app.signed_in(student, scope).post("/api/oauth/userinfo/", status=status, headers=key)

    wide = ask("openid email", 200)
    assert "email" in wide.json
    narrow = ask("openid", 422)
    assert narrow.json["code"] == "idempotency_key_reused"
    assert wide.json["email"] not in narrow.text
    assert ask("openid email", 200).headers["Idempotent-Replayed"] == "true"
