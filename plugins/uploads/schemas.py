"""What uploads take in, and answer."""

import colander

from courseplatform.api import Answer, Anything, Body, Id, Moment, Query, Text, Whole, field

HEX = colander.Regex(r"[0-9a-f]{64}\Z", msg="must be 64 hexadecimal digits in lower case")
LARGEST = 2**53 - 1


class UploadBody(Body):
    name = field(Text(255, min_chars=1), description="Of the file; its extension decides the type.")
    size_bytes = field(Whole(1, LARGEST))
    sha256 = field(Text(64), validator=HEX, description="Of the content, in hexadecimal.")


class AddressQuery(Query):
    token = field(Text(100, min_chars=1))


class UploadAnswer(Answer):
    id = field(Id())
    name = field(Text(255))
    size_bytes = field(Whole(1, LARGEST))
    sha256 = field(Text(64))
    created_at = field(Moment())
    expires_at = field(Moment())
    consumed_at = field(Moment(), nullable=True)


class Address(Answer):
    method = field(Text(10))
    url = field(Text(4000))
    headers = field(Anything(), description="Name → value; send them along.")


class BegunUpload(UploadAnswer):
    upload = Address(name="upload")
