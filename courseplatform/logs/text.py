"""What makes text harmless that a client, a file or another house chose."""

import re

#: No field may have such a name, so that nobody logs a secret by mistake.
SECRET_NAMES = re.compile(r"(^|_)(password|secret|token|code|key|authorization|cookie)$", re.IGNORECASE)
#: What would end a line, paint on a terminal, turn the text's direction or is no text at all.
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """The text on one line: what is harmful in it stands there as an escape, such as ``\\n``."""
    return HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cut(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"


def cut_front(text: str, max_chars: int) -> str:
    """Of a stack trace: its end says where it happened."""
    return text if len(text) <= max_chars else "…" + text[1 - max_chars :]
