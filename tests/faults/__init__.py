"""``python -m tests.faults``: what clients were told, against what is there after servers have been killed and frozen.

A real PostgreSQL, a real Redis, several processes that serve, workers and a scheduler, by ``production.ini``; between
them a TCP proxy of our own. Writers register, enrol, hand in, are graded and comment; each of their POSTs carries an
Idempotency-Key and is repeated until it is acknowledged. Meanwhile a scenario does its harm, by a seed.

| file | holds |
|---|---|
| ``stage`` | all processes, how they are started, harmed and healed |
| ``writers`` | who writes meanwhile, and the ledger of what they were told |
| ``watch`` | who asks ``/health/`` meanwhile, and the webhook that is told everything |
| ``judging`` | the ledger against the database, the files and the deliveries |
| ``scenarios`` | what goes wrong |
| ``running`` | one scenario from its beginning to its verdict, and the table |
"""
