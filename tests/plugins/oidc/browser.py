"""What a browser does in a sign-in: it keeps cookies, and carries an answer from the provider to the platform."""

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from courseplatform.testing import Client

JSON = {"Accept": "application/json"}


class Browser:
    """``token``: of the user who is signed in, for linking."""

    def __init__(self, client: Client, provider: str = "one", token: str | None = None) -> None:
        self.client = client.as_(token)
        self.anonymous = client.as_(None)
        self.address = f"/api/auth/oauth/{provider}"
        self.cookies: dict[str, str] = {}

    def begin(self, status: int = 200, **query: str) -> Any:
        """The address where the provider asks its user."""
        response = self.client.get(f"{self.address}/login/?{urlencode(query)}", status=status, headers=JSON)
        self.keep(response)
        return response.json["authorization_url"] if status == 200 else response

    def end(self, status: int = 200, **query: str) -> Any:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        response = self.anonymous.get(f"{self.address}/callback/?{urlencode(query)}", status=status, headers=headers)
        self.keep(response)
        return response

    def keep(self, response: Any) -> None:
        for header in response.headers.getall("Set-Cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
