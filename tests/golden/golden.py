# SPDX-License-Identifier: Apache-2.0
"""Runs aa-query ($AA_QUERY) in a fixed environment, each test with a directory of its own."""
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import fixture

AA_QUERY = os.environ.get("AA_QUERY", "aa-query")
FORMATS = ["text", "json", "jsonl", "csv"]

# What a command may be asked about the fixture's sessions.
COMMANDS = [
    ["sessions"],
    ["tree"],
    ["tree", "--at", "+3.66"],
    ["timeline"],
    ["process"],
    ["process", "105"],
    ["files"],
    ["files", "--all", "--sort", "time"],
    ["files", "--failed"],
    ["files", "--left"],
    ["files", "--tree"],
    ["history", "/home/user/project/Makefile"],
    ["history", "--last", "/home/user/project/Makefile"],
    ["gaps"],
    ["sql", "SELECT * FROM commands"],
]


def environment(**extra):
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
    return {**keep, "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm", **extra}


class Golden(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="aa-golden-")
        self.addCleanup(self.temporary.cleanup)
        self.directory = pathlib.Path(self.temporary.name)

    def fixture(self, *scripts):
        return fixture.make(str(self.directory / "aa.db"), *scripts)

    def run_query(self, db, *arguments, env=None, **options):
        words = [AA_QUERY] + (["--db", db] if db else []) + list(arguments)
        result = subprocess.run(words, capture_output=True, timeout=120, env=env or environment(), **options)
        if result.returncode < 0:
            self.fail(f"{words} died of signal {-result.returncode}: {result.stderr}")
        return result

    def rows(self, db, *arguments, **options):
        """The answer in JSON, parsed."""
        result = self.run_query(db, "--format", "json", *arguments, **options)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return json.loads(result.stdout)

    def text(self, db, *arguments, status=0, **options):
        result = self.run_query(db, *arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout.decode()


def parse_csv(stdout):
    return list(csv.reader(io.StringIO(stdout.decode(), newline="")))


def parse_jsonl(stdout):
    return [json.loads(line) for line in stdout.decode().splitlines()]


def main():
    sys.path.insert(0, str(fixture.HERE))
    unittest.main(verbosity=2)
