"""``/auth/``: what is proved by a link in a mail, and the password. Links are shown by GET and used by POST:
a mail reader that looks a link up must not use it."""

from typing import Any

from courseplatform.api import NO_PERMISSION_REQUIRED, Request, Service

from . import addresses, credentials, mail_jobs
from .models import User
from .permissions import P
from .schemas import (
    AcceptedAnswer,
    Link,
    LinkAnswer,
    NewPassword,
    PasswordChange,
    PasswordReset,
    Token,
    TokenPairAnswer,
)

verification = Service("email_verification", "/auth/email-verification/", facet_of="/auth/")
verification_confirm = Service("email_verification_confirm", "/auth/email-verification/confirm/", facet_of="/auth/")
reset = Service("password_reset", "/auth/password-reset/", facet_of="/auth/")
reset_confirm = Service("password_reset_confirm", "/auth/password-reset/confirm/", facet_of="/auth/")
email_change = Service("email_change", "/auth/email-change/", facet_of="/auth/")
email_change_confirm = Service("email_change_confirm", "/auth/email-change/confirm/", facet_of="/auth/")
password_change = Service("password_change", "/auth/password-change/", facet_of="/auth/")


@verification.get(permission=NO_PERMISSION_REQUIRED, query=Link, answer=LinkAnswer)
@reset.get(permission=NO_PERMISSION_REQUIRED, query=Link, answer=LinkAnswer)
@email_change.get(permission=NO_PERMISSION_REQUIRED, query=Link, answer=LinkAnswer)
def show_link(request: Request) -> Any:
    """Where a mailed link leads without a front end: how to use its token. Looking it up changes nothing."""
    fields = ["token", "password"] if request.path.endswith("/password-reset/") else ["token"]
    return {"method": "POST", "path": f"{request.path}confirm/", "fields": fields}


@verification.post(permission=P.SIGNED_IN, answer=AcceptedAnswer, status=202)
def ask_for_verification(request: Request) -> Any:
    """Mail a link that verifies the own address; nothing is mailed if it is verified. 429 ``too_many_requests``."""
    request.hit_limit("email_verification", f"user:{request.identity.id}")
    request.enqueue(mail_jobs.send_verification_mail, user_id=request.identity.id)
    return accepted(request)


@verification_confirm.post(permission=NO_PERMISSION_REQUIRED, body=Token, status=204, has_dry_run=False)
def verify_email(request: Request) -> Any:
    """Verify an address by the token of a mailed link. 409 ``invalid_token_link``."""
    addresses.verify_email(request, **request.validated["body"])
    return request.no_content()


@reset.post(permission=NO_PERMISSION_REQUIRED, body=PasswordReset, answer=AcceptedAnswer, status=202)
def ask_for_reset(request: Request) -> Any:
    """Mail a link to set a new password. The answer is the same whether or not there is such an account.

    429 ``too_many_requests``.
    """
    email = request.validated["body"]["email"]
    request.hit_limit("password_reset_address", request.client_network)
    request.hit_limit("password_reset", f"account:{email.lower()}")
    request.enqueue(mail_jobs.send_reset_mail, email=email)  # which looks for the account: here it would take time
    return accepted(request)


@reset_confirm.post(permission=NO_PERMISSION_REQUIRED, body=NewPassword, status=204, has_dry_run=False)
def reset_password(request: Request) -> Any:
    """Set a password by the token of a mailed link; every session ends. 409 ``invalid_token_link``.

    422 for a weak password, which leaves the link as it was.
    """
    credentials.reset_password(request, **request.validated["body"])
    return request.no_content()


@password_change.post(permission=P.SIGNED_IN, body=PasswordChange, answer=TokenPairAnswer, has_dry_run=False)
def change_password(request: Request) -> Any:
    """Change the own password. Every session ends, this one too: the answer has the tokens of a new one.

    403 ``wrong_password``, 429 ``too_many_requests``.
    """
    user = request.db.get_one(User, request.identity.id, with_for_update={"key_share": True})
    return credentials.change_password(request, user, **request.validated["body"])


@email_change_confirm.post(permission=NO_PERMISSION_REQUIRED, body=Token, status=204, has_dry_run=False)
def confirm_email(request: Request) -> Any:
    """Change an address by the token of a link that was mailed to the new one.

    409 ``invalid_token_link``; 409 ``email_taken`` if somebody else has it by now.
    """
    addresses.confirm_email(request, **request.validated["body"])
    return request.no_content()


def accepted(request: Request) -> dict[str, Any]:
    request.response.status_int = 202
    return {}
