"""Whatever arrives: no server error, no echo, no changed row (``design/trust.md``, promise 10).

The corpus is made of the Swagger document, so that a new operation is covered by itself: one ``calls.Call`` per
operation that succeeds, then one thing of it made bad. ``python -m tests.contracts.bad_input`` tries 10,000 and more.

* ``calls``: a request byte by byte, and what the application answers;
* ``operations``: those of the document, each with a call that reaches its view;
* ``values``: bad JSON for a schema; ``bodies``, ``addresses``, ``headers``, ``forms``: bad parts of a call;
* ``probe``: sends, judges and counts.
"""
