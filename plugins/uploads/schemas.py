"""What uploads take in, and answer."""

import colander

from courseplatform.api import Answer, AnyText, Anything, Body, Id, Moment, Query, Text, Whole, field

HEX = colander.Regex(r"[0-9a-f]{64}\Z", msg="must be 64 hexadecimal digits in lower case")
LARGEST_SIZE_BYTES = 2**53 - 1


class UploadBody(Body):
    name = field(
        Text(255, min_chars=1), description="Of the file; its extension decides the type.", example="proof.pdf"
    )
    size_bytes = field(Whole(1, LARGEST_SIZE_BYTES))
    sha256 = field(Text(64), validator=HEX, example="5f" * 32, description="Of the content, in hexadecimal.")


class AddressQuery(Query):
    token = field(Text(100, min_chars=1))


class UploadAnswer(Answer):
    id = field(Id())
    name = field(AnyText())
    size_bytes = field(Whole(1, LARGEST_SIZE_BYTES))
    sha256 = field(AnyText(), description="In hex.")
    created_at = field(Moment())
    expires_at = field(Moment())
    consumed_at = field(Moment(), nullable=True)


class UploadAddressAnswer(Answer):
    """Where the bytes go, and how."""

    method = field(AnyText())
    url = field(AnyText())
    headers = field(Anything(), description="By name; send them along.")


class BegunUploadAnswer(UploadAnswer):
    upload = UploadAddressAnswer()
