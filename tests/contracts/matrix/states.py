"""Lines for one state of a thing where the rules of ``places.py`` don't hold, and for people who left."""

from .language import Row, r
from .words import ARCHIVED, ASSIGNMENT, COMMENT, DRAFT, GRADE, LEFT_SUBMISSION

SUBMITTED = "submissions:read"
THREAD = LEFT_SUBMISSION + "comments/"
BETTER = {"text": "better"}

#: What those have who left a course: domain.md says that dropping keeps submissions, grades and certificates readable.
LEFT: list[Row] = [
    r("GET", LEFT_SUBMISSION + "file/", "401 404 404 404 200 200 200", scopes=SUBMITTED, also="L200"),
    r("GET", LEFT_SUBMISSION + "receipt/", "401 404 404 404 200 200 200", scopes=SUBMITTED, also="L200"),
    r("GET", LEFT_SUBMISSION + "attempts/", "401 404 404 404 200 200 200", scopes=SUBMITTED, also="L200"),
    r("PUT", LEFT_SUBMISSION, "401 404 404 404 403 403 403", BETTER, scopes="submissions:write", also="L403"),
    r("PATCH", LEFT_SUBMISSION, "401 404 404 404 403 403 403", BETTER, scopes="submissions:write", also="L403"),
    r("DELETE", LEFT_SUBMISSION, "401 404 404 404 403 403 403", scopes="submissions:write", also="L403"),
    r("PUT", LEFT_SUBMISSION + "grade/", "401 404 404 404 200 200 200", GRADE, scopes="grades:write", also="L403"),
    r(
        "PUT",
        LEFT_SUBMISSION + "return/",
        "401 404 404 404 200 200 200",
        {"feedback": "again"},
        scopes="grades:write",
        also="L403",
    ),
    r("GET", THREAD, "401 404 404 404 200 200 200", scopes=SUBMITTED, also="L200"),
    r("POST", THREAD, "401 404 404 404 201 201 201", COMMENT, scopes="comments:write", also="L201"),
    r(
        "GET",
        ASSIGNMENT + "submissions/{submission_W}/",
        "401 404 404 404 200 200 200",
        scopes=SUBMITTED,
        also="W200",
        note="of the student whom staff removed",
    ),
    r(
        "PUT",
        ASSIGNMENT + "submissions/{submission_W}/",
        "401 404 404 404 403 403 403",
        BETTER,
        scopes="submissions:write",
        also="W403",
        note="of the student whom staff removed",
    ),
]

#: What is possible in some states only; ``{elsewhere}`` has another teacher.
OTHER_STATES = [
    r("DELETE", DRAFT + "publication/", "404 404 404 404 409 409 409", scopes="courses:write", note="not published"),
    r("PUT", DRAFT + "archive/", "404 404 404 404 409 409 409", scopes="courses:write", note="not published"),
    r(
        "DELETE",
        ARCHIVED + "publication/",
        "404 404 403 404 409 409 409",
        scopes="courses:write",
        also="L403 W403",
        note="not published",
    ),
    r(
        "PUT",
        ARCHIVED + "archive/",
        "404 404 403 404 409 409 409",
        scopes="courses:write",
        also="L403 W403",
        note="archived already",
    ),
    r(
        "POST",
        "/courses/{elsewhere}/teachers/",
        "401 403 403 201 403 403 201",
        {"user_id": "{user_O}"},
        scopes="courses:write",
        also="R403",
    ),
]

STATES = [*LEFT, *OTHER_STATES]
