# SPDX-License-Identifier: Apache-2.0
"""The command line: what is refused, which session is meant, what sql may do, what a terminal gets."""
import os
import pathlib
import pty
import sqlite3

import golden
from test_hostile import run_in_terminal

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


class Usage(golden.Golden):
    def assert_usage(self, *words, says):
        result = self.run_query(self.fixture_path, *words)
        self.assertEqual((result.returncode, result.stdout), (2, b""), words)
        self.assertIn(says, result.stderr.decode())

    def setUp(self):
        super().setUp()
        self.fixture_path = self.fixture()

    def test_wrong_words(self):
        for words, says in (
                (["nosuch"], "no command nosuch"), (["--nosuch", "tree"], "unknown option --nosuch"),
                (["tree", "--nosuch"], "unknown option --nosuch"), (["tree", "-x"], "unknown option -x"),
                (["tree", "extra"], "unexpected argument extra"), (["process", "1", "2"], "unexpected argument 2"),
                (["sql"], "STATEMENT"), (["--db"], "--db needs an argument"), (["tree", "--pid"], "--pid needs an argument"),
                (["tree", "--pid", "x"], "not a number"), (["tree", "--pid", "-1"], "not between"),
                (["tree", "--limit", "0"], "not between"), (["tree", "--limit", "99999999999999999999"], "not a number"),
                (["tree", "--limit=1x"], "not a number"), (["tree", "--since", "yesterday"], "not a time"),
                (["timeline", "--kind", "exec,nosuch"], "nosuch is not a kind"), (["--format", "xml", "tree"], "none of text|json"),
                (["--color=sometimes", "tree"], "none of auto"), (["--utc=yes", "tree"], "takes no argument"),
                (["sessions", "--pid", "1"], "unknown option --pid"), (["tree", "--kind", "exec"], "unknown option --kind"),
                (["--since", "+1", "tree"], "--since stands behind the command"),
                (["process", "abc"], "not a pid"), (["process", "5", "--id", "5"], "not both"),
                (["--session", "all", "tree"], "about one session"), (["--session", "all", "sql", "SELECT 1"], "about one session")):
            with self.subTest(words=words):
                self.assert_usage(*words, says=says)

    def test_no_command(self):
        result = self.run_query(None)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn(b"usage: aa-query", result.stderr)

    def test_options_before_and_behind(self):
        expected = self.run_query(self.fixture_path, "--session", "2", "--format", "json", "tree").stdout
        for words in (["tree", "--session", "2", "--format", "json"], ["--format=json", "tree", "--session=2"],
                      ["--session=2", "tree", "--format=json", "--"]):
            self.assertEqual(self.run_query(self.fixture_path, *words).stdout, expected)
        self.assertEqual(self.run_query(None, "tree", "--session", "2", "--format", "json", "--db", self.fixture_path).stdout, expected)
        env = golden.environment(AA_DB=self.fixture_path)
        self.assertEqual(self.run_query(None, "tree", "--session", "2", "--format", "json", env=env).stdout, expected)

    def test_no_gaps_of_a_part_is_not_no_gaps(self):
        for words in (["--until", "+1000000"], ["--pid", "1"], ["--kind", "exec"]):
            result = self.run_query(self.fixture_path, "gaps", *words)
            self.assertEqual(result.returncode, 1, words)
            self.assertIn(b"no gaps found", result.stdout, words)
            self.assertNotIn(b"nothing lost", result.stdout, words)

    def test_no_gaps_of_a_dead_recorder_is_not_no_gaps(self):
        path = os.path.join(os.path.dirname(self.fixture_path), "dead.db")
        with open(self.fixture_path, "rb") as source, open(path, "wb") as copy:
            copy.write(source.read())
        with sqlite3.connect(path) as db:
            db.execute("UPDATE session SET state = 'interrupted'")
        db.close()
        self.assertIn(b"no gaps found", self.run_query(path, "gaps").stdout)

    def test_version(self):
        for words in (["--version"], ["-V"], ["tree", "--version"]):
            self.assertRegex(self.run_query(None, *words).stdout.decode(), r"\Aaa-query \d+\.\d+\.\d+\n\Z")

    def test_sessions_by_id_and_name(self):
        db = sqlite3.connect(self.fixture_path)
        columns = "agent_id, mode, state, boot_offset_ns, boot_id, host, kernel, machine, recorder, recorder_pid, recorder_start_ticks"
        for number, name, start in ((3, "twice", 10), (4, "twice", 30), (5, "1", 20), (6, "77", 5)):
            db.execute(f"INSERT INTO session (id, name, start_ns, end_ns, {columns}) SELECT ?, ?, ?, ?, {columns} FROM session WHERE id = 1",
                       (number, name, start, start))
        db.commit()
        for wanted, number in (("1", 1), ("2", 2), ("twice", 4), ("77", 6), ("latest", 1), ("builder-20251120-071600-1", 1), ("5", 5)):
            self.assertEqual([row["id"] for row in self.rows(self.fixture_path, "--session", wanted, "sessions")], [number], wanted)
        for wanted in ("builder", "8", "", "LATEST", "twic_", "-1"):
            result = self.run_query(self.fixture_path, "--session", wanted, "tree")
            self.assertEqual((result.returncode, result.stdout), (1, b""), wanted)
            self.assertIn(b"no session", result.stderr)

    def test_live_and_dead_recorders(self):
        db = sqlite3.connect(self.fixture_path)
        me = os.getpid()
        for boot_id, pid, ticks, state, line in (
                (BOOT_ID, me, start_ticks(me), "recording", "incomplete: still recording"),
                (BOOT_ID, me, start_ticks(me) + 1, "interrupted", "incomplete: interrupted (its recorder died)"),
                (BOOT_ID, 2**22 + 1, 1, "interrupted", "incomplete: interrupted (its recorder died)"),
                (BOOT_ID.replace(BOOT_ID[0], "x"), me, start_ticks(me), "interrupted", "incomplete: interrupted (its recorder died)")):
            db.execute("UPDATE session SET state = 'recording', end_ns = NULL, boot_id = ?, recorder_pid = ?, recorder_start_ticks = ?"
                       " WHERE id = 1", (boot_id, pid, ticks))
            db.commit()
            self.assertEqual(self.rows(self.fixture_path, "--session", "1", "sessions")[0]["state"], state)
            for words in (["tree"], ["timeline"], ["process"], ["process", "100"], ["gaps"], ["sql", "SELECT count(*) FROM process"]):
                result = self.run_query(self.fixture_path, "--session", "1", *words)
                self.assertTrue(result.stdout.decode().splitlines()[-1].startswith(line) or words == ["gaps"], result.stdout)
                self.assertIn(line, result.stdout.decode())

    def test_incomplete_is_said(self):
        """Text ends with it; other formats leave it to standard error, and --quiet silences that."""
        line = "incomplete: interrupted (its recorder died), 5 events lost, 1 value truncated, 1 hook refused (see aa-query --session 2 gaps)\n"
        for words in (["tree"], ["timeline"], ["process"], ["process", "900"], ["gaps"], ["sql", "SELECT 1 FROM exec"]):
            self.assertTrue(self.text(self.fixture_path, "--session", "2", *words).endswith(line), words)
            result = self.run_query(self.fixture_path, "--session", "2", "--format", "json", *words)
            # What was left out on request is told where the answer would hold it.
            left_out = "aa-query: left out on request: 23 events (--files, --exclude)\n" if words[0] in ("timeline", "sql") else ""
            self.assertEqual(result.stderr.decode(), left_out + "aa-query: " + line)
            result = self.run_query(self.fixture_path, "--session", "2", "--quiet", "--format", "json", *words)
            self.assertEqual(result.stderr, b"")
        # Only what the answer is about: the gaps lie elsewhere, the catalogue has none.
        text = self.text(self.fixture_path, "--session", "2", "timeline", "--until", "+0.1")
        self.assertTrue(text.endswith("incomplete: interrupted (its recorder died), 1 hook refused (see aa-query --session 2 gaps)\n"))
        self.assertNotIn("incomplete", self.text(self.fixture_path, "--session", "2", "sql", "SELECT id FROM session"))

    def test_sql_only_reads(self):
        before = pathlib.Path(self.fixture_path).read_bytes()
        target = self.directory / "target.db"
        for statement in ("DELETE FROM session", "UPDATE session SET name = 'x'", "INSERT INTO agent VALUES (9, 'x', 0)",
                          "DROP TABLE s1_exec", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "CREATE TEMP VIEW x AS SELECT 1",
                          f"ATTACH '{target}' AS x", f"VACUUM INTO '{target}'", "VACUUM", "REINDEX", "ANALYZE", "BEGIN", "COMMIT",
                          "SAVEPOINT x", "PRAGMA query_only = 0", "PRAGMA query_only", "PRAGMA user_version = 7",
                          "PRAGMA writable_schema = 1", "PRAGMA journal_mode = WAL", "PRAGMA trusted_schema = 1",
                          "PRAGMA wal_checkpoint", "PRAGMA temp_store_directory = '/tmp'", "SELECT load_extension('x')",
                          "SELECT randomblob(8)", "SELECT writefile('x', 'y')", "SELECT readfile('/etc/passwd')", "SELECT fts3_tokenizer('x')",
                          "EXPLAIN DELETE FROM session", "SELECT 1; DELETE FROM session", "WITH x AS (SELECT 1) DELETE FROM session",
                          "REPLACE INTO agent VALUES (1, 'x', 0)", "DETACH main", "ALTER TABLE agent RENAME TO x", "SELEC 1",
                          "SELECT * FROM nosuch", "SELECT * FROM pragma_query_only"):
            with self.subTest(statement=statement):
                result = self.run_query(self.fixture_path, "sql", statement)
                self.assertEqual(result.returncode, 2, result.stdout)
                self.assertTrue(result.stderr.startswith(b"aa-query: sql: "), result.stderr)
        self.assertEqual(pathlib.Path(self.fixture_path).read_bytes(), before)
        self.assertEqual(sorted(os.listdir(self.directory)), ["aa.db"])

    def test_sql_offers(self):
        for statement, value in (("SELECT count(*) AS n FROM process", 8), ("SELECT count(*) AS n FROM exec", 8),
                                 ("SELECT count(*) AS n FROM s2_exec", 2), ("SELECT count(*) AS n FROM timeline", 79), ("SELECT count(*) AS n FROM file", 49), ("SELECT deleted AS n FROM files WHERE path LIKE '%scratch'", 1),
                                 ("SELECT name AS n FROM signal_name WHERE signal = 9", "SIGKILL"),
                                 ("SELECT count(*) AS n FROM json_each('[1,2]')", 2), ("PRAGMA user_version", None),
                                 ("SELECT count(*) AS n FROM pragma_table_info('exec') WHERE name = 'command'", 1),
                                 ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9) SELECT sum(x) AS n FROM c", 45),
                                 ("SELECT group_concat(pid) AS n FROM (SELECT pid, rank() OVER (ORDER BY id) AS r FROM process) WHERE r < 3",
                                  "100,101"), ("SELECT upper(strftime('%Y', 0, 'unixepoch') || printf('%x', 255)) AS n", "1970FF")):
            with self.subTest(statement=statement):
                rows = self.rows(self.fixture_path, "sql", statement)
                self.assertEqual(len(rows), 1)
                if value is not None:
                    self.assertEqual(rows[0]["n"], value)
        # Every table, also where the session has none of its rows.
        for session in ("1", "2"):
            for table in "process exec commands timeline file content blob gap env cred comm setsid reparent cgroup string".split():
                names = [row["name"] for row in self.rows(self.fixture_path, "--session", session, "sql", f"SELECT name FROM pragma_table_info('{table}')")]
                self.assertTrue({"id", "time_ns", "exec_id"} & set(names), (table, names))
                self.assertEqual(self.run_query(self.fixture_path, "--session", session, "sql", f"SELECT count(*) FROM {table}").returncode, 0)

    def test_sql_from_standard_input(self):
        result = self.run_query(self.fixture_path, "--format", "csv", "sql", "-", input=b"-- a comment\nSELECT 1 AS a;\n\nSELECT 2 AS b;\n")
        self.assertEqual(result.stdout, b"a\r\n1\r\n\r\nb\r\n2\r\n")
        self.assertEqual(self.run_query(self.fixture_path, "sql", "-", input=b"").returncode, 1)

    def test_sql_begins_with_a_comment(self):
        """It is no option, although it begins like one."""
        for statement in ("-- a comment\nSELECT 1 AS a", "--\tx\nSELECT 1 AS a"):
            with self.subTest(statement=statement):
                self.assertEqual(self.rows(self.fixture_path, "sql", statement), [{"a": 1}])
        result = self.run_query(self.fixture_path, "sql", "-- a comment")
        self.assertEqual((result.returncode, result.stderr), (1, b"aa-query: nothing found\n"))
        result = self.run_query(self.fixture_path, "sql", "--nonsense")
        self.assertEqual((result.returncode, result.stderr[:40]), (2, b"aa-query: sql: unknown option --nonsense"))

    def test_terminal(self):
        base = [golden.AA_QUERY, "--db", self.fixture_path]
        env = golden.environment(PAGER="sed s/^/paged:/", COLUMNS="60")
        output, status = run_in_terminal(base + ["tree"], env)
        self.assertEqual(status, 0)
        self.assertTrue(all(line.startswith("paged:") for line in output.splitlines()), output)
        self.assertIn("\x1b[", output)
        output, status = run_in_terminal(base + ["--no-pager", "tree"], golden.environment(COLUMNS="60", NO_COLOR="1", PAGER="false"))
        self.assertNotIn("\x1b", output)
        self.assertIn("\u2026", output)
        wide, status = run_in_terminal(base + ["--no-pager", "--wide", "--color", "never", "tree"], env)
        self.assertEqual(wide.replace("\r\n", "\n"), self.text(self.fixture_path, "tree"))
        # A reader who leaves the pager is no error, one that is not there is.
        self.assertEqual(run_in_terminal(base + ["timeline"], golden.environment(PAGER="true"))[1], 0)
        self.assertIn("cannot run the pager", run_in_terminal(base + ["tree"], golden.environment(PAGER="/nonexistent/pager"))[0])

    def test_interrupt_in_the_pager(self):
        """^C ends the query, not the pager: the terminal is not left to both the shell and a pager."""
        statement = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
        marker = self.directory / "ended"
        env = golden.environment(PAGER=f"trap '' INT; cat; touch {marker}")
        pid, leader = pty.fork()
        if pid == 0:
            os.execve(golden.AA_QUERY, [golden.AA_QUERY, "--db", self.fixture_path, "sql", statement], env)
        os.read(leader, 100)
        os.write(leader, b"\x03")
        try:
            while os.read(leader, 65536):
                pass
        except OSError:
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 130)
        os.close(leader)
        self.assertTrue(marker.exists())


if __name__ == "__main__":
    golden.main()
