"""HTTP to a provider: every wait and every answer is bounded, no redirect is followed.

A provider is another house: slow, down or hostile, it may cost one request a few seconds, never a thread or the memory.
"""

from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException, TooManyRedirects

from courseplatform.api import ApiError, BoundedAdapter, Forbidden, TooLarge, Unavailable

CONNECT_S, TOTAL_S = 3, 5
MAX_ANSWER_BYTES = 512 * 1024


class Session(OAuth2Session):
    """Authlib's client on bounded wires."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(code_challenge_method="S256", max_redirects=0, **kw)
        for scheme in ("https://", "http://"):
            self.mount(scheme, BoundedAdapter(connect_s=CONNECT_S, total_s=TOTAL_S, max_bytes=MAX_ANSWER_BYTES))
        self.headers["Accept-Encoding"] = "identity"

    def read(self, url: str, access_token: str | None = None) -> dict[str, Any]:
        """A JSON object. Raises: Unavailable("provider_unavailable"), ApiError("provider_untrusted")."""
        headers = {"Accept": "application/json"}
        if access_token:
            headers["Authorization"] = f"Bearer {access_token}"
        try:
            response = self.get(url, withhold_token=True, headers=headers, allow_redirects=False)
            if response.status_code >= 500:
                raise Unavailable("provider_unavailable")
            answer = response.json() if response.status_code == 200 else None
        except RequestException as error:
            raise unavailable_or_untrusted(error) from error
        except RecursionError as error:  # nested without end
            raise ApiError("provider_untrusted") from error
        if not isinstance(answer, dict):
            raise ApiError("provider_untrusted")
        return answer

    def exchange(self, url: str, code: str, code_verifier: str) -> dict[str, Any]:
        """The provider's tokens for a code. Raises: Forbidden("provider_denied") for a code it refuses; as ``read``."""
        try:
            answer = self.fetch_token(
                url, code=code, code_verifier=code_verifier, grant_type="authorization_code", allow_redirects=False
            )
        except OAuthError as error:
            raise Forbidden("provider_denied") from error
        except RequestException as error:
            raise unavailable_or_untrusted(error) from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            # Authlib trusts the answer to be an object with such members as it should have.
            raise ApiError("provider_untrusted") from error
        return dict(answer)


def unavailable_or_untrusted(error: RequestException) -> ApiError:
    # An answer came, but it sends us elsewhere, has no end or is no JSON.
    has_answered = isinstance(error, (TooManyRedirects, TooLarge, ValueError))
    return ApiError("provider_untrusted") if has_answered else Unavailable("provider_unavailable")


def safe_url(text: Any) -> str:
    """An https address; http only on this machine. Raises: ValueError."""
    parts = urlsplit(text) if isinstance(text, str) else None
    if parts is None or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError
    is_local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ValueError
    return str(text)
