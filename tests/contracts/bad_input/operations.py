"""The document's operations, each with a call that succeeds: else the corpus would only ever meet the 404."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from tests.contracts.bad_input.calls import JSON, Call, send
from tests.contracts.matrix import MATRIX, Row, shape
from tests.contracts.own_world import taken_back
from tests.contracts.stage import filled
from tests.contracts.world import ACTORS, World
from tests.factories.accounts import PASSWORD

FORM = "application/x-www-form-urlencoded"

#: Operations that no call can bring to a success here, and why.
OUT_OF_REACH = {
    "get_oidc_login": "no provider is set up here; tests/plugins/oidc has hostile ones",
    "get_oidc_callback": "no provider is set up here; tests/plugins/oidc has hostile ones",
}


@dataclass
class Operation:
    """``base``: a call as the actor ``letter`` that succeeds, or comes as far as one can; ``status``: its answer."""

    name: str
    method: str
    path: str
    spec: dict[str, Any]
    document: dict[str, Any]
    letter: str = "A"
    base: Call = field(default_factory=lambda: Call("GET", "/"))
    status: int = 0

    @cached_property
    def contents(self) -> dict[str, Any]:
        """The schema of the body by its content type."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return {name: self.resolved(one.get("schema", {})) for name, one in content.items()}

    @property
    def json_schema(self) -> dict[str, Any] | None:
        return self.contents.get(JSON)

    def parameters(self, place: str) -> list[dict[str, Any]]:
        return [one for one in self.spec.get("parameters", ()) if one["in"] == place]

    def resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


class Operations:
    """All of them, by ``operationId``, in a world."""

    def __init__(self, world: World, connection: Any, turn: int = 0, rows: Sequence[Row] = MATRIX) -> None:
        """``turn``: which of the callers and rows that would do is taken."""
        self.world, self.connection, self.turn, self.rows = world, connection, turn, rows
        self.document = world.client.get("/api/openapi.json").json
        self.by_hand = self.prepare()
        self.all = {one.name: one for one in self.read()}

    def read(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method, spec in item.items():
                if isinstance(spec, dict):
                    yield self.with_base(Operation(spec["operationId"], method.upper(), path, spec, self.document))

    def with_base(self, operation: Operation) -> Operation:
        found = [*self.candidates(operation)]
        turned = self.turn % len(found) if found else 0
        for letter, call in found[turned:] + found[:turned]:
            with taken_back(self.connection):
                self.world.restore_files()
                status = send(self.world.client.app, call, self.world.actors[letter].token).status_int
            if status < 400 or not operation.status:
                operation.letter, operation.base, operation.status = letter, call, status
            if status < 400:
                break
        return operation

    def candidates(self, operation: Operation) -> Iterator[tuple[str, Call]]:
        """Calls by actors who may, as the matrix has them."""
        if operation.name in self.by_hand:
            yield self.by_hand[operation.name]
            return
        own = operation.path.removeprefix("/api")
        like_it = re.compile(re.sub(r"\{\w+\}", r"[^/]+", own))
        rows = [row for row in self.rows if row.method == operation.method]
        for row in [one for one in rows if shape(one.path) == shape(own)] or [
            one for one in rows if like_it.fullmatch(one.path.partition("?")[0])
        ]:
            for letter, status in zip(ACTORS, row.statuses, strict=True):
                if status < 300 or operation.name in OUT_OF_REACH:
                    yield letter, self.call(row, letter)

    def call(self, row: Row, letter: str) -> Call:
        path, _, query = self.world.fill(row.path, letter).partition("?")
        headers = {"If-Match": "*"} if row.method in ("PUT", "PATCH", "DELETE") else {}
        call = Call(row.method, path, query, headers)
        return call.with_json(filled(self.world, row.body, letter)) if row.body is not None else call

    def prepare(self) -> dict[str, tuple[str, Call]]:
        """What the matrix can't say, since it needs a secret or something that went before."""
        world, admin = self.world, self.world.actors["D"]
        credentials = {"username": f"{admin.get('/api/users/me/').json['username']}", "password": PASSWORD}
        tokens = admin.as_(None).post("/api/auth/login/", credentials, 200).json
        wanted = {"name": "Program", "scopes": ["introspect"], "grant_types": ["client_credentials"]}
        program = admin.post("/api/oauth/clients/", wanted).json
        secret = {"client_id": program["client_id"], "client_secret": program["client_secret"]}
        certificate = f"/api/users/certificates/{world.ids['certificate_X_elsewhere']}/"
        admin.put(f"{certificate}revocation/", {"reason": "x"}, headers={"If-Match": "*"})

        def form(path: str, **more: str) -> tuple[str, Call]:
            body = urlencode({**secret, **more}).encode()
            return "A", Call("POST", path, body=body, content_type=FORM)

        def json(path: str, body: Any) -> tuple[str, Call]:
            return "A", Call("POST", path).with_json(body)

        return {
            "post_login": json("/api/auth/login/", credentials),
            "post_token": json("/api/auth/token/", credentials),
            "post_token_refresh": json("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}),
            "post_oauth_token": form("/api/oauth/token/", grant_type="client_credentials", scope="introspect"),
            "post_oauth_revoke": form("/api/oauth/revoke/", token="cpo_x"),
            "post_oauth_introspect": form("/api/oauth/introspect/", token="cpo_x"),
            "delete_certificate_revocation": ("D", Call("DELETE", f"{certificate}revocation/")),
        }

    def failing(self) -> list[Operation]:
        """Those whose call does not succeed."""
        return [one for one in self.all.values() if not 0 < one.status < 400]
