"""Searches: whatever is asked, PostgreSQL understands it; what is shown of a text is harmless in a page."""

import random
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.search import Search
from courseplatform.testing import Client
from plugins.courses.models import Course
from tests.factories.accounts import Actor
from tests.factories.courses import id_of, make_course

#: What a random search is made of: operators of every kind, words of both languages, marks, things without a letter.
PIECES = [
    *"\"'-&|!():*<>\\%_,.;@/#+=~^`$?[]{}",
    *("or", "OR", "and", "not", "the", "и", "не", "<->", "<3>", ":*", ":A", "''", '""', "\\'", "\\", "$$", "%s", "{0}"),
    *("algebra", "алгебра", "prog", "C++", "a-b", "node.js", "x@y.z", "http://a.b/c?d", "1.5e3", "2nd", "foo_bar"),
    *("é", "e\u0301", "ß", "İ", "ﬁ", "中文", "한국어", "עברית", "हिन्दी", "🐞", "👩\u200d💻"),
    *("\u202e", "\ufeff", "\ue000", "\U0010ffff", " ", " ", " ", "  ", "\t", "\n", "\u00a0", "\u2028", "\u200b"),
]
REPEATED = [*"\"'-(!:*\\ a中", "- ", '"-', '-"', "- a ", '-" a ', "a or ", "or ", "-_", "a-"]


@pytest.fixture
def script(client: Client) -> Iterator[Any]:
    with client.script() as request:
        yield request


def test_no_words_break_a_query(client: Client, script: Any, teacher: Actor) -> None:
    course_id = UUID(id_of(make_course(client, teacher)))
    chosen = random.Random(5172)
    texts = ["".join(chosen.choices(PIECES, k=chosen.randint(1, 20))) for _ in range(400)]
    texts += [(part * 200)[:200] for part in REPEATED]
    vector = sa.func.to_tsvector("simple", "algebra " + " ".join(PIECES))
    for text in texts:
        search = Search(text)
        is_found, rank = script.db.execute(sa.select(search.matches(vector), search.rank(vector))).one()
        assert search.headlines(script, Course.id, [course_id], title=sa.literal(text))[course_id]["title"] is not None
        assert isinstance(is_found, bool), text
        assert 0 <= rank <= 2**31 - 1, text


@pytest.mark.parametrize("text", [f"{part * 200}"[:200] for part in ('-"', "--", "'", "\\", "中")])
def test_no_words_crash_a_list(client: Client, teacher: Actor, text: str) -> None:
    make_course(client, teacher)
    client.get(f"/api/courses/?search={quote(text)}&expand=headline")


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("linear algebra", "'linear' & ( 'algebra' | 'algebra':* )"),
        ("Программирование", "'программирован' | 'программирование':*"),
        ("prog -algebra", "'prog' & !'algebra'"),  # what is excluded is no beginning,
        ('"linear algebra"', "'linear' <-> 'algebra'"),  # nor what is quoted,
        ('"linear alg', "'linear' <-> 'alg'"),  # closed or not
        ('"linear algebra" prog', "( 'prog' | 'prog':* ) & 'linear' <-> 'algebra'"),
        ("groups or rings", "'group' | 'ring' | 'rings':*"),
        ("introduction to the", "'introduct'"),
        ("it", "'it' | 'it':*"),  # a stop word, but there is nothing else
        ("-", ""),
        ("🐞", ""),
    ],
)
def test_what_words_mean(script: Any, words: str, query: str) -> None:
    assert script.db.scalar(sa.select(sa.cast(Search(words).query, sa.Text))) == query


def headlines(client: Client, course: str, words: str, **texts: str) -> dict[str, str]:
    with client.script() as request:
        request.db.execute(sa.update(Course).where(Course.id == id_of(course)).values(**texts))
        search, ids = Search(words), [id_of(course)]
        (found,) = search.headlines(
            request, Course.id, ids, title=Course.title, description=Course.description
        ).values()
    return found


HOSTILE = (
    "<script>alert(1)</script> & \"q\" 'q' <b onclick=x>a < b && c > d</b> &lt;i&gt; programming <!-- --> <mark> end"
)


@pytest.mark.parametrize("marks", ["", "\x01\x02\x03", "\x01", "\x02\x02"])
def test_a_headline_is_harmless_html(client: Client, teacher: Actor, marks: str) -> None:
    text = HOSTILE.replace("programming", f"{marks}pro{marks}gramming{marks}")
    shown = headlines(client, make_course(client, teacher), "programs", title=text, description=text)
    for html in shown.values():
        assert html.count("<mark>") == html.count("</mark>") == 1
        plain = html.replace("<mark>programming</mark>", "programming")
        assert not re.search(r"[<>\"']|&(?!lt;|gt;|amp;|quot;|#x27;)", plain)
        assert unescape(plain) in HOSTILE
    assert unescape(shown["title"].replace("<mark>programming</mark>", "programming")) == HOSTILE


def test_a_headline_shows_where_and_otherwise_how_a_text_begins(client: Client, teacher: Actor) -> None:
    long = " ".join(f"word{number}" for number in range(200))
    texts = {"title": "Programming languages", "description": f"{long} программирование {long}"}
    course = make_course(client, teacher)
    shown = headlines(client, course, "языки программирования", **texts)
    assert shown["title"] == "Programming languages"
    assert "<mark>программирование</mark>" in shown["description"]
    assert len(shown["description"]) < 400
    # a beginning that is longer than the stem
    assert headlines(client, course, "programmin", **texts)["title"] == "<mark>Programming</mark> languages"
    assert headlines(client, course, "programmin", **texts)["description"].startswith("word0 word1")
