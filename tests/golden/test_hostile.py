# SPDX-License-Identifier: Apache-2.0
"""A database may be forged, damaged, or no database: a clear error or a safe answer, and never a crash."""
import json
import os
import pathlib
import pty
import random
import re
import sqlite3
import subprocess

import golden

# What a terminal would obey, or what would deceive its reader.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
COLOURS = re.compile("\x1b\\[[0-9;]*m")


def run_in_terminal(words, env):
    """What a terminal gets to see, and the exit status."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower, env=env, close_fds=True)
    os.close(follower)
    output = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    os.close(leader)
    return output.decode(), process.wait(timeout=60)


class Hostile(golden.Golden):
    def assert_safe(self, text):
        found = UNSAFE.search(text)
        if found:
            self.fail(f"{text[max(0, found.start() - 40):found.end() + 20]!r}")

    def test_forged_rows(self):
        db = self.fixture("forged.sql")
        for words in golden.COMMANDS + [["sql", "SELECT * FROM session, agent, s1_exec, s1_process, s1_string, probe"]]:
            for form in golden.FORMATS:
                with self.subTest(words=words, format=form):
                    result = self.run_query(db, "--session", "1", "--format", form, *words)
                    self.assertIn(result.returncode, (0, 1), result.stderr)
                    output = result.stdout.decode()
                    self.assert_safe(output)
                    self.assert_safe(result.stderr.decode())
                    if form != "csv":
                        self.assertNotIn("\r", output)
                    if form == "json":
                        json.loads(output)

    def test_forged_rows_on_a_terminal(self):
        db = self.fixture("forged.sql")
        for words in golden.COMMANDS:
            with self.subTest(words=words):
                command = [golden.AA_QUERY, "--db", db, "--session", "1", "--no-pager"] + words
                output, status = run_in_terminal(command, golden.environment())
                self.assertIn(status, (0, 1))
                self.assertNotEqual(output, "")
                self.assert_safe(COLOURS.sub("", output).replace("\r\n", "\n"))

    def test_forged_names(self):
        """Names of columns and tables, and of what the user typed."""
        db = self.fixture()
        for form in golden.FORMATS:
            for words in (["sql", "SELECT 1 AS \"a\x1b[2J\u202e\", 2 AS \"\r\""], ["sql", "SELECT * FROM \"\x1b[2J\""],
                          ["--session", "\x1b[2J", "tree"], ["\x1b[2J"], ["tree", "--\x1b[2J"], ["tree", "--at", "\x1b[2J"]):
                with self.subTest(words=words, format=form):
                    result = self.run_query(db, "--format", form, *words)
                    self.assert_safe(result.stdout.decode())
                    self.assert_safe(result.stderr.decode())

    def test_views_with_other_sql(self):
        """A view that calls what it should not is refused, and one that lies is only a lie."""
        for body, statuses in (("SELECT load_extension('/tmp/x') AS id", {2, 3}),
                               ("SELECT randomblob(1000000000) AS id", {2, 3}),
                               ("SELECT 1 AS id, 2 AS pid", {0, 1, 2, 3}),
                               ("SELECT * FROM s1_timeline", {2, 3})):
            with self.subTest(body=body):
                db = self.fixture()
                connection = sqlite3.connect(db)
                for view in ("s1_timeline", "s1_process_view", "s1_exec_view", "s1_commands"):
                    connection.execute(f"DROP VIEW {view}")
                    connection.execute(f"CREATE VIEW {view} AS {body}")
                connection.commit()
                connection.close()
                for words in (["timeline"], ["process", "105"], ["sql", "SELECT * FROM process"], ["tree"]):
                    result = self.run_query(db, *words)
                    self.assertIn(result.returncode, statuses | ({0} if words == ["tree"] else set()), result.stderr)
                os.unlink(db)

    def test_tables_of_another_shape(self):
        db = self.fixture()
        connection = sqlite3.connect(db)
        connection.executescript("DROP VIEW s1_process_view; DROP TABLE s1_process; CREATE TABLE s1_process (x);"
                                 "DROP TABLE s1_gap; CREATE TABLE s1_gap (y);")
        connection.close()
        for words in golden.COMMANDS:
            if words == ["sessions"]:
                continue
            result = self.run_query(db, "--session", "1", *words)
            self.assertIn(result.returncode, (2, 3), words)
            self.assertNotEqual(result.stderr, b"")

    def test_cut_off(self):
        whole = pathlib.Path(self.fixture()).read_bytes()
        db = str(self.directory / "cut.db")
        for size in [0, 1, 15, 16, 99, 100, 101, 4095, 4096, 4097] + list(range(8192, len(whole), 20480)):
            pathlib.Path(db).write_bytes(whole[:size])
            for words in (["sessions"], ["tree"], ["timeline"]):
                result = self.run_query(db, *words)
                self.assertIn(result.returncode, (0, 1, 3), (size, words))
                if size <= 4096:
                    self.assertEqual(result.returncode, 3, (size, words))

    def test_flipped_bytes(self):
        whole = pathlib.Path(self.fixture()).read_bytes()
        db = str(self.directory / "flipped.db")
        generator = random.Random(20251120)
        for turn in range(60):
            content = bytearray(whole)
            for _ in range(generator.choice((1, 10, 100, 2000))):
                content[generator.randrange(100, len(content))] = generator.randrange(256)
            pathlib.Path(db).write_bytes(content)
            words = golden.COMMANDS[turn % len(golden.COMMANDS)]
            result = self.run_query(db, "--format", golden.FORMATS[turn % 4], *words)
            self.assertIn(result.returncode, (0, 1, 2, 3), turn)
            self.assert_safe(result.stdout.decode().replace("\r\n", "\n"))

    def test_no_database(self):
        def write(name, content):
            (self.directory / name).write_bytes(content)
            return str(self.directory / name)

        def change(pragma):
            db = self.fixture()
            connection = sqlite3.connect(db)
            connection.execute(pragma)
            connection.commit()
            connection.close()
            renamed = str(self.directory / (re.sub(r"\W", "", pragma) + ".db"))
            os.rename(db, renamed)
            return renamed

        (self.directory / "fifo").touch()
        (self.directory / "fifo").unlink()
        os.mkfifo(self.directory / "fifo")
        for path, word in ((str(self.directory / "missing.db"), "No such file"), (str(self.directory), "directory"),
                           (write("text", b"just some words, but enough of them\n" * 9), "not a database"), (write("empty", b""), "empty"),
                           (str(self.directory / "fifo"), "regular"),
                           (change("PRAGMA application_id = 7"), "another application"),
                           (change("PRAGMA user_version = 99"), "newer")):
            with self.subTest(path=path):
                result = self.run_query(path, "sessions")
                self.assertEqual((result.returncode, result.stdout), (3, b""))
                self.assertIn(word, result.stderr.decode())
                self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_without_sessions(self):
        db = golden.fixture.empty(str(self.directory / "none.db"))
        for words in golden.COMMANDS[:-1]:
            result = self.run_query(db, *words)
            self.assertEqual((result.returncode, result.stdout), (1, b""), words)
            self.assertIn(b"no session", result.stderr)
        self.assertEqual(self.rows(db, "sql", "SELECT count(*) AS n FROM session"), [{"n": 0}])


if __name__ == "__main__":
    golden.main()
