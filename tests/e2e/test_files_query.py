# SPDX-License-Identifier: Apache-2.0
"""What aa-query says of files, against what the program did."""

import json
import os

import aa
import files
from files import CWD, buffer, text


class Query(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def ask(self, *arguments):
		return json.loads(self.query("--format", "json", *arguments).stdout)

	def test_who_last_wrote_a_file(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(10), 10), acts.do("close", file)
		acts.child()
		moved = acts.do("renameat", CWD, text(self.w("file")), CWD, text(self.w("moved")))
		again = acts.open(self.w("moved"), os.O_WRONLY)
		acts.do("write", again, buffer(7), 7), acts.do("close", again)
		acts.end()
		reader = acts.open(self.w("moved"), os.O_RDONLY)
		acts.do("read", reader, buffer(5), 5), acts.do("close", reader)
		acts.record()
		self.assertEqual(moved.error, 0)
		for name in ("moved", "file"):
			with self.subTest(name):
				last = self.ask("history", "--last", self.w(name))
				self.assertEqual([(row["pid"], row["write_bytes"]) for row in last], [(again.pid, 7)])
		kinds = [row["kind"] for row in self.ask("history", self.w("moved"))]
		self.assertEqual([kind for kind in kinds if kind in ("rename",)], ["rename"])

	def test_bytes_by_path(self):
		acts = self.acts
		one, two = acts.open(self.w("one")), acts.open(self.w("two"))
		for act, size in ((one, 100), (two, 20), (one, 3)):
			acts.do("write", act, buffer(size), size)
		acts.do("pread64", one, buffer(50), 50, 0)
		acts.do("unlinkat", CWD, text(self.w("two")), 0)
		acts.open(self.w("none"), os.O_RDONLY)
		acts.record()
		rows = {row["path"]: row for row in self.ask("files", "--path", f"{acts.root}/*")}
		self.assertEqual((rows[self.w("one")]["write_bytes"], rows[self.w("one")]["read_bytes"]), (103, 50))
		self.assertEqual(rows[self.w("two")]["write_bytes"], 20)

		def paths(option):
			return sorted(row["path"] for row in self.ask("files", option, "--path", f"{acts.root}/*"))

		self.assertEqual(paths("--written"), [self.w("one"), self.w("two")])
		self.assertEqual(paths("--deleted"), [self.w("two")])
		self.assertEqual(paths("--created"), [self.w("one"), self.w("two")])
		self.assertEqual(paths("--failed"), [self.w("none")])
		self.assertEqual(paths("--left"), [self.w("one")])
