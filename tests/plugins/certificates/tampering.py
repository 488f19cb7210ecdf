"""Credentials that somebody has laid hands on."""

import copy


def paths(value, path=()):
    """Where the texts of a document are."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, (*path, number))
    else:
        yield path


def tampered(credential):
    """Copies of a credential, each with one text changed, removed or added."""
    for path in paths(credential):
        changed = copy.deepcopy(credential)
        place = changed
        for step in path[:-1]:
            place = place[step]
        value = place[path[-1]]
        place[path[-1]] = not value if isinstance(value, bool) else value + "x"
        yield path, changed
    for name in ("credentialStatus", "validFrom", "proof", "issuer"):
        yield name, {key: value for key, value in credential.items() if key != name}
    yield "validUntil", {**credential, "validUntil": "2999-01-01T00:00:00Z"}
