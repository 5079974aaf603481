# SPDX-License-Identifier: Apache-2.0
"""Who reads and where: read-only media, pipes that close, readers that wait, a database that is being written to."""
import collections
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

import golden

MINUTE = 60


def add_processes(db, first, last, parent):
    """Processes first..last of session 1, one after the other."""
    db.executemany(
        "INSERT INTO s1_process (id, pid, start_boot_ns, time_ns, source, parent_id, parent_pid, comm) VALUES (?, ?, ?, ?, 'fork', ?, ?, 'many')",
        ((n, n, n, 1763622960000000000 + n, parent(n), parent(n)) for n in range(first, last + 1)))


class Readers(golden.Golden):
    def large(self, count, wal=False):
        path = golden.fixture.empty(str(self.directory / "large.db"))
        db = sqlite3.connect(path)
        if wal:
            db.execute("PRAGMA journal_mode = WAL")
        golden.fixture.session(db, 1)
        db.execute("INSERT INTO agent VALUES (1, 'a', 0)")
        db.execute("INSERT INTO session (id, agent_id, name, mode, state, start_ns, end_ns, boot_offset_ns, boot_id, host, kernel, machine,"
                   " recorder, recorder_pid, recorder_start_ticks) VALUES (1, 1, 'large', 'run', 'complete', 1763622960000000000,"
                   " 1763622961000000000, 0, '', '', '', '', '', 1, 1)")
        add_processes(db, 1, count, lambda n: 1 if n > 1 else None)
        db.commit()
        return path, db

    def start(self, *words, **options):
        process = subprocess.Popen([golden.AA_QUERY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=golden.environment(), **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def test_read_only_directory_as_somebody_else(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root, to become somebody else")
        db = self.fixture()
        place = self.directory / "sealed"
        place.mkdir()
        shutil.copy(db, place / "aa.db")
        shutil.copy(golden.AA_QUERY, self.directory / "aa-query")
        os.chmod(self.directory, 0o755)
        os.chmod(place / "aa.db", 0o444)
        os.chmod(place, 0o555)
        before = (place / "aa.db").read_bytes()
        for mode in ("DELETE", "WAL"):
            if mode == "WAL":
                connection = sqlite3.connect(place / "aa.db")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.close()
                before = (place / "aa.db").read_bytes()
                self.assertEqual(os.listdir(place), ["aa.db"])
            for words in golden.COMMANDS:
                for form in golden.FORMATS:
                    expected = self.run_query(db, "--format", form, *words)
                    result = subprocess.run([str(self.directory / "aa-query"), "--db", str(place / "aa.db"), "--format", form, *words],
                                            capture_output=True, timeout=MINUTE, env=golden.environment(), user=65534, group=65534,
                                            extra_groups=[])
                    self.assertEqual((result.returncode, result.stdout), (expected.returncode, expected.stdout), result.stderr)
            self.assertEqual(os.listdir(place), ["aa.db"])
            self.assertEqual((place / "aa.db").read_bytes(), before)

    def test_head(self):
        """A reader who leaves early ends the query at once, and without a word."""
        path, _ = self.large(200000)
        for words in (["timeline"], ["process"], ["tree"], ["sql", "SELECT * FROM timeline"]):
            for form in golden.FORMATS:
                process = self.start("--db", path, "--format", form, *words)
                self.assertNotEqual(process.stdout.readline(), b"")
                process.stdout.close()
                self.assertEqual(process.stderr.read(), b"", (words, form))
                self.assertEqual(process.wait(timeout=MINUTE), -13, (words, form))

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([golden.AA_QUERY, "--db", self.fixture(), "tree"], stdout=full, stderr=subprocess.PIPE, timeout=MINUTE,
                                    env=golden.environment())
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"No space left", result.stderr)

    def test_waiting_reader_holds_no_transaction(self):
        """While nobody reads our answer, the recorder can empty its WAL; afterwards every row is there once."""
        path, db = self.large(30000, wal=True)
        process = self.start("--db", path, "--format", "jsonl", "timeline")
        first = process.stdout.readline()
        deadline = time.monotonic() + MINUTE
        while True:
            add_processes(db, 30001, 30001, lambda n: None)
            db.rollback()
            db.execute("UPDATE session SET event_count = event_count + 1")
            db.commit()
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                break
            self.assertLess(time.monotonic(), deadline, "a transaction stays open")
            time.sleep(0.1)
        self.assertIsNone(process.poll())
        # New rows behind the last one shown are part of the rest.
        add_processes(db, 30001, 30010, lambda n: None)
        db.commit()
        rows = [json.loads(line) for line in [first] + process.stdout.readlines()]
        self.assertEqual(process.wait(timeout=MINUTE), 0)
        self.assertEqual([row["row_id"] for row in rows], list(range(1, 30011)))

    def test_waiting_reader_of_equal_times(self):
        """Rows of one instant are neither doubled nor skipped where the statement goes on."""
        path, db = self.large(30000, wal=True)
        db.execute("UPDATE s1_process SET time_ns = 1763622960000000000 + id / 7000")
        db.commit()
        process = self.start("--db", path, "--format", "jsonl", "timeline")
        lines = [process.stdout.readline()]
        while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            time.sleep(0.1)
            db.execute("UPDATE session SET event_count = event_count + 1")
            db.commit()
        lines += process.stdout.readlines()
        self.assertEqual(process.wait(timeout=MINUTE), 0)
        counts = collections.Counter(json.loads(line)["row_id"] for line in lines)
        self.assertEqual(counts, collections.Counter(range(1, 30001)))

    def test_while_it_is_written_to(self):
        path, db = self.large(100, wal=True)
        script = f"""
import sqlite3, sys
sys.path.insert(0, {str(golden.fixture.HERE)!r})
from test_readers import add_processes
db = sqlite3.connect({path!r}, timeout=60)
n = 100
while True:
    add_processes(db, n + 1, n + 50, lambda _: 1)
    db.commit()
    n += 50
"""
        writer = subprocess.Popen([sys.executable, "-B", "-c", script], env=golden.environment(AA_QUERY=golden.AA_QUERY))
        self.addCleanup(writer.wait)
        self.addCleanup(writer.kill)
        last = 0
        while last < 3000:
            self.assertIsNone(writer.poll())
            for words in (["tree"], ["timeline"], ["process"]):
                rows = self.rows(path, *words)
                ids = sorted(row["id" if "id" in row else "row_id"] for row in rows)
                # Whole transactions only: what is there is there without a hole.
                self.assertEqual(ids, list(range(1, len(ids) + 1)))
                self.assertEqual(len(ids) % 50, 0)
                self.assertGreaterEqual(len(ids), last)
                last = len(ids)

    def test_left_over_wal(self):
        """A recorder was killed: what it had committed is in the -wal, and an answer changes nothing beside it."""
        path, db = self.large(100, wal=True)
        add_processes(db, 101, 200, lambda n: 1)
        db.commit()
        place = self.directory / "copy"
        place.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(path + suffix, place / f"large.db{suffix}")
        before = {name: (place / name).read_bytes() for name in os.listdir(place)}
        self.assertEqual(len(self.rows(str(place / "large.db"), "process")), 200)
        self.assertEqual({name: (place / name).read_bytes() for name in os.listdir(place)}, before)

    def test_deep_and_wide(self):
        path, db = self.large(100000)
        rows = self.rows(path, "tree")
        self.assertEqual((len(rows), rows[-1]["depth"]), (100000, 1))
        db.execute("DELETE FROM s1_process WHERE id > 10000")
        db.execute("UPDATE s1_process SET parent_id = id - 1 WHERE id > 1")
        db.commit()
        rows = self.rows(path, "tree")
        self.assertEqual([row["depth"] for row in rows], list(range(10000)))
        self.assertEqual(len(self.rows(path, "process", "--id", "10000")[0]["ancestors"]), 9999)
        text = self.text(path, "tree")
        self.assertEqual(text.count("\n"), 10002)
        self.assertLess(len(text), 10000 * 300)

    def test_large_values(self):
        """A command line of 2 MiB goes through every format whole."""
        path, db = self.large(1)
        command = "x " * (1 << 20)
        db.execute("INSERT INTO s1_exec (id, process_id, time_ns, source, tid, error, command) VALUES (1, 1, 1763622960000000000, 'event', 1, 0, ?)",
                   (command + "end",))
        db.commit()
        self.assertEqual(self.rows(path, "tree")[0]["argv"], ["x"] * (1 << 20) + ["end"])
        for words in (["tree"], ["timeline"], ["process"], ["process", "1"]):
            for form in golden.FORMATS:
                self.assertIn(command + "end", self.run_query(path, "--format", form, *words).stdout.decode())


if __name__ == "__main__":
    golden.main()
