"""What the document says in the same words of every operation."""

DESCRIPTION = """\
A headless platform for online courses. Every answer is JSON; every error is a problem (RFC 9457) whose `code` is listed
at its operation and explained at `/api/problems/{code}/`. Lists are pages: follow `next`.

Besides these operations the platform serves `/health/live`, `/health/startup`, `/health/ready`, `/metrics` and
`/.well-known/…`.
"""

PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. Some codes have further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "description": "Address of the code's explanation."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people: what happened."},
        "remedy": {"type": "string", "description": "For people: what helps."},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "code": {"type": "string", "description": "For programs: what happened."},
        "errors": {"type": "array", "items": {"$ref": "#/definitions/Fault"}},
    },
}
FAULT_SCHEMA = {
    "title": "Fault",
    "description": "One thing wrong with a request.",
    "type": "object",
    "required": ["location", "name", "detail"],
    "properties": {
        "location": {"type": "string", "enum": ["body", "querystring", "path", "header", "file"]},
        "name": {"type": "string", "description": "Dotted."},
        "detail": {"type": "string"},
    },
}

SECURITY = {
    "bearer": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Bearer ` and an access token: of a sign-in, of OAuth 2.1, or a personal one.",
    }
}
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
ANSWERED = {
    "ETag": {"type": "string", "description": "For If-Match.", "x-required": True},
    "Location": {"type": "string", "description": "Path of what was made, or where to go on.", "x-required": True},
}
MEANINGS = {
    200: "Done.",
    201: "Made.",
    202: "Accepted; it happens in the background.",
    204: "Done; there is nothing to show.",
    206: "A part of it, as Range asked.",
    302: "Go on there.",
    304: "Nothing has changed.",
    307: "Go on there, without your token.",
}
