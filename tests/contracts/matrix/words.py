"""Addresses and bodies that lines of the matrix have in common."""

from datetime import UTC, datetime, timedelta

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).isoformat()
TITLE = {"title": "New title"}
COMMENT = {"text": "A thought"}
GRADE = {"grade": 60}
GRADES = {"rows": [{"submission_id": "{submission_X}", "grade": 60, "if_match": "*"}]}
NEWCOMERS = {"rows": [{"student_id": "{user_S}"}]}
COURSE = "/courses/{course}/"
LESSON = "/courses/{course}/lessons/{lesson}/"
ASSIGNMENT = LESSON + "assignments/{assignment}/"
OWN_SUBMISSION = ASSIGNMENT + "submissions/{submission_E}/"
OTHER_SUBMISSION = ASSIGNMENT + "submissions/{submission_X}/"
LEFT_SUBMISSION = ASSIGNMENT + "submissions/{submission_L}/"
THIRD_LESSON = "/courses/{third}/lessons/{lesson_third}/"
DRAFT = "/courses/{draft}/"
DRAFT_ASSIGNMENT = DRAFT + "lessons/{lesson_draft}/assignments/{assignment_draft}/"
ARCHIVED = "/courses/{archived}/"
ARCHIVED_LESSON = ARCHIVED + "lessons/{lesson_archived}/"
ARCHIVED_ASSIGNMENT = ARCHIVED_LESSON + "assignments/{assignment_archived}/"
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
