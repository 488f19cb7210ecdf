"""Bad uploads, tables and forms: every body that is no JSON."""

import random
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlencode

from tests.contracts.bad_input.bodies import dotted, parts
from tests.contracts.bad_input.calls import Bad, Call
from tests.contracts.bad_input.operations import FORM, Operation
from tests.contracts.bad_input.values import MARKER, STRANGE, bad_values

MULTIPART, CSV = "multipart/form-data", "text/csv"
HEADER = b'Content-Disposition: form-data; name="'
FILE = HEADER + b'file"; filename="a.txt"\r\n'
BOUNDED = f"{MULTIPART}; boundary=edge"

NAMES = (
    "", ".", "..", "../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "C:\\a.txt", "a\0.txt",
    "a" * 3_000 + ".txt", "con", ".htaccess",
    "a.exe", "a.html", "a.svg", "a.php", "a.txt.exe", "a\u202etxt.exe", "файл.txt", "\ud83d.txt",
    "a\r\nSet-Cookie: a=b.txt", "a;b=c.txt",
    "${jndi:ldap://x}.txt", "a\tb.txt", "%2e%2e%2fa.txt", "\U0001f41e" * 300 + ".txt", "=1+1.csv", "a.", " ",
    "'; DROP TABLE users; --.txt",
)  # fmt: skip

#: Bodies of multipart/form-data; boundary=edge.
FORMS = (
    b"", b"--edge", b"--edge--", b"--edge--\r\n", b"--edge\r\n--edge--", b"--edge\r\n\r\n\r\n--edge--\r\n",
    b"x" * 70_000, b"--edgeX\r\n\r\n--edge--",
    b"--edge\r\n" + HEADER + b'text"\r\n\r\na', b"--edge\r\n" + HEADER + b"text\r\n\r\na\r\n--edge--",
    b"--edge\r\nContent-Disposition: form-data\r\n\r\na\r\n--edge--",
    b"--edge\r\nContent-Disposition: attachment; name=\"text\"\r\n\r\na\r\n--edge--",
    b"--edge\r\nX: y\r\n\r\na\r\n--edge--", b"--edge\r\n" + b"a" * 70_000,
    b"--edge\r\n" + b"X: y\r\n" * 5_000 + b"\r\n\r\n--edge--",
    b"--edge\r\n" + HEADER + b'text"\r\n\r\n\xff\xfe\r\n--edge--',
    b"--edge\r\n" + HEADER + b'text"\r\n\r\n\x00\r\n--edge--',
    b"--edge\r\n" + HEADER + b'text"\r\nContent-Type: text/plain; charset=foo\r\n\r\na\r\n--edge--',
    b"--edge\r\n" + HEADER + b'text"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n--edge--',
    b"--edge\n" + HEADER + b'text"\n\na\n--edge--\n',
    b"--edge\r\n" + HEADER + b"\xff\xfe" + b'"\r\n\r\na\r\n--edge--',
    b"--edge\r\n" + HEADER + b'file"\r\n\r\na\r\n--edge--',
    (b"--edge\r\n" + HEADER + b'text"\r\n\r\na\r\n') * 2 + b"--edge--",
    (b"--edge\r\n" + FILE + b"\r\na\r\n") * 2 + b"--edge--",
    (b"--edge\r\n" + HEADER + b'text"\r\n\r\n\r\n') * 3_000 + b"--edge--",
    b"--edge\r\n" + FILE + b"\r\n\r\n--edge--\r\n",
    b"--edge\r\n" + FILE + b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\na\r\n--in--\r\n--edge--\r\n",
    b"\r\n" * 40_000 + b"--edge--",
    b"--edge\r\n" + HEADER + b'unknown"\r\n\r\n' + MARKER.encode() + b"\r\n--edge--\r\n",
    b"--edge\r\n" + HEADER + b'status"\r\n\r\n' + MARKER.encode() + b"\r\n--edge--\r\n",
    b"--edge\r\n" + HEADER + b'upload_id"\r\n\r\n' + MARKER.encode() + b"\r\n--edge--\r\n",
    b"--edge\r\n" + HEADER + b'status"; filename="a"\r\n\r\nb\r\n--edge--\r\n',
    b"--edge\r\n" + HEADER + b'text"\r\n\r\n' + b"x" * 200_000 + b"\r\n--edge--",
    b"--edge\r\n" + HEADER[:-6] + b"name*=utf-8''te%78t\r\n\r\na\r\n--edge--",
)  # fmt: skip

#: Content types that such a body is not sent as.
BOUNDARIES = (
    MULTIPART, f"{MULTIPART}; boundary=", f"{MULTIPART}; boundary=other", f'{MULTIPART}; boundary="',
    f"{MULTIPART}; boundary=\xff", "multipart/mixed; boundary=edge",
    f"{MULTIPART}; boundary={'a' * 5_000}", f"{MULTIPART}; boundary=edge; boundary=other",
    f"{MULTIPART};boundary=edge;charset=foo", "multipart/; boundary=edge",
    f"{MULTIPART}; charset={MARKER}; boundary=edge", f"{MULTIPART}; boundary=\r\n", f"{MULTIPART}; boundary={MARKER}",
)  # fmt: skip

#: Tables, and how their columns may be called.
COLUMNS = b"submission_id,grade,feedback,reason,if_match,student_id,username,email"
NOBODY = b"00000000-0000-7000-8000-000000000000"
TABLES = (
    b"", b"\x00", b"\xff\xfe", b'"', b"\xef\xbb\xbf", b",,,\n,,\n", b"," * 300_000, b"\r" * 50, b"\n\n\n", COLUMNS,
    COLUMNS + b"\n", COLUMNS + b"\n" + b"," * 7,
    b"submission_id\n" + b"x" * 1_900_000, b"submission_id,grade,if_match\n" + MARKER.encode() + b",1,*\n",
    b"submission_id,grade,if_match\n" + NOBODY + b"," + b"9" * 400 + b",*\n",
    b"submission_id,grade,if_match\n" + NOBODY + b",1,\xed\xa0\x80\n",
    b"submission_id,grade,if_match\n" + (NOBODY + b",1,\n") * 600, b"student_id\n" + MARKER.encode(),
    b"student_id\n" + NOBODY, b"student_id,student_id\n" + NOBODY + b"," + NOBODY, b"email\n" + MARKER.encode() * 90,
    b"username\n\xe2\x80\xae\xc4\xb0\xef\xbb\xbf=1+1\n",
    b"username;email\n;\na;b\n", b"username\ta\nb\tc", b'username\n"a\nb"\n', b'username\n"a"b"\n', b'username\n"',
    b"username\na\x00b\n", b"username\n" + b"a" * 140_000,
    b"student_id,grade\n" + MARKER.encode() + b"," + MARKER.encode(), b"{}", b"username\r\n\r\n\r\na\r\n",
    b"unknown\n" + MARKER.encode(), b"submission_id,grade,if_match\n,,\n",
    b"submission_id,grade,if_match\n" + b"".join(NOBODY + b",%s,*\n" % x for x in (b"1.0", b"1e2", b"NaN", b" 1")),
    b"submission_id,grade,if_match\n" + (NOBODY + b",1,*\n") * 2, b"username\n" + b"a\n" * 500, b"username\n\xff\xfe\n",
)  # fmt: skip


def bad_forms(operation: Operation, rng: random.Random) -> Iterator[Bad]:
    if MULTIPART in operation.contents:
        yield from bad_uploads(operation.base, rng)
    if CSV in operation.contents:
        yield from bad_tables(operation.base)
    if FORM in operation.contents:
        yield from bad_pairs(operation)
    if operation.name == "put_upload_content":
        for content in (b"", b"{", b"{}}", b"\x00" * 2, b"x" * 1_000_000, rng.randbytes(2)):
            yield Bad("upload", f"other bytes {content[:20]!r}", replace(operation.base, body=content), "", True)


def bad_uploads(base: Call, rng: random.Random) -> Iterator[Bad]:
    for content in FORMS:
        marker = MARKER if MARKER.encode() in content else ""
        yield Bad("upload", f"{content[:80]!r}", replace(base, body=content, content_type=BOUNDED), marker)
    plain = b"--edge\r\n" + FILE + b"\r\nwork\r\n--edge--\r\n"
    for content_type in BOUNDARIES:
        marker = MARKER if MARKER in content_type else ""
        yield Bad("upload", content_type[:80], replace(base, body=plain, content_type=content_type), marker)
    for name in NAMES:
        quoted = name.replace('"', "%22").encode("utf-8", "surrogatepass")
        for given in (b'filename="' + quoted + b'"', b"filename*=utf-8''" + quote(quoted).encode()):
            content = plain.replace(b'filename="a.txt"', given)
            yield Bad("upload", f"{given[:80]!r}", replace(base, body=content, content_type=BOUNDED))
    for number in range(40):
        at = rng.randrange(len(plain))
        cut = rng.randrange(4)
        content = plain[:at] + rng.randbytes(cut) + plain[at + cut * (number % 2) :]
        yield Bad("upload", f"damaged {content[:100]!r}", replace(base, body=content, content_type=BOUNDED))


def bad_tables(base: Call) -> Iterator[Bad]:
    for content in TABLES:
        for query in ("mode=all", "mode=each"):
            call = replace(base, body=content, content_type=CSV, query=query)
            yield Bad("table", f"{query} {content[:60]!r}", call, MARKER if MARKER.encode() in content else "")
    for content_type in (
        f"{CSV}; charset=utf-16",
        f"{CSV}; charset={MARKER}",
        f"{CSV}; header=absent",
        f"{CSV};charset=\xff",
    ):
        call = replace(base, body=COLUMNS, content_type=content_type)
        yield Bad("table", content_type, call, MARKER if MARKER in content_type else "")


def bad_pairs(operation: Operation) -> Iterator[Bad]:
    """Of a url-encoded form."""
    base, schema = operation.base, operation.contents[FORM]
    given = dict(pair.split("=", 1) for pair in (base.body or b"").decode().split("&"))
    raw = ("%", "%zz=1", "=", "&&", "%00=1", f"{MARKER}=%00", f"a={MARKER}%ff", "a" * 70_000, f"unknown={MARKER}",
    f"grant_type={MARKER}",
           "&".join(["a=b"] * 5_000), "\xff", "grant_type=%ed%a0%80", f"token={MARKER}&token={MARKER}", "{}",
           "a[b]=c")  # fmt: skip
    for text in raw:
        content = (base.body or b"") + b"&" + text.encode("latin-1")
        marker = MARKER if MARKER in text else ""
        yield Bad("form", f"and {text[:60]}", replace(base, body=content), marker)
        yield Bad("form", f"only {text[:60]}", replace(base, body=text.encode("latin-1")), marker)
    for content_type in (
        "",
        "text/plain",
        "application/json",
        f"{FORM}; charset=utf-16",
        f"{FORM}; charset={MARKER}",
        "multipart/form-data; boundary=x",
    ):
        yield Bad(
            "form", content_type, replace(base, content_type=content_type), MARKER if MARKER in content_type else ""
        )
    for path, part in parts(schema, operation.resolved):
        texts = [
            json_text for _, json_text, *_ in bad_values(part) if json_text.startswith('"') and "\\" not in json_text
        ]
        for text in (*(text[1:-1] for text in texts), *STRANGE):
            content = urlencode({**{k: v for k, v in given.items() if k != path[0]}, dotted(path): text}).encode()
            marker = MARKER if MARKER in text else ""
            yield Bad("form", f"{dotted(path)}: {text[:40]!r}", replace(base, body=content), marker)
