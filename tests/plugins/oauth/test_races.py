"""Many at once: a code and a refresh token are worth one answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from courseplatform.testing import Client
from tests.factories.accounts import make_user
from tests.factories.oauth import FORM, REDIRECT_URI, VERIFIER, Application, make_application

THREADS = 32


def at_once(app: Application, **form: str) -> list[Any]:
    body = urlencode({"client_id": app.id, "client_secret": app.secret, **form}).encode()

    def send(_: int) -> Any:
        return Client(app.client.app).call("POST", "/api/oauth/token/", raw=body, content_type=FORM)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(send, range(THREADS)))


def one_winner(client: Client, app: Application, answers: list[Any]) -> None:
    statuses = sorted(answer.status_int for answer in answers)
    assert statuses == [200, *[400] * (THREADS - 1)], statuses
    assert {answer.json["error"] for answer in answers if answer.status_int == 400} == {"invalid_grant"}
    (won,) = [answer.json for answer in answers if answer.status_int == 200]
    # The others showed what was used already: that ends what the winner got.
    client.as_(won["access_token"]).get("/api/users/me/", status=401)
    app.refresh(won["refresh_token"], status=400)


def test_a_code_that_is_redeemed_many_times_at_once_gives_one_answer(committing_client: Client) -> None:
    app, user = make_application(committing_client), make_user(committing_client)
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    one_winner(committing_client, app, at_once(app, code=app.code(user), **form))


def test_a_refresh_token_that_is_used_many_times_at_once_gives_one_answer(committing_client: Client) -> None:
    app, user = make_application(committing_client), make_user(committing_client)
    token = app.tokens(user)["refresh_token"]
    one_winner(committing_client, app, at_once(app, grant_type="refresh_token", refresh_token=token))


def test_consenting_many_times_at_once_makes_one_consent(committing_client: Client) -> None:
    app, user = make_application(committing_client), make_user(committing_client)
    with ThreadPoolExecutor(THREADS) as pool:
        codes = list(pool.map(lambda _: app.code(committing_client.as_(user.token)), range(THREADS)))
    assert len(set(codes)) == THREADS
    assert len(user.get("/api/oauth/consents/").json["results"]) == 1
