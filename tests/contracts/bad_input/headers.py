"""Bad headers, those of the operation and those that any request may have."""

from collections.abc import Iterator
from dataclasses import replace

from tests.contracts.bad_input.calls import Bad
from tests.contracts.bad_input.operations import Operation
from tests.contracts.bad_input.values import MARKER

#: Heads of tokens: {"alg":"none"} and {"kid":"../../"}.
WITHOUT_KEY, KEY_ELSEWHERE = "eyJhbGciOiJub25lIn0", "eyJraWQiOiIuLi8uLi8ifQ"
LATE = "Sun, 06 Nov 99999 00:00:00 GMT"
LONG = MARKER + "a" * 60_000
#: Latin-1, as the wire has it: what is no ASCII is somebody's mistake.
HEADERS: dict[str, tuple[str, ...]] = {
    "If-Match": (
        MARKER,
        f'"{MARKER}"',
        '"' * 999,
        f'W/"{MARKER}"',
        f'"{MARKER}\xff"',
        "",
        ",",
        f'"{MARKER}' * 200,
        LONG,
        "\x00",
    ),
    "If-None-Match": (MARKER, f'"{MARKER}", W/"x"', '"' * 999, "\xff", "", LONG, "*, *", f'W/"{MARKER}', ", ,"),
    "If-Modified-Since": (MARKER, "Thu, 99 Foo 2026 25:61:61 GMT", "0", LATE, "\xff"),
    "If-Unmodified-Since": (MARKER, LATE, "\xff"),
    "Authorization": (
        f"Bearer {MARKER}",
        "Bearer",
        "Bearer ",
        f"Basic {MARKER}",
        "Basic !!!",
        f"{MARKER} {MARKER}",
        f"Bearer {LONG}",
        "\xff",
        f"Bearer {MARKER}.{MARKER}.{MARKER}",
        "Bearer e30.e30.",
        f"Bearer {WITHOUT_KEY}.e30.",
        f"Bearer cpp_{MARKER}",
        "bearer  a  b",
        f"Bearer cpo_{MARKER}",
        "Bearer \x00",
        "Digest a=b",
        f"Bearer {MARKER}\xff",
        f"Bearer {KEY_ELSEWHERE}.e30.AA",
    ),
    "Idempotency-Key": (
        MARKER[:7],
        f"{MARKER} {MARKER}",
        f"{MARKER}\xff",
        '"',
        f'"{MARKER}',
        LONG,
        "",
        "\x00",
        f"{MARKER}\u00ad",
        f"{MARKER},a",
    ),
    "Prefer": (
        f'{MARKER}="\xff',
        f"dry-run={MARKER}",
        f"dry-run; {MARKER}",
        'dry-run="',
        f"{MARKER}, dry-run",
        LONG,
        "=;,",
        "dry-run, dry-run",
    ),
    "Range": (
        "bytes=9-1",
        f"bytes={MARKER}",
        "bytes=" + "9" * 5_000 + "-",
        "bytes=-",
        "bytes=0-0," * 500,
        "bytes=-99999999999999999999",
        f"{MARKER}=0-1",
        "bytes=0-\xff",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes = 0 - 1",
    ),
    "If-Range": (MARKER, "\xff", '"', LATE),
    "Accept": (
        "nonsense",
        MARKER,
        "*/*;q=\xff",
        "application/json;q=9999999999999999999",
        ",",
        ";",
        "text/html",
        LONG,
        "*/*" * 300,
        "a/b;q=1;q=2",
    ),
    "Accept-Language": ("\xff\xfe", MARKER, "en;q=x", "*" * 999, ",,,", LONG, "ru;q=NaN", "en-" * 500),
    "Accept-Encoding": (MARKER, "gzip;q=nan", "\xff", "identity;q=0, *;q=0"),
    "Accept-Charset": (MARKER, "utf-16", "\xff"),
    "Content-Encoding": ("gzip", "br", MARKER, "\xff", "gzip, gzip, gzip"),
    "Content-Language": (MARKER, "\xff"),
    "Content-MD5": (MARKER,),
    "Transfer-Encoding": ("chunked", MARKER, "chunked, chunked"),
    "Expect": (MARKER, "100-continue"),
    "Cookie": (MARKER, "a=b; " * 3_000, f"session={MARKER}; \xff", "=;=;=", f'a="{MARKER}\\', "\x00"),
    "Host": (
        f"{MARKER}.example",
        f"{MARKER}:99999",
        "",
        "a b",
        "[::1",
        "\xff",
        "a@b",
        f"courses.test/{MARKER}",
        "x:y:z",
    ),
    "Origin": (f"https://{MARKER}.example", "null", "\xff", f"https://{MARKER}\xff", MARKER),
    "Access-Control-Request-Method": (MARKER, "\xff"),
    "Referer": (f"https://{MARKER}.example/", "\xff"),
    "User-Agent": (f"{MARKER}\xff" * 99, "", "() { :; }; echo x", "${jndi:ldap://x}"),
    "X-Forwarded-For": (MARKER, "1.1.1.1, " * 999, "999.999.999.999", "::ffff:0:0%eth0", "\xff", "unknown"),
    "X-Forwarded-Host": (f"{MARKER}.example",),
    "X-Forwarded-Proto": (MARKER, "javascript"),
    "X-Forwarded-Prefix": (f"/{MARKER}",),
    "Forwarded": (f"for={MARKER};host={MARKER}", 'for="[', "\xff"),
    "X-HTTP-Method-Override": ("DELETE", MARKER),
    "X-Original-URL": (f"/{MARKER}/",),
    "X-Rewrite-URL": (f"/{MARKER}/",),
    "X-Request-ID": (f"{MARKER}\xff\x85", f"{MARKER} {MARKER}", LONG, f"{MARKER}\t", f"{MARKER};", ""),
    "X-CSRF-Token": (MARKER,),
    "Traceparent": (MARKER, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "\xff"),
    "Last-Event-ID": (MARKER,),
    "Upgrade": ("websocket", "h2c", MARKER),
    "TE": ("trailers, deflate;q=0.5", "\xff"),
    "Content-Length": ("-1", "1e3", "\xb2", "9" * 5_000, " ", "0x10", "1;2", "+5", "5, 5", "5\x00", MARKER),
    "Content-Type": (
        "\xff",
        MARKER,
        f"multipart/form-data; boundary={'a' * 300}",
        f"multipart/form-data; boundary={MARKER}\xff",
        '";',
        ";;;",
        "a" * 60_000,
    ),
}


def bad_headers(operation: Operation) -> Iterator[Bad]:
    for name, values in HEADERS.items():
        for value in values:
            call = operation.base.with_header(name, value)
            if name == "If-Range":
                call = call.with_header("Range", "bytes=0-1")
            if name == "Content-Type":
                call = replace(operation.base, content_type=value)
            marker = MARKER if MARKER in value else (value if name == "Idempotency-Key" else "")[:20]
            yield Bad("header", f"{name}: {value[:60]!r}", call, marker if len(marker) > 6 else "")
