"""Strict types, all faults at once, nothing of a value in an error."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import colander
import pytest

from courseplatform.api import Body, Choice, Flag, Id, Listing, Moment, Query, Text, Url, Whole, drop, field
from courseplatform.schemas import MAX_UNKNOWN_KEYS, apply_resets, faults, merge_patch

from .sandbox import Everything, Part

SECRET = "swordfish-9081"


def read(typ: Any, value: Any) -> Any:
    return field(typ).deserialize(value)


def refusal(typ: Any, value: Any) -> str:
    with pytest.raises(colander.Invalid) as caught:
        read(typ, value)
    return str(caught.value.asdict())


def named(schema: Any, value: Any) -> list[str]:
    with pytest.raises(colander.Invalid) as caught:
        schema.deserialize(value)
    return [fault.name for fault in faults(caught.value, "body")]


@pytest.mark.parametrize("value", [True, False, 1.0, 1.9, "1", "1_0", [], {}, [1], -1, 2**31, 10**30, float("nan")])
def test_a_whole_is_a_json_integer_in_its_bounds(value: Any) -> None:
    assert refusal(Whole(), value)


def test_a_whole_in_a_query_is_decimal_digits() -> None:
    assert read(Whole(-5, 5, is_text=True), "-5") == -5
    assert read(Whole(0, 7), 7) == 7
    for value in ("1_0", " 1", "+1", "1.0", "0x1", "٣", "", "--1", "9" * 5000, "1e1"):
        assert refusal(Whole(is_text=True), value)


@pytest.mark.parametrize("value", ["no", "true", 0, 1, [], "", {}])
def test_a_flag_is_true_or_false(value: Any) -> None:
    assert refusal(Flag(), value)
    assert read(Flag(), False) is False


@pytest.mark.parametrize("value", ["no", "True", "1", "", "yes"])
def test_a_flag_in_a_query_is_one_of_two_words(value: str) -> None:
    assert refusal(Flag(is_text=True), value)
    assert read(Flag(is_text=True), "false") is False


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-01T00:00:00",
        "2030-01-01",
        "20300101T000000Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2030-02-30T00:00:00Z",
        "2030-01-01T25:00:00Z",
        "2030-01-01T00:00Z",
        "2030-01-01T00:00:00,5Z",
        "2030-01-01T00:00:00.Z",
        "2030-01-01T00:00:00+03:00:30",
        "2030-01-01T00:00:00+0300",
        "2030-01-01T00:00:00+03",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:00Z\n",
        "203\u0660-01-01T00:00:00Z",
        "2030-W01-1T00:00:00Z",
        "now",
        "",
        1893456000,
        True,
        ["2030-01-01T00:00:00Z"],
    ],
)
def test_a_moment_is_a_time_with_an_offset_that_every_driver_can_read_again(value: Any) -> None:
    assert refusal(Moment(), value)


def test_a_moment_is_given_in_utc() -> None:
    moment = read(Moment(), "2030-01-01T03:00:00.5+03:00")
    assert moment == datetime(2030, 1, 1, 0, 0, 0, 500_000, UTC)
    assert moment.tzinfo is UTC
    assert read(Moment(), "2030-01-01t00:00:00.123456789z") == datetime(2030, 1, 1, 0, 0, 0, 123_456, UTC)


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JavaScript://x",
        "data:text/html,x",
        "ftp://host/",
        "//host/",
        "/path",
        "http://",
        "https://user@host/",
        "https://user:pw@host/",
        "https://:pw@host/",
        "https://host:99999/",
        "https://host:port/",
        "https://[::1",
        "https://ho st/",
        "https://host/\n",
        "http:///path",
        "https://host/\x00",
        5,
    ],
)
def test_a_url_is_http_without_credentials(value: Any) -> None:
    typ = Url()
    if value == "https://host/\n":  # white space at the ends goes, as in any text
        assert read(typ, value) == "https://host/"
    else:
        assert refusal(typ, value)


def test_a_text_is_trimmed_counted_and_free_of_control_characters() -> None:
    assert read(Text(5), "  a b\n") == "a b"
    assert read(Text(5, is_trimmed=False), " a ") == " a "
    assert read(Text(20), "line\nline\ttab") == "line\nline\ttab"
    for value in ("a\x00", "a\x08b", "\x1b[31m", "a\x7fb", 5, True, [], "abcdef"):
        assert refusal(Text(5), value)
    assert refusal(Text(5, min_chars=1), "  \n ")


def test_an_id_is_a_plain_uuid() -> None:
    text = "0190a000-0000-7000-8000-00000000000a"
    assert read(Id(), text.upper()) == UUID(text)
    for value in ("{" + text + "}", "urn:uuid:" + text, text.replace("-", ""), text + "\n", 5, "", text[:-1]):
        assert refusal(Id(), value)


def test_a_choice_is_one_of_its_words() -> None:
    for value in ("blue", "", "RED", 1, ["red"], {"red": 1}, "red\n"):
        assert refusal(Choice("red", "green"), value)


def test_a_listing_is_a_short_list() -> None:
    listing = field(Listing(2), field(Id(), name="id"))
    for value in ("abc", {"0": 1}, 5, ["x"] * 3):
        with pytest.raises(colander.Invalid):
            listing.deserialize(value)


@pytest.mark.parametrize(
    ("typ", "value"),
    [
        (Whole(), SECRET),
        (Flag(), SECRET),
        (Moment(), SECRET),
        (Id(), SECRET),
        (Choice("red"), SECRET),
        (Url(), SECRET),
        (Text(3), SECRET),
        (Text(50), SECRET + "\x00"),
        (Listing(), SECRET),
    ],
)
def test_an_error_never_repeats_the_value(typ: Any, value: str) -> None:
    node = field(typ, *([field(Text(5))] if isinstance(typ, Listing) else []), name="x")
    with pytest.raises(colander.Invalid) as caught:
        node.deserialize(value)
    assert SECRET not in str(caught.value.asdict())


def test_all_faults_are_reported_at_once_by_dotted_name() -> None:
    body = {
        "text": 5,
        "whole": True,
        "flag": "no",
        "at": "now",
        "url": "javascript:x",
        "id": "x",
        "word": "blue",
        "parts": [{"name": "a"}, {"name": "", "size": 11, "colour": 1}, 7],
        "role": "admin",
    }
    beneath = ("1.name", "1.size", "1.colour", "2")
    assert sorted(named(Everything(), body)) == sorted(
        ["text", "whole", "flag", "at", "url", "id", "word", "role", *(f"parts.{end}" for end in beneath)]
    )


def test_unknown_and_server_written_keys_are_named() -> None:
    assert named(Part(), {"name": "a", "created_at": "x", "id": 1}) == ["created_at", "id"]


def test_an_answer_does_not_name_unknown_keys_without_end() -> None:
    assert len(named(Part(), {"name": "a", **{f"k{n}": 1 for n in range(10_000)}})) == MAX_UNKNOWN_KEYS


def test_a_very_long_key_is_not_repeated_whole() -> None:
    assert max(map(len, named(Part(), {"name": "a", "k" * 100_000: 1}))) == 200


def test_null_is_refused_where_it_means_nothing() -> None:
    assert named(Everything(), {"text": "a", "whole": None, "parts": None}) == ["whole", "parts"]
    assert Everything().deserialize({"text": "a", "at": None})["at"] is None


@pytest.mark.parametrize("value", [[], "text", 5, True, None])
def test_a_body_is_an_object(value: Any) -> None:
    with pytest.raises(colander.Invalid):
        Part().deserialize(value)


def patch(given: dict[str, Any]) -> dict[str, Any]:
    schema = merge_patch(Everything)
    return apply_resets(schema, schema.deserialize(given))


def test_a_merge_patch_changes_what_it_names_and_nothing_else() -> None:
    assert patch({}) == {}
    assert patch({"whole": 3}) == {"whole": 3}


def test_null_in_a_merge_patch_resets_an_optional_field_to_its_default() -> None:
    assert patch({"whole": None, "at": None, "word": None, "parts": None}) == {
        "whole": 0,
        "at": None,
        "word": "red",
        "parts": [],
    }


def test_null_in_a_merge_patch_is_refused_for_what_can_not_be_reset() -> None:
    assert named(merge_patch(Everything), {"text": None, "id": None}) == ["text", "id"]


def test_a_merge_patch_does_not_change_the_schema_it_comes_from() -> None:
    merge_patch(Everything)
    assert named(Everything(), {}) == ["text"]


def test_a_left_out_field_with_drop_makes_no_key() -> None:
    class Some(Query):
        a = field(Text(5), missing=drop)
        b = field(Text(5), missing="x")

    assert Some().deserialize({}) == {"b": "x"}
    assert issubclass(Some, colander.MappingSchema) and issubclass(Body, colander.MappingSchema)
