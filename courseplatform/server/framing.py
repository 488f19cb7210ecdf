"""Where a request ends: what could be read in two ways is refused, whoever is in front of us.

waitress lets a request have both a length and chunks, or chunks twice, and goes on with what follows as the next one:
what a proxy took for a body would be a request of somebody else's. RFC 9112, 6.1 and 6.3, allows to refuse it, and
wants the connection closed.
"""

import re

from waitress.parser import HTTPRequestParser, ParsingError

CODINGS = re.compile(rb"(?im)^transfer-encoding:([^\r\n]*)")


class OneLengthParser(HTTPRequestParser):
    """A request has a length or chunks, said once; and chunks belong to HTTP/1.1."""

    #: Until the first line is read, if it ever is.
    command: str | None = None

    def received(self, data: bytes) -> int:
        count: int = super().received(data)
        if self.completed:  # what has no body, or is refused: waitress says "100 Continue", and waits for more of it
            self.expect_continue = False
        return count

    def parse_header(self, header_plus: bytes) -> None:
        """Raises: ParsingError: 400, and the end of the connection."""
        super().parse_header(header_plus)
        codings = [coding.strip().lower() for coding in CODINGS.findall(header_plus)]
        has_length = "CONTENT_LENGTH" in self.headers
        if codings and (codings != [b"chunked"] or has_length or self.version != "1.1"):
            raise ParsingError("The length is said twice")
