"""Shared answers: what callers of one audience were answered is answered again from Redis.

    @courses.get(permission=P.LIST, query=CourseList, shared=("courses",), shared_by=("student",))
    config.add_cache_topic("courses", "plugins.courses.models.Course")

A view that says ``shared=`` names the topics that its answer depends on, besides those of the rows above its address.
A topic is a set of tables; whatever changes their rows through ``request.db`` changes the topic, no verb knows of it.
Where rows say to which item they belong (``of=``), those of one item are a topic of their own (``topics.Topics``).

**Private data is in no shared answer.** Anonymous callers are an audience: what one of them got by the full way,
through security, only they are given, without a statement. Where a view says with ``shared_by=`` that all who hold a
role are told the same there, each such role is an audience too. Its holders are signed in and security lets them in, at
each request, before they are given anything; programs that act for them are always answered alone.

**No answer is older than a write that was acknowledged before the question.** For each topic Redis keeps a random token
and the holds of those who are writing. A writer, just before its COMMIT, adds its hold and changes the token, in one
step; after the COMMIT it changes the token again and takes its hold away, and only then answers. A reader asks for the
tokens of its topics, and in the same step for what is kept. While there is a hold it leaves the cache alone. Else it
believes what is kept together with these very tokens, and what it has to make itself it keeps together with them: as
they were *before* it read a row.

* What a reader read before the COMMIT is kept with a token that was changed before the COMMIT: nobody believes it.
  So a stale answer that is written late is harmless, however late.
* A writer that dies between COMMIT and the end leaves its hold: readers go without the cache until it is over, by
  Redis' clock, ``HOLD_S``. One whose COMMIT failed, or whose outcome nobody knows, leaves it too. One that is rolled
  back before its COMMIT never had any.
* Redis wiped: tokens are random, no old one comes back. A wiped hold is why the token is changed again at the end.
* Redis restarted from an older state, or replaced by a replica that lags: its ``run_id``, one of the tokens, is
  another.
* A writer whom Redis does not answer commits all the same, and a job in the same transaction changes the token as
  soon as Redis is back (``jobs``). Until then, and no longer than ``cache.ttl_s``, readers who can reach what the
  writer could not may be given an answer from before: the one case in which they may.

There is no lock against many who make the same answer at once: each wait would last as long as a statement may, and a
process has few threads. Without ``redis.url`` there is no cache: in the memory of a process it would be stale in all
others.

| file | holds |
|---|---|
| ``topics`` | which rows belong to which topic, and who has changed them |
| ``tokens`` | tokens and holds in Redis |
| ``answers`` | the view deriver: which answers are shared, keeping them and giving them again |
| ``jobs`` | changing a token that its writer could not |
"""

from pyramid.config import Configurator
from pyramid.settings import asbool

from ..extending import LATE
from ..settings import natural_int, positive_int
from .answers import Answers, check_extensions, shared_view
from .commands import forget_shared_answers
from .tokens import Tokens
from .topics import Topics, add_cache_topic

__all__ = ["add_cache_topic"]


def includeme(config: Configurator) -> None:
    registry = config.registry
    registry["cache.topics"], registry["cache.tokens"], registry["cache.answers"] = Topics(), None, None
    config.add_setting("cache.public", asbool, default=True)
    config.add_setting("cache.ttl_s", positive_int, default=60)
    config.add_setting("cache.process_mib", natural_int, default=8)
    config.add_directive("add_cache_topic", add_cache_topic)
    config.add_jobs("courseplatform.cache.jobs")
    config.add_command(forget_shared_answers)
    config.add_view_deriver(shared_view, under="limited_view", over="secured_view")

    def connect() -> None:
        url = registry.settings["redis.url"]
        if url is not None and registry.settings["cache.public"]:
            registry["cache.tokens"] = Tokens(url, registry["redis"])
            registry["cache.answers"] = Answers(registry)

    config.action("shared answers", connect)
    config.action("topics of extensions", check_extensions, args=(registry,), order=LATE + 1)
