# SPDX-License-Identifier: Apache-2.0
"""JSON, JSON lines and CSV through Python's parsers: they agree with each other and with the database."""
import sqlite3

import golden

HOSTILE = b"na\"me,\n\x1b[31m"
INVALID = b"\xe2\x80\xae\xff"


def as_csv(value):
    return "" if value is None else str(value)


class Formats(golden.Golden):
    def test_formats_agree(self):
        db = self.fixture()
        for session in ("1", "2"):
            for words in golden.COMMANDS:
                with self.subTest(session=session, words=words):
                    rows = self.rows(db, "--session", session, *words)
                    lines = golden.parse_jsonl(self.run_query(db, "--session", session, "--format", "jsonl", *words).stdout)
                    self.assertEqual(lines, rows)
                    table = golden.parse_csv(self.run_query(db, "--session", session, "--format", "csv", *words).stdout)
                    self.assertEqual(len(table) - 1, len(rows))
                    for row, fields in zip(rows, table[1:]):
                        self.assertEqual(len(fields), len(table[0]))
                        for name, field in zip(table[0], fields):
                            if name != "argv":
                                self.assertEqual(field, as_csv(row[name]))

    def test_numbers_are_exact(self):
        db = self.fixture()
        exact = sqlite3.connect(db).execute(
            "SELECT id, pid, time_ns, start_boot_ns, exit_time_ns, max_rss_bytes FROM s1_process ORDER BY id").fetchall()
        details = [self.rows(db, "process", "--id", str(row[0]))[0] for row in exact]
        names = ("id", "pid", "time_ns", "start_boot_ns", "exit_time_ns", "max_rss_bytes")
        self.assertEqual([tuple(row[name] for name in names) for row in details], exact)

    def test_arguments_are_exact(self):
        """As the blob has them, whether they were stored as a blob or as a command line."""
        db = self.fixture()
        expected = {
            100: [b"bash", b"-c", b'make "all"; daemon'],
            101: [b"make", b"all"],
            104: [b"/bin/sh", b"./build.sh", b""],
            106: [b"/usr/sbin/daemon"],
        }
        trees = {row["pid"]: row["argv"] for row in self.rows(db, "tree") if row["id"] != 8}
        for pid, argv in expected.items():
            self.assertEqual([argument.encode() for argument in trees[pid]], argv)
        self.assertIsNone(trees[103])
        hostile = self.rows(db, "process", "--id", "8")[0]["execs"][0]["argv"]
        self.assertEqual(hostile[0].encode(), HOSTILE)
        self.assertEqual(bytes.fromhex(hostile[1]["hex"]), INVALID)
        self.assertEqual(hostile[1]["text"], "\\u{202E}\\xFF")
        self.assertEqual(hostile[2], "a b")

    def test_names_survive(self):
        """A name with quotes, commas, newlines and escapes is the database's escaped text in every format."""
        db = self.fixture()
        name = "na\"me,\\n\\x1b[31m"
        self.assertEqual([row["comm"] for row in self.rows(db, "process", "--id", "8")], [name])
        table = golden.parse_csv(self.run_query(db, "--format", "csv", "process", "--comm", name).stdout)
        self.assertEqual([row[table[0].index("comm")] for row in table[1:]], [name])
        self.assertIn(name, self.text(db, "process", "--comm", name))

    def test_sql_values(self):
        db = self.fixture()
        statement = ("SELECT 9223372036854775807 AS big, -9223372036854775808 AS small, 0.1 AS real, 1e300 AS huge,"
                     " 'a' || char(10) || 'b,\"' || char(27) || char(8238) AS text, X'00ff1b' AS blob, NULL AS none, '' AS empty")
        row = self.rows(db, "sql", statement)[0]
        self.assertEqual(row, {"big": 2**63 - 1, "small": -2**63, "real": 0.1, "huge": 1e300,
                               "text": "a\nb,\"\x1b\u202e", "blob": {"hex": "00ff1b"}, "none": None, "empty": ""})
        stdout = self.run_query(db, "--format", "csv", "sql", statement).stdout
        self.assertEqual(golden.parse_csv(stdout)[1],
                         ["9223372036854775807", "-9223372036854775808", "0.1", "1e+300", "a\nb,\"\\x1B\\u{202E}",
                          "X'00ff1b'", "", ""])
        # RFC 4180: every record ends in CRLF, and NULL is not the empty text.
        self.assertTrue(stdout.endswith(b"X'00ff1b',,\"\"\r\n"))

    def test_json_of_several_statements_is_one_document(self):
        db = self.fixture()
        self.assertEqual(self.rows(db, "sql", "SELECT 1 AS a; SELECT 2 AS b, 3 AS b"), [{"a": 1}, {"b": 2, "b_2": 3}])

    def test_nothing_is_an_empty_document(self):
        db = self.fixture()
        for words in (["timeline", "--pid", "7"], ["process", "7"], ["tree", "--at", "+99"], ["gaps"]):
            result = self.run_query(db, "--format", "json", *words)
            self.assertEqual((result.returncode, result.stdout), (1, b"[]\n"))

    def test_all_sessions_are_merged_by_time(self):
        db = self.fixture()
        rows = self.rows(db, "--session", "all", "timeline")
        times = [row["time_ns"] for row in rows]
        self.assertEqual(times, sorted(times))
        self.assertEqual({row["session_id"] for row in rows}, {1, 2})
        count = sum(sqlite3.connect(db).execute(f"SELECT count(*) FROM s{n}_timeline").fetchone()[0] for n in (1, 2))
        self.assertEqual(len(rows), count)

    def test_time_window_chooses_sessions(self):
        db = self.fixture()
        rows = self.rows(db, "--session", "all", "timeline", "--since", "2025-11-20T07:15:59Z")
        self.assertEqual({row["session_id"] for row in rows}, {1})
        ids = [row["id"] for row in self.rows(db, "sessions", "--until", "2025-11-20T07:15:30Z")]
        self.assertEqual(ids, [2])


if __name__ == "__main__":
    golden.main()
