"""Backups: the database and the files that its rows name, as they were at one moment, in a folder that needs no other.

First a snapshot of the database is taken and dumped, then the files are copied. A file is never written twice under its
key, and while a backup is made none is removed (``files.keeping.BACKUP_LOCK``): so each file that a row of the snapshot
names is there when its turn comes, however much is written and deleted meanwhile.

| file | holds |
|---|---|
| ``archive`` | what a backup looks like on disk, and whether it is whole |
| ``postgresql`` | pg_dump and pg_restore: finding them, running them |
| ``making``, ``restoring`` | the two ways |
| ``commands`` | ``courseplatform backup`` and ``restore`` |
"""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    config.add_setting("backup.postgresql_bin")
