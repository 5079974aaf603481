# SPDX-License-Identifier: Apache-2.0
"""Databases for aa-query's tests, made from the schema's text without any of our C code."""
import errno
import pathlib
import re
import signal
import sqlite3

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / "schema"
TABLES = ["string", "process", "exec", "env", "cgroup", "cred", "comm", "setsid", "reparent", "file", "content", "blob", "gap"]
APPLICATION_ID = 0x61617263


def catalogue(db, version=2):
    for number in range(1, version + 1):
        db.executescript((SCHEMA / f"{number:04}.sql").read_text())
    db.executemany("INSERT OR REPLACE INTO errno_name VALUES (?, ?)", errno.errorcode.items())
    db.executemany("INSERT OR REPLACE INTO signal_name VALUES (?, ?)", [(s.value, s.name) for s in signal.Signals])
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {version}")


def section(text, name):
    """The part of a template behind "-- @name", or its beginning."""
    parts = re.split(r"^-- @(\w+)\n", text, flags=re.M)
    named = dict(zip(parts[1::2], parts[2::2]))
    return named.get(name, "") if name else parts[0]


def session(db, number, tables=TABLES, sealed=True):
    arms = []
    for table in tables:
        text = re.sub(r"\bs0_", f"s{number}_", (SCHEMA / "session" / f"{table}.sql").read_text())
        db.executescript(section(text, ""))
        if sealed:
            db.executescript(section(text, "index"))
        if section(text, "timeline"):
            arms.append(section(text, "timeline"))
    db.executescript(f"CREATE VIEW s{number}_timeline AS\n" + "UNION ALL\n".join(arms) + ";")


def make(path, *scripts):
    """The fixture; scripts are run on top of it. Session 2 has only the tables that it needed."""
    db = sqlite3.connect(path)
    catalogue(db)
    session(db, 1)
    session(db, 2, ["string", "cgroup", "process", "exec", "gap"], sealed=False)
    for script in ("fixture.sql",) + scripts:
        db.executescript((HERE / script).read_text())
    db.commit()
    db.close()
    return path


def empty(path, version=2):
    db = sqlite3.connect(path)
    catalogue(db, version)
    db.commit()
    db.close()
    return path


if __name__ == "__main__":
    import sys

    make(*sys.argv[1:])
