# SPDX-License-Identifier: Apache-2.0
"""aa-query tls: conversations (tls.py) against answers that a person has read, exact bytes, filters, and rows that nobody recorded."""
import os
import pty
import random
import re
import sqlite3
import subprocess
import termios
import time
import zlib

import golden
import tls

CASES = {
    "tls": ["tls"],
    "tls-host": ["tls", "--host", "*.EXAMPLE.com", "--pid", "102", "--since", "+0.3"],
    "tls-plaintext": ["tls", "connections", "--plaintext", "--limit", "2"],
    "tls-libraries": ["tls", "libraries"],
    "tls-requests": ["tls", "requests"],
    "tls-requests-status": ["tls", "requests", "--status", "404,5xx"],
    "tls-requests-events": ["tls", "requests", "--events"],
    "tls-show-http1": ["tls", "show", "1"],
    "tls-show-http2": ["tls", "show", "2"],
    "tls-show-websocket": ["tls", "show", "3"],
    "tls-show-no-plaintext": ["tls", "show", "4"],
    "tls-show-late": ["tls", "show", "5"],
    "tls-show-other": ["tls", "show", "6"],
    "tls-show-headers": ["tls", "show", "1", "--headers"],
    "tls-show-body": ["tls", "show", "--body", "1"],
    "tls-gaps": ["gaps"],
    "tls-timeline": ["timeline"],
    "tls-timeline-kind": ["timeline", "--kind", "tls_connect,tls_sent"],
    "tls-process": ["process", "102"],
    "tls-sessions": ["--session", "1", "sessions"],
}
ALL_FORMATS = ("tls", "tls-requests", "tls-show-http1", "tls-show-http2", "tls-libraries")

SAFE = re.compile(r"[^\x20-\x7e\n\r\t\u00a0-\u200a\u2010-\u2027\u2030-\u205f\u2070-\U0010ffff]")


class Tls(golden.Golden):
    def tls(self):
        return tls.make(str(self.directory / "tls.db"))

    def maker(self, **options):
        return tls.Maker(str(self.directory / f"tls-{time.monotonic_ns()}.db"), **options)

    def path(self, maker):
        path = maker.db.execute("PRAGMA database_list").fetchone()[2]
        maker.close()
        return path

    def compare(self, name, content):
        path = golden.fixture.HERE / "expected" / name
        if os.environ.get("UPDATE"):
            path.write_bytes(content)
        self.assertEqual(content.decode(), path.read_bytes().decode(), name)

    def test_answers(self):
        db = self.tls()
        for name, words in CASES.items():
            for form in golden.FORMATS if name in ALL_FORMATS else ["text"]:
                with self.subTest(name=name, format=form):
                    result = self.run_query(db, "--format", form, *words)
                    head = f"$ aa-query --format {form} {' '.join(words)}\n".encode()
                    tail = b"-- stderr\n" + result.stderr if result.stderr else b""
                    self.compare(f"{name}.{form}", head + result.stdout + tail + f"-- exit {result.returncode}\n".encode())

    def test_help(self):
        result = self.run_query(None, "tls", "--help")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.compare("help-tls.text", result.stdout)

    def test_raw(self):
        """Exact bytes, packed or not; holes are told, and filled if that is wanted."""
        maker = self.maker()
        maker.connection(1)
        generator = random.Random(1)
        pieces = [generator.randbytes(size) for size in (1, 511, 512, 16385, 70000, 300000)]
        for number, piece in enumerate(pieces):
            maker.say(1, "sent", piece, pack=number % 2 == 1)
            maker.say(1, "received", b"not asked for")
        db = self.path(maker)
        result = self.run_query(db, "tls", "show", "1", "--raw", "sent")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout, b"".join(pieces))
        result = self.run_query(self.tls(), "tls", "show", "1", "--raw", "received", "--fill")
        self.assertEqual(result.returncode, 4)
        self.assertEqual(len(result.stdout), 10361)
        self.assertEqual(result.stdout[-12:], b"\0" * 10 + b"!\n")
        self.assertEqual(result.stderr, b"aa-query: 9996 bytes missing at offset 363 (ring-full), filled with zeros\n")
        self.assertEqual(self.run_query(db, "tls", "show", "2", "--raw", "sent").returncode, 1)
        self.assertEqual(self.run_query(db, "-q", "tls", "show", "1", "--raw", "both").returncode, 2)

    def test_raw_is_not_for_terminals(self):
        parent, child = pty.openpty()
        result = subprocess.run([golden.AA_QUERY, "--db", self.tls(), "tls", "show", "1", "--raw", "sent"], stdout=child, stderr=subprocess.PIPE,
                                timeout=60, env=golden.environment())
        os.close(child)
        os.close(parent)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"terminal", result.stderr)

    def requests(self, db, *words):
        return [(row["method"], row["path"]) for row in self.rows(db, "tls", "requests", *words)]

    def test_requests(self):
        db = self.tls()
        self.assertEqual(self.requests(db, "--grep", "12345678901234567890"), [("POST", "/v1/things?q=1")])  # gzip, in chunks
        self.assertEqual(self.requests(db, "--grep", "lines"), [("POST", "/v1/messages")])
        self.assertEqual(self.requests(db, "--grep", "second"), [("GET", "/socket")])
        self.assertEqual(self.requests(db, "--grep", "Host: other.example.com"), [("GET", "/missing\x1b[2J")])
        self.assertEqual(self.requests(db, "--grep", "no such text"), [])
        self.assertEqual(self.requests(db, "--method", "head"), [("HEAD", "/nothing")])
        self.assertEqual(self.requests(db, "--host", "API.*"), [("POST", "/v1/messages"), ("GET", "/v1/models")])
        self.assertEqual(self.requests(db, "--path", "/v1/m*"), [("POST", "/v1/messages"), ("GET", "/v1/models")])
        self.assertEqual(self.requests(db, "--status", "503"), [("GET", "/v1/models")])
        self.assertEqual(self.requests(db, "--comm", "curl", "--limit", "1"), [("POST", "/v1/things?q=1")])
        self.assertEqual(self.requests(db, "--since", "+0.3", "--until", "+0.4"), [("GET", "/socket")])

    def test_requests_by_time(self):
        """Across connections that were used at the same time, one of them a server's."""
        maker = self.maker()
        for number, role in ((1, "client"), (2, "server"), (3, None)):
            maker.connection(number, role=role, sni=f"host{number}")
        for turn in range(50):
            for number in (1, 2, 3):
                asks, answers = ("received", "sent") if number == 2 else ("sent", "received")
                maker.time_ns = tls.START + turn * 10**7 + number * 10**6
                maker.say(number, asks, b"GET /%d HTTP/1.1\r\n\r\n" % turn)
                maker.say(number, answers, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", pack=True)
        rows = self.rows(self.path(maker), "tls", "requests")
        self.assertEqual([(row["path"], row["connection_id"], row["host"], row["status"]) for row in rows],
                         [(f"/{turn}", number, f"host{number}", 200) for turn in range(50) for number in (1, 2, 3)])
        self.assertEqual({row["duration_ns"] for row in rows}, {10**6})

    def test_secret(self):
        db = self.tls()

        def ask(secret, *words):
            return self.run_query(db, *words, "tls", "--matches-secret", input=secret)

        result = ask(tls.SECRET.encode() + b"\n", "--format", "csv")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.compare("tls-matches-secret.csv", result.stdout)
        self.assertNotIn(tls.SECRET.encode(), result.stdout)
        result = ask(b"another one")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"not among the secrets", result.stderr)
        self.assertEqual(ask(b"").returncode, 2)

    def test_secret_is_not_shown_while_it_is_typed(self):
        parent, child = pty.openpty()
        before = termios.tcgetattr(child)
        process = subprocess.Popen([golden.AA_QUERY, "--db", self.tls(), "--format", "json", "tls", "--matches-secret"], stdin=child,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=golden.environment())
        self.assertEqual(process.stderr.read(8), b"secret: ")
        while termios.tcgetattr(child)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(parent, tls.SECRET.encode() + b"\n")
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b"authorization", stdout)
        self.assertEqual(termios.tcgetattr(child)[3], before[3])
        os.set_blocking(parent, False)
        try:
            self.assertNotIn(b"sk-test", os.read(parent, 1000))
        except BlockingIOError:
            pass
        os.close(child)
        os.close(parent)

    def test_without_tables(self):
        """Older sessions, and those that saw no TLS."""
        for version, tables in ((1, golden.fixture.TABLES), (2, golden.fixture.TABLES), (2, ["string", "process"])):
            db = self.path(self.maker(version=version, tables=tables))
            for words in (["tls"], ["tls", "requests"], ["tls", "libraries"], ["tls", "show", "1"], ["tls", "show", "1", "--raw", "sent"]):
                with self.subTest(version=version, words=words):
                    result = self.run_query(db, *words)
                    self.assertEqual(result.returncode, 1, result.stderr)
            self.assertEqual(self.run_query(db, "tls", "--matches-secret", input=b"x").returncode, 1)

    def test_usage(self):
        db = self.tls()
        for words in (["nothing"], ["show"], ["show", "x"], ["show", "0"], ["requests", "1"], ["--raw", "sent"], ["requests", "--raw", "sent"],
                      ["show", "1", "--fill"], ["show", "1", "--headers", "--body"], ["--grep", "x"], ["requests", "--grep", ""], ["requests", "--status", "40"],
                      ["requests", "--status", "404,"], ["show", "1", "--pid", "1"], ["libraries", "--host", "x"], ["requests", "--matches-secret"]):
            with self.subTest(words=words):
                result = self.run_query(db, "tls", *words)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertEqual(result.stderr.count(b"\n"), 1)
        self.assertEqual(self.run_query(db, "--session", "all", "tls", "show", "1").returncode, 2)
        self.assertEqual(self.run_query(db, "--session", "all", "tls", "requests").returncode, 0)

    def assert_safe(self, text):
        self.assertIsNone(SAFE.search(text))

    def forged(self):
        """Rows that no recorder writes: pieces over each other, lengths below nothing, lies about sizes, escapes everywhere."""
        maker = self.maker()
        escape = "\x1b[2J\u202e"
        maker.connection(1, sni=escape, alpn=escape, role=escape, version=escape, cipher=escape, plaintext=escape, reason=escape, peer_address=escape,
                         implementation=escape, transport=escape, end_ns=-2**63, time_ns=2**63 - 1, sent_bytes=2**63 - 1, received_bytes=-2**63)
        maker.connection(2, process_id=999, sni=None, peer_address=None, peer_port=None, sent_gap_bytes=2**63 - 1)
        maker.connections[1] = maker.connections[2] = {"sent": 0, "received": 0}
        rows = [
            {"offset": 0, "bytes": 18, "size": 18, "data": b"GET / HTTP/1.1\r\n\r\n"},
            {"offset": 5, "bytes": 18, "size": 18, "data": b"GET / HTTP/1.1\r\n\r\n"},
            {"offset": -5, "bytes": 18, "size": 18, "data": b"GET / HTTP/1.1\r\n\r\n"},
            {"offset": 30, "bytes": -1, "size": -1, "data": b"x"},
            {"offset": 31, "bytes": 2**31, "size": 2**31, "data": b"x"},
            {"offset": 40, "bytes": 2**31, "size": 2**31, "encoding": "zlib", "data": zlib.compress(b"x")},
            {"offset": 2**40, "bytes": 10, "size": 100, "encoding": "zlib", "data": zlib.compress(b"x")},
            {"offset": 2**40 + 10, "bytes": 10, "size": 10, "encoding": "zlib", "data": b"no zlib"},
            {"offset": 2**40 + 20, "bytes": 10, "size": 10, "encoding": escape, "data": b"x" * 10},
            {"offset": 2**40 + 30, "bytes": 10, "size": 5, "data": b"short", "marks": "rewritten"},
            {"offset": 2**40 + 35, "bytes": 10, "size": 5, "data": b"short", "marks": "rewritten"},
            {"offset": 2**40 + 50, "bytes": 10, "size": None, "data": "text", "gap": escape},
            {"offset": 2**40 + 60, "bytes": 4, "size": 4, "data": "text", "gap": None, "marks": escape},
            {"offset": 2**63 - 1, "bytes": 2**63 - 1, "gap": ""},
            {"offset": "here", "bytes": 5, "size": 5, "data": b"hello"},
            {"offset": 3, "bytes": "all", "size": 5, "data": b"hello"},
        ]
        for number, row in enumerate(rows):
            for connection, direction in ((1, "sent"), (1, "received"), (2, "sent"), (77, "sent"), (-1, "received"), ("x", "sent"), (1, "sideways")):
                maker.insert("s1_tls", {"connection_id": connection, "process_id": "nobody", "tid": escape, "time_ns": (-1) ** number * 2**62 + number,
                                        "direction": direction, "call": None, "size": 1, "encoding": None, "data": None, "gap": None, "marks": None, **row})
        maker.insert("s1_tls_library", {"id": 1, "time_ns": -1, "number": -1, "path": escape, "path_raw": escape, "device": "x", "inode": -2**63, "size_bytes": -1,
                                        "attached": "maybe", "late": escape, "reason": escape, "hooks": escape, "implementation": escape, "version": escape})
        maker.insert("s1_gap", {"time_ns": 1, "end_ns": 2**62, "lane": escape, "kind": "tls_data", "reason": "lost", "count": 2**63 - 1, "detail": escape})
        return self.path(maker)

    def test_forged_rows(self):
        db = self.forged()
        for words in (["tls"], ["tls", "requests"], ["tls", "requests", "--grep", "x"], ["tls", "libraries"], ["tls", "show", "1"], ["tls", "show", "2"],
                      ["gaps"], ["timeline"], ["process", "101"], ["sessions"]):
            for form in golden.FORMATS:
                with self.subTest(words=words, format=form):
                    result = self.run_query(db, "--format", form, *words)
                    self.assertIn(result.returncode, (0, 1), result.stderr)
                    self.assert_safe(result.stdout.decode())
                    self.assert_safe(result.stderr.decode())
        result = self.run_query(db, "tls", "show", "1", "--raw", "sent")
        self.assertEqual(result.returncode, 4)
        self.assertEqual(result.stdout[:23], b"GET / HTTP/1.1\r\n\r\n" + b"1\r\n\r\n")
        self.assert_safe(result.stderr.decode())

    def test_flipped_bytes(self):
        with open(self.tls(), "rb") as file:
            whole = file.read()
        db = str(self.directory / "flipped.db")
        generator = random.Random(20251120)
        asked = [["tls"], ["tls", "requests"], ["tls", "libraries"]] + [["tls", "show", str(number)] for number in (1, 2, 3, 5, 6)]
        for turn in range(60):
            content = bytearray(whole)
            for _ in range(generator.choice((1, 10, 100, 2000))):
                content[generator.randrange(100, len(content))] = generator.randrange(256)
            with open(db, "wb") as file:
                file.write(content)
            result = self.run_query(db, "--format", golden.FORMATS[turn // len(asked) % 4], *asked[turn % len(asked)])
            self.assertIn(result.returncode, (0, 1, 2, 3), turn)
            self.assert_safe(result.stdout.decode())

    def test_bodies_that_become_too_much(self):
        """A bomb ends where it stops to be believed; the answer stays small, and says so."""
        maker = self.maker()
        maker.connection(1)
        maker.say(1, "sent", b"GET /bomb HTTP/1.1\r\n\r\n")
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = b"a" * (1 << 20)
        bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
        maker.say(1, "received", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        db = self.path(maker)
        result = self.run_query(db, "tls", "show", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertLess(len(result.stdout), 5 << 20)
        self.assertIn(b"unpacking stopped", result.stdout)

    def test_a_slow_reader_holds_nothing(self):
        """While --raw waits for its reader, a checkpoint can still empty the WAL; and all bytes come in the end."""
        maker = self.maker()
        maker.connection(1)
        generator = random.Random(2)
        pieces = [generator.randbytes(16384) for _ in range(200)]
        for piece in pieces:
            maker.say(1, "sent", piece)
        db = self.path(maker)
        writer = sqlite3.connect(db, isolation_level=None)
        writer.execute("PRAGMA journal_mode=WAL")
        process = subprocess.Popen([golden.AA_QUERY, "--db", db, "tls", "show", "1", "--raw", "sent"], stdout=subprocess.PIPE, env=golden.environment())
        received = process.stdout.read(100000)
        writer.execute("CREATE TABLE grown (x)")
        for _ in range(500):
            if writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                break
            time.sleep(0.01)
        else:
            self.fail("the reader's transaction is still open")
        received += process.stdout.read()
        self.assertEqual(process.wait(timeout=60), 0)
        process.stdout.close()
        writer.close()
        self.assertEqual(received, b"".join(pieces))


if __name__ == "__main__":
    golden.main()
