"""The permission matrix of ``design/domain.md`` §5, written by hand: never derived from the code that it checks.

A line is method, address, the statuses for A S E T O C D, and a JSON body. The placeholders are names of ``world.py``:
``{course}`` published, ``{draft}``, ``{archived}``, ``{elsewhere}`` (T's), ``{third}`` (where everybody has own rows);
``…_E`` and ``…_X`` belong to the actor E and to another student. ``{own_…}`` and ``{self}`` differ by actor.

A anonymous · S student, not enrolled · E enrolled · T teacher elsewhere · O owner · C co-teacher · D admin
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.contracts.contributions import contributed


class Row(NamedTuple):
    """``budget``: SQL statements, for an address that has a reason to need more than others of its kind."""

    method: str
    path: str
    statuses: tuple[int, ...]
    body: Any = None
    budget: int | None = None


def r(method: str, path: str, statuses: str, body: Any = None, budget: int | None = None) -> Row:
    return Row(method, path, tuple(map(int, statuses.split())), body, budget)


IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).isoformat()
TITLE = {"title": "New title"}
COMMENT = {"text": "A thought"}
GRADE = {"grade": 60}
GRADES = {"rows": [{"submission_id": "{submission_X}", "grade": 60, "if_match": "*"}]}
NEWCOMERS = {"rows": [{"student_id": "{user_S}"}]}
LESSON = "/courses/{course}/lessons/{lesson}/"
ASSIGNMENT = LESSON + "assignments/{assignment}/"
OWN_SUBMISSION = ASSIGNMENT + "submissions/{submission_E}/"
OTHER_SUBMISSION = ASSIGNMENT + "submissions/{submission_X}/"
THIRD_LESSON = "/courses/{third}/lessons/{lesson_third}/"
DRAFT = "/courses/{draft}/"
DRAFT_ASSIGNMENT = DRAFT + "lessons/{lesson_draft}/assignments/{assignment_draft}/"
NEW_USER = {"username": "newcomer", "email": "newcomer@example.com", "password": "a long enough passphrase"}
USER = {"username": "renamed", "email": "renamed@example.com"}
RESET = {"token": "{token_reset}", "password": "a long enough passphrase"}
NEW_PASSWORD = {"current_password": "correct horse battery", "new_password": "a long enough passphrase"}
CERTIFICATE = {"student_id": "{user_E}", "course_id": "{course}", "override_reason": "by hand"}
OWN_CERTIFICATE = {"student_id": "{self}", "course_id": "{course}", "override_reason": "me"}
REASON = {"reason": "a mistake"}
UPLOAD = {"name": "work.pdf", "size_bytes": 5, "sha256": "0" * 64}
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DECISION = {
    "response_type": "code", "client_id": "{oauth_client}", "redirect_uri": "https://app.example/cb",
    "scope": "profile", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "decision": "allow",
}  # fmt: skip
AUTHORIZE = (
    "/oauth/authorize/?response_type=code&client_id={oauth_client}&redirect_uri=https://app.example/cb&scope=profile"
    f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
)
CLIENT = {"name": "App", "redirect_uris": ["https://app.example/cb"], "scopes": ["profile"]}
PERSONAL_TOKEN = {"name": "script", "scopes": ["courses:read"], "expires_at": IN_A_MONTH}
HOOK = {"url": "https://1.1.1.1/hook", "course_id": "{course}"}
HOOK_OF_ALL = {"url": "https://1.1.1.1/hook"}

#: Clients expect the errors of RFC 6749 here, not problem+json.
PROTOCOL = ("/oauth/token/", "/oauth/revoke/", "/oauth/introspect/")

MATRIX = [
    # --- the platform itself
    r("GET", "/", "200 200 200 200 200 200 200"),
    r("GET", "/problems/", "200 200 200 200 200 200 200"),
    r("GET", "/problems/not_found/", "200 200 200 200 200 200 200"),
    # --- register, login, refresh, verify certificate: everybody
    r("POST", "/auth/register/", "201 201 201 201 201 201 201", NEW_USER),
    r("POST", "/auth/login/", "401 401 401 401 401 401 401", {"username": "nobody", "password": "wrong"}),
    r("POST", "/auth/token/", "401 401 401 401 401 401 401", {"username": "nobody", "password": "wrong"}),
    r("POST", "/auth/token/refresh/", "401 401 401 401 401 401 401", {"refresh_token": "none"}),
    r("POST", "/auth/logout/", "401 204 204 204 204 204 204"),
    # --- what is proved by a link in a mail, and the password
    r("GET", "/auth/email-verification/?token=x", "200 200 200 200 200 200 200"),
    r("POST", "/auth/email-verification/", "401 202 202 202 202 202 202"),
    r("POST", "/auth/email-verification/confirm/", "204 204 204 204 204 204 204", {"token": "{token_verify}"}),
    r("GET", "/auth/password-reset/?token=x", "200 200 200 200 200 200 200"),
    r("POST", "/auth/password-reset/", "202 202 202 202 202 202 202", {"email": "nobody@example.com"}),
    r("POST", "/auth/password-reset/confirm/", "204 204 204 204 204 204 204", RESET),
    r("POST", "/auth/password-change/", "401 200 200 200 200 200 200", NEW_PASSWORD),
    r("GET", "/auth/email-change/?token=x", "200 200 200 200 200 200 200"),
    r("POST", "/auth/email-change/confirm/", "204 204 204 204 204 204 204", {"token": "{token_change}"}),
    r("POST", "/auth/email-change/confirm/", "409 409 409 409 409 409 409", {"token": "{token_verify}"}),
    # --- sessions: one's own, those of others don't exist
    r("GET", "/auth/sessions/", "401 200 200 200 200 200 200"),
    r("GET", "/auth/sessions/{own_session}/", "401 200 200 200 200 200 200"),
    r("DELETE", "/auth/sessions/{own_session}/", "401 204 204 204 204 204 204"),
    r("GET", "/auth/sessions/{session_X}/", "401 404 404 404 404 404 404"),
    r("DELETE", "/auth/sessions/{session_X}/", "401 404 404 404 404 404 404"),
    r("POST", "/auth/sessions/end-others/", "401 204 204 204 204 204 204"),
    r("GET", "/certificates/{certificate_code}/", "200 200 200 200 200 200 200"),
    r("GET", "/certificates/{certificate_code}/credential/", "200 200 200 200 200 200 200"),
    r("GET", "/status-lists/{status_list}/", "200 200 200 200 200 200 200"),
    # --- OAuth: consent for those who are signed in, protocol endpoints for clients, clients for administrators
    r("GET", "/oauth/scopes/", "200 200 200 200 200 200 200"),
    r("GET", AUTHORIZE, "401 200 200 200 200 200 200"),
    r("POST", "/oauth/authorize/", "401 200 200 200 200 200 200", DECISION),
    r("POST", "/oauth/token/", "400 400 400 400 400 400 400", {"grant_type": "authorization_code"}),
    r("POST", "/oauth/revoke/", "400 400 400 400 400 400 400", {"token": "cpo_x"}),
    r("POST", "/oauth/introspect/", "400 400 400 400 400 400 400", {"token": "cpo_x"}),
    r("GET", "/oauth/userinfo/", "401 200 200 200 200 200 200"),
    r("POST", "/oauth/userinfo/", "401 200 200 200 200 200 200"),
    r("GET", "/oauth/clients/", "401 403 403 403 403 403 200"),
    r("POST", "/oauth/clients/", "401 403 403 403 403 403 201", CLIENT),
    r("GET", "/oauth/clients/{oauth_client}/", "401 403 403 403 403 403 200"),
    r("PATCH", "/oauth/clients/{oauth_client}/", "401 403 403 403 403 403 200", {"name": "New name"}),
    r("DELETE", "/oauth/clients/{oauth_client}/", "401 403 403 403 403 403 204"),
    r("POST", "/oauth/clients/{oauth_client}/secret/", "401 403 403 403 403 403 200"),
    r("GET", "/oauth/consents/", "401 200 200 200 200 200 200"),
    r("DELETE", "/oauth/consents/{own_consent}/", "401 204 204 204 204 204 204"),
    r("DELETE", "/oauth/consents/{consent_X}/", "401 404 404 404 404 404 404"),
    r("GET", "/users/me/tokens/", "401 200 200 200 200 200 200"),
    r("POST", "/users/me/tokens/", "401 201 201 201 201 201 201", PERSONAL_TOKEN),
    r("GET", "/users/me/tokens/{own_token}/", "401 200 200 200 200 200 200"),
    r("DELETE", "/users/me/tokens/{own_token}/", "401 204 204 204 204 204 204"),
    r("GET", "/users/me/tokens/{token_X}/", "401 404 404 404 404 404 404"),
    r("DELETE", "/users/me/tokens/{token_X}/", "401 404 404 404 404 404 404"),
    # --- users
    r("GET", "/users/", "401 403 403 403 403 403 200"),
    r("GET", "/users/{self}/", "401 200 200 200 200 200 200"),
    r("GET", "/users/{user_X}/", "401 200 200 200 200 200 200"),
    r("PUT", "/users/{self}/", "401 200 200 200 200 200 200", USER),
    r("PUT", "/users/{user_X}/", "401 403 403 403 403 403 200", USER),
    r("PATCH", "/users/{self}/", "401 200 200 200 200 200 200", {"first_name": "New"}),
    r("PATCH", "/users/{user_X}/", "401 403 403 403 403 403 200", {"first_name": "New"}),
    r("PATCH", "/users/{user_X}/", "401 403 403 403 403 403 200", {"role": "teacher"}),
    r("PATCH", "/users/{user_X}/", "401 403 403 403 403 403 200", {"is_active": False}),
    r("PATCH", "/users/{self}/", "401 403 403 403 403 403 403", {"is_active": False}),
    r("PATCH", "/users/me/", "401 403 403 403 403 403 403", {"is_active": False}),
    r("DELETE", "/users/{user_X}/", "401 403 403 403 403 403 204"),
    r("DELETE", "/users/{self}/", "401 403 403 403 403 403 403"),
    r("GET", "/users/me/", "401 200 200 200 200 200 200"),
    r("PATCH", "/users/me/", "401 200 200 200 200 200 200", {"first_name": "New"}),
    r("DELETE", "/users/me/", "401 204 204 409 409 204 409"),
    # --- signing in with a provider (none is set here: tests/plugins/oidc has some), linked identities, export
    r("GET", "/auth/oauth/{provider}/login/", "404 404 404 404 404 404 404"),
    r("GET", "/auth/oauth/{provider}/callback/?state=x&code=y", "404 404 404 404 404 404 404"),
    r("GET", "/users/me/identities/", "401 200 200 200 200 200 200"),
    r("DELETE", "/users/me/identities/{own_identity}/", "401 204 204 204 204 204 204"),
    r("DELETE", "/users/me/identities/{identity_X}/", "401 404 404 404 404 404 404"),
    r("GET", "/users/me/export/", "401 200 200 200 200 200 200"),
    # --- list and read a published course, its lesson titles, its reviews
    r("GET", "/courses/", "200 200 200 200 200 200 200"),
    r("GET", "/courses/{course}/", "200 200 200 200 200 200 200"),
    r("GET", "/courses/{course}/lessons/", "200 200 200 200 200 200 200"),
    r("GET", "/courses/{course}/reviews/", "200 200 200 200 200 200 200"),
    r("GET", "/courses/{course}/reviews/{review_X}/", "200 200 200 200 200 200 200"),
    # --- a draft and all beneath it; an archived course for those who were there
    r("GET", DRAFT, "404 404 404 404 200 200 200"),
    r("PUT", DRAFT, "404 404 404 404 200 200 200", TITLE),
    r("PATCH", DRAFT, "404 404 404 404 200 200 200", TITLE),
    r("DELETE", DRAFT, "404 404 404 404 409 403 409"),
    r("GET", DRAFT + "lessons/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT + "lessons/{lesson_draft}/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT + "lessons/{lesson_draft}/assignments/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT_ASSIGNMENT, "404 404 404 404 200 200 200"),
    r("GET", DRAFT_ASSIGNMENT + "submissions/", "404 404 404 404 200 200 200"),
    r("POST", DRAFT_ASSIGNMENT + "submissions/", "404 404 404 404 403 403 403", {"text": "x"}),
    r("GET", DRAFT_ASSIGNMENT + "submissions/{submission_E_draft}/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT_ASSIGNMENT + "comments/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT + "reviews/", "404 404 404 404 200 200 200"),
    r("GET", DRAFT + "progress/", "404 404 404 404 404 404 404"),
    r("GET", DRAFT + "enrollments/", "404 404 404 404 200 200 200"),
    r("PUT", DRAFT + "enrollments/me/", "404 404 404 404 409 409 201"),
    r("GET", "/courses/{archived}/", "404 404 200 404 200 200 200"),
    r("PUT", "/courses/{archived}/enrollments/me/", "404 404 409 404 409 409 409"),
    r("POST", "/courses/{archived}/reviews/", "404 404 409 404 403 403 403", {"rating": 5}),
    # --- courses: write
    r("POST", "/courses/", "401 403 403 201 201 201 201", TITLE),
    r("PUT", "/courses/{course}/", "401 403 403 403 200 200 200", TITLE),
    r("PATCH", "/courses/{course}/", "401 403 403 403 200 200 200", TITLE),
    r("PUT", DRAFT + "publication/", "404 404 404 404 200 200 200"),
    r("PUT", "/courses/{course}/publication/", "401 403 403 403 409 409 409"),
    r("DELETE", "/courses/{course}/publication/", "401 403 403 403 200 200 200"),
    r("PUT", "/courses/{course}/archive/", "401 403 403 403 200 200 200"),
    r("DELETE", "/courses/{archived}/archive/", "404 404 403 404 200 200 200"),
    r("DELETE", "/courses/{empty}/", "401 403 403 403 204 403 204"),
    r("DELETE", "/courses/{course}/", "401 403 403 403 409 403 409"),
    r("DELETE", "/courses/{course}/?force=true", "401 403 403 403 403 403 204"),
    r("GET", "/courses/{course}/teachers/", "401 403 403 403 200 403 200"),
    r("POST", "/courses/{course}/teachers/", "401 403 403 403 201 403 201", {"user_id": "{user_T}"}),
    r("GET", "/courses/{course}/teachers/{user_C}/", "401 403 403 403 200 403 200"),
    r("DELETE", "/courses/{course}/teachers/{user_C}/", "401 403 403 403 204 403 204"),
    # --- lessons and assignments: write
    r("POST", "/courses/{course}/lessons/", "401 403 403 403 201 201 201", TITLE),
    r("PUT", LESSON, "401 403 403 403 200 200 200", TITLE),
    r("PATCH", LESSON, "401 403 403 403 200 200 200", TITLE),
    r("DELETE", "/courses/{course}/lessons/{second}/", "401 403 403 403 204 204 204"),
    r("GET", "/courses/{course}/lessons/order/", "401 403 403 403 200 200 200"),
    r(
        "PUT",
        "/courses/{course}/lessons/order/",
        "401 403 403 403 200 200 200",
        {"lesson_ids": ["{second}", "{lesson}", "{hidden}"]},
    ),
    r("POST", LESSON + "assignments/", "401 403 403 403 201 201 201", TITLE),
    r("PUT", ASSIGNMENT, "401 403 403 403 200 200 200", TITLE),
    r("PATCH", ASSIGNMENT, "401 403 403 403 200 200 200", TITLE),
    r("DELETE", LESSON + "assignments/{spare}/", "401 403 403 403 204 204 204"),
    r("DELETE", ASSIGNMENT, "401 403 403 403 409 409 409"),
    # --- enrolling
    r("PUT", "/courses/{course}/enrollments/me/", "401 201 200 201 409 409 201"),
    r("GET", "/courses/{course}/enrollments/me/", "401 404 200 404 404 404 404"),
    r("DELETE", "/courses/{course}/enrollments/me/", "401 404 204 404 404 404 404"),
    r("GET", "/courses/{course}/progress/", "401 404 200 404 404 404 404"),
    # --- roster
    r("GET", "/courses/{course}/enrollments/", "401 403 403 403 200 200 200"),
    r("POST", "/courses/{course}/enrollments/", "401 403 403 403 201 201 201", {"student_id": "{user_S}"}),
    r("POST", "/courses/{course}/enrollments/bulk/", "401 403 403 403 200 200 200", NEWCOMERS),
    r("POST", DRAFT + "enrollments/bulk/", "404 404 404 404 200 200 200", NEWCOMERS),
    r("POST", "/courses/{archived}/enrollments/bulk/", "404 404 403 404 409 409 409", NEWCOMERS),
    r("GET", "/courses/{course}/gradebook/", "401 403 403 403 200 200 200"),
    r("GET", "/courses/{course}/gradebook/?format=csv", "401 403 403 403 200 200 200"),
    r("GET", DRAFT + "gradebook/", "404 404 404 404 200 200 200"),
    r("GET", "/courses/{course}/enrollments/{enrollment_X}/", "401 403 403 403 200 200 200"),
    r("DELETE", "/courses/{course}/enrollments/{enrollment_X}/", "401 403 403 403 204 204 204"),
    # --- read lesson body, assignments; unpublished ones
    r("GET", LESSON, "401 403 200 403 200 200 200"),
    r("GET", LESSON + "assignments/", "401 403 200 403 200 200 200"),
    r("GET", ASSIGNMENT, "401 403 200 403 200 200 200"),
    r("GET", "/courses/{course}/lessons/{hidden}/", "404 404 404 404 200 200 200"),
    r("GET", "/courses/{course}/lessons/{hidden}/assignments/", "404 404 404 404 200 200 200"),
    r("GET", LESSON + "assignments/{unseen}/", "401 404 404 404 200 200 200"),
    # --- submit; complete a lesson
    r("POST", LESSON + "assignments/{spare}/submissions/", "401 403 201 403 403 403 403", {"text": "my work"}),
    r("PUT", LESSON + "completion/", "401 403 200 403 403 403 403"),
    r("GET", LESSON + "completion/", "401 403 200 403 403 403 403"),
    r("DELETE", LESSON + "completion/", "401 403 204 403 403 403 403"),
    # --- uploads: one's own; whoever has the address of one may bring it
    r("GET", "/uploads/", "401 200 200 200 200 200 200"),
    r("POST", "/uploads/", "401 201 201 201 201 201 201", UPLOAD),
    r("GET", "/uploads/{own_upload}/", "401 200 200 200 200 200 200"),
    r("DELETE", "/uploads/{own_upload}/", "401 204 204 204 204 204 204"),
    r("GET", "/uploads/{upload_X}/", "401 404 404 404 404 404 404"),
    r("DELETE", "/uploads/{upload_X}/", "401 404 404 404 404 404 404"),
    r("PUT", "/uploads/{upload_X}/content/?token=token", "204 204 204 204 204 204 204", {}),
    r(
        "POST",
        LESSON + "assignments/{spare}/submissions/",
        "401 403 201 403 403 403 403",
        {"upload_id": "{own_upload}"},
    ),
    r("PUT", OWN_SUBMISSION, "401 404 200 404 403 403 403", {"upload_id": "{own_upload}"}),
    r("PUT", OWN_SUBMISSION, "401 404 422 404 403 403 403", {"upload_id": "{upload_X}"}),
    # --- submissions: read
    r("GET", ASSIGNMENT + "submissions/", "401 403 200 403 200 200 200"),
    r("GET", OWN_SUBMISSION, "401 404 200 404 200 200 200"),
    r("GET", OTHER_SUBMISSION, "401 404 404 404 200 200 200"),
    r("GET", OWN_SUBMISSION + "file/", "401 404 200 404 200 200 200"),
    r("GET", OTHER_SUBMISSION + "file/", "401 404 404 404 404 404 404"),
    r("GET", OWN_SUBMISSION + "receipt/", "401 404 200 404 200 200 200"),
    r("GET", OTHER_SUBMISSION + "receipt/", "401 404 404 404 200 200 200"),
    r("GET", OWN_SUBMISSION + "attempts/", "401 404 200 404 200 200 200"),
    r("GET", OTHER_SUBMISSION + "attempts/", "401 404 404 404 200 200 200"),
    # --- submissions: write one's own, never another's
    r("PUT", OWN_SUBMISSION, "401 404 200 404 403 403 403", {"text": "better"}),
    r("PATCH", OWN_SUBMISSION, "401 404 200 404 403 403 403", {"text": "better"}),
    r("DELETE", OWN_SUBMISSION, "401 404 204 404 403 403 403"),
    r("PUT", OTHER_SUBMISSION, "401 404 404 404 403 403 403", {"text": "mine now"}),
    r("PATCH", OTHER_SUBMISSION, "401 404 404 404 403 403 403", {"text": "mine now"}),
    r("DELETE", OTHER_SUBMISSION, "401 404 404 404 403 403 403"),
    # --- grade, return
    r("PUT", OWN_SUBMISSION + "grade/", "401 404 403 404 200 200 200", GRADE),
    r("PUT", OTHER_SUBMISSION + "grade/", "401 404 404 404 200 200 200", GRADE),
    r("PUT", OWN_SUBMISSION + "return/", "401 404 403 404 200 200 200", {"feedback": "again"}),
    r("PUT", OTHER_SUBMISSION + "return/", "401 404 404 404 200 200 200", {"feedback": "again"}),
    r("GET", ASSIGNMENT + "submissions/grades/", "401 403 403 403 200 200 200"),
    r("POST", ASSIGNMENT + "submissions/grades/", "401 403 403 403 200 200 200", GRADES),
    r("POST", DRAFT_ASSIGNMENT + "submissions/grades/", "404 404 404 404 200 200 200", {"rows": []}),
    # --- certificates
    r("GET", "/users/certificates/", "401 200 200 200 200 200 200"),
    r("GET", "/users/certificates/{own_certificate}/", "401 200 200 200 200 200 200"),
    r("GET", "/users/certificates/{certificate_X}/", "401 404 404 404 200 200 200"),
    r("GET", "/users/certificates/{own_certificate}/credential/", "401 200 200 200 200 200 200"),
    r("GET", "/users/certificates/{certificate_X}/credential/", "401 404 404 404 200 200 200"),
    r("GET", "/users/certificates/{own_certificate}/pdf/", "401 200 200 200 200 200 200"),
    r("GET", "/users/certificates/{certificate_X}/pdf/", "401 404 404 404 200 200 200"),
    r("POST", "/users/certificates/", "401 403 403 403 201 201 201", CERTIFICATE),
    r("POST", "/users/certificates/", "401 403 403 403 403 403 403", OWN_CERTIFICATE),
    r("PUT", "/users/certificates/{certificate_X}/", "401 403 403 403 200 200 200", {"status": "issued"}),
    r("PATCH", "/users/certificates/{certificate_X}/", "401 403 403 403 200 200 200", {"status": "issued"}),
    r("DELETE", "/users/certificates/{certificate_X}/", "401 403 403 403 204 204 204"),
    r("PUT", "/users/certificates/{certificate_X}/revocation/", "401 403 403 403 200 200 200", REASON),
    r("DELETE", "/users/certificates/{certificate_X}/revocation/", "401 403 403 403 409 409 409"),
    r("PUT", "/users/certificates/{own_certificate}/", "401 403 403 403 403 403 403", {"status": "issued"}),
    r("PATCH", "/users/certificates/{own_certificate}/", "401 403 403 403 403 403 403", {"status": "issued"}),
    r("DELETE", "/users/certificates/{own_certificate}/", "401 403 403 403 403 403 403"),
    r("PUT", "/users/certificates/{own_certificate}/revocation/", "401 403 403 403 403 403 403", REASON),
    # --- comments: read and write where one may read the target
    r("GET", LESSON + "comments/", "401 403 200 403 200 200 200"),
    r("POST", LESSON + "comments/", "401 403 201 403 201 201 201", COMMENT),
    r("GET", LESSON + "comments/{comment_lesson_X}/", "401 403 200 403 200 200 200"),
    r("GET", ASSIGNMENT + "comments/", "401 403 200 403 200 200 200"),
    r("POST", ASSIGNMENT + "comments/", "401 403 201 403 201 201 201", COMMENT),
    r("GET", ASSIGNMENT + "comments/{comment_assignment_X}/", "401 403 200 403 200 200 200"),
    r("GET", OWN_SUBMISSION + "comments/", "401 404 200 404 200 200 200"),
    r("POST", OWN_SUBMISSION + "comments/", "401 404 201 404 201 201 201", COMMENT),
    r("GET", OTHER_SUBMISSION + "comments/", "401 404 404 404 200 200 200"),
    r("POST", OTHER_SUBMISSION + "comments/", "401 404 404 404 201 201 201", COMMENT),
    r("GET", OTHER_SUBMISSION + "comments/{comment_submission_X}/", "401 404 404 404 200 200 200"),
    # --- comments: edit one's own, delete one's own or, as staff, any in the course
    r("PUT", THIRD_LESSON + "comments/{own_comment}/", "401 200 200 200 200 200 200", COMMENT),
    r("PATCH", THIRD_LESSON + "comments/{own_comment}/", "401 200 200 200 200 200 200", COMMENT),
    r("DELETE", THIRD_LESSON + "comments/{own_comment}/", "401 204 204 204 204 204 204"),
    r("PUT", LESSON + "comments/{comment_lesson_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("PATCH", LESSON + "comments/{comment_lesson_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("DELETE", LESSON + "comments/{comment_lesson_X}/", "401 404 404 404 204 204 204"),
    r("PUT", ASSIGNMENT + "comments/{comment_assignment_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("PATCH", ASSIGNMENT + "comments/{comment_assignment_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("DELETE", ASSIGNMENT + "comments/{comment_assignment_X}/", "401 404 404 404 204 204 204"),
    r("PUT", OTHER_SUBMISSION + "comments/{comment_submission_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("PATCH", OTHER_SUBMISSION + "comments/{comment_submission_X}/", "401 404 404 404 404 404 200", COMMENT),
    r("DELETE", OTHER_SUBMISSION + "comments/{comment_submission_X}/", "401 404 404 404 204 204 204"),
    # --- reviews
    r("POST", "/courses/{course}/reviews/", "401 403 201 403 403 403 403", {"rating": 5}),
    r("POST", "/courses/{third}/reviews/", "401 409 409 409 409 409 403", {"rating": 5}),
    r("PUT", "/courses/{third}/reviews/{own_review}/", "401 200 200 200 200 200 200", {"rating": 1}),
    r("PATCH", "/courses/{third}/reviews/{own_review}/", "401 200 200 200 200 200 200", {"rating": 1}),
    r("DELETE", "/courses/{third}/reviews/{own_review}/", "401 204 204 204 204 204 204"),
    r("PUT", "/courses/{course}/reviews/{review_X}/", "401 403 403 403 403 403 200", {"rating": 1}),
    r("PATCH", "/courses/{course}/reviews/{review_X}/", "401 403 403 403 403 403 200", {"rating": 1}),
    r("DELETE", "/courses/{course}/reviews/{review_X}/", "401 403 403 403 403 403 204"),
    # --- notifications
    r("GET", "/users/notifications/", "401 200 200 200 200 200 200"),
    r("GET", "/users/notifications/{own_notification}/", "401 200 200 200 200 200 200"),
    r("PATCH", "/users/notifications/{own_notification}/", "401 200 200 200 200 200 200", {"is_read": True}),
    r("POST", "/users/notifications/read-all/", "401 200 200 200 200 200 200"),
    r("GET", "/users/notifications/preferences/", "401 200 200 200 200 200 200"),
    r("PUT", "/users/notifications/preferences/", "401 200 200 200 200 200 200", {"email": {"message": False}}),
    r("PATCH", "/users/notifications/preferences/", "401 200 200 200 200 200 200", {"email": {"message": False}}),
    r("GET", "/users/notifications/{notification_X}/", "401 404 404 404 404 404 404"),
    r("PATCH", "/users/notifications/{notification_X}/", "401 404 404 404 404 404 200", {"message": "new"}),
    r("POST", "/users/notifications/", "401 403 403 403 403 403 201", {"recipient_id": "{user_X}", "message": "hi"}),
    r("PUT", "/users/notifications/{own_notification}/", "401 403 403 403 403 403 200", {"message": "new"}),
    r("DELETE", "/users/notifications/{own_notification}/", "401 403 403 403 403 403 204"),
    r("PUT", "/users/notifications/{notification_X}/", "401 403 403 403 403 403 200", {"message": "new"}),
    r("DELETE", "/users/notifications/{notification_X}/", "401 403 403 403 403 403 204"),
    # --- what happens, for those who teach now; a webhook is its owner's (O) and administrators', to others it is 404
    r("GET", "/events/", "401 403 403 200 200 200 200"),
    r("GET", "/events/?course_id={course}", "401 403 403 403 200 200 200"),
    r("GET", "/webhooks/", "401 200 200 200 200 200 200"),
    r("POST", "/webhooks/", "401 403 403 403 201 201 201", HOOK),
    r("POST", "/webhooks/", "401 403 403 422 422 422 201", HOOK_OF_ALL),
    r("GET", "/webhooks/{webhook}/", "401 404 404 404 200 404 200"),
    r("PUT", "/webhooks/{webhook}/", "401 404 404 404 200 404 200", HOOK),
    r("PATCH", "/webhooks/{webhook}/", "401 404 404 404 200 404 200", {"description": "x"}),
    r("DELETE", "/webhooks/{webhook}/", "401 404 404 404 204 404 204"),
    r("GET", "/webhooks/{webhook}/deliveries/", "401 404 404 404 200 404 200"),
    r("POST", "/webhooks/{webhook}/test/", "401 404 404 404 202 404 202"),
    r("POST", "/webhooks/{webhook}/replay/", "401 404 404 404 202 404 202", {"after": 0}),
    r("POST", "/webhooks/{webhook}/secret/", "401 404 404 404 200 404 200"),
]

#: A row from one place addressed under another parent: 404 for every actor and method, or 401 where nothing is public.
#: Each line is an address; the methods are all that its service has.
MISMATCHED = [
    "/courses/{elsewhere}/lessons/{lesson}/",
    "/courses/{course}/lessons/{lesson_elsewhere}/",
    "/courses/{elsewhere}/lessons/{lesson}/completion/",
    "/courses/{elsewhere}/lessons/{lesson}/assignments/",
    "/courses/{course}/lessons/{second}/assignments/{assignment}/",
    "/courses/{elsewhere}/lessons/{lesson_elsewhere}/assignments/{assignment}/",
    "/courses/{elsewhere}/lessons/{lesson}/assignments/{assignment}/",
    "/courses/{elsewhere}/lessons/{lesson}/assignments/{assignment}/submissions/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/",
    "/courses/{elsewhere}/lessons/{lesson}/assignments/{assignment}/submissions/grades/",
    LESSON + "assignments/{assignment_elsewhere}/submissions/{submission_E}/",
    "/courses/{course}/lessons/{second}/assignments/{assignment}/submissions/{submission_E}/",
    "/courses/{elsewhere}/lessons/{lesson}/assignments/{assignment}/submissions/{submission_E}/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/grade/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/return/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/file/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/attempts/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/receipt/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/comments/",
    LESSON + "assignments/{spare}/submissions/{submission_E}/comments/{comment_submission_E}/",
    OWN_SUBMISSION + "comments/{comment_submission_X}/",
    OWN_SUBMISSION + "comments/{comment_lesson_E}/",
    ASSIGNMENT + "comments/{comment_lesson_E}/",
    LESSON + "comments/{comment_assignment_E}/",
    LESSON + "comments/{comment_lesson_E_elsewhere}/",
    "/courses/{elsewhere}/lessons/{lesson}/comments/{comment_lesson_E}/",
    "/courses/{elsewhere}/reviews/{review_X}/",
    "/courses/{elsewhere}/enrollments/{enrollment_X}/",
    "/courses/{elsewhere}/teachers/{user_C}/",
]

# What third-party plugins bring along, in the same form.
#: Without the rows of third-party plugins.
BUILT_IN = tuple(MATRIX)
MATRIX += [r(*row) for row in contributed("MATRIX")]
MISMATCHED += contributed("MISMATCHED")
