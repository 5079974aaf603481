# SPDX-License-Identifier: Apache-2.0
"""Calls that a 32-bit program makes otherwise than a 64-bit one: other numbers, narrower and halved arguments."""

import os
import unittest

import aa
import files
from files import AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, CWD, text

BIG = 3 << 32 | 0x1234
HALVES = 0x1234, 3  # of BIG


@unittest.skipUnless(files.X86, "int $0x80 is x86's")
class Compat(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path
		self.file = self.w("file")
		with open(self.file, "wb") as file:
			file.write(b"0123456789")

	def do(self, *words):
		return self.acts.do(*words, compat=True)

	def check(self, did):
		"""did: (act, kind, second path, columns). All are 32-bit calls."""
		for act, kind, path2, columns in did:
			with self.subTest(words=act.words):
				columns = dict(columns)
				row = self.acts.check_change(act, kind, columns.pop("path", self.file), path2, **columns)
				self.assertIn("compat", self.acts.marks(row))

	def test_ids_of_16_bits(self):
		held = self.acts.open(self.file)
		did = [(self.do("chown16", text(self.file), 1, 0xffff), "chown", None, {"uid": 1, "gid": None}),
		       (self.do("lchown16", text(self.file), 0xffff, 2), "chown", None, {"uid": None, "gid": 2}),
		       (self.do("fchown16", held, 3, 4), "chown", None, {"uid": 3, "gid": 4}),
		       (self.do("chown", text(self.file), 70000, -1), "chown", None, {"uid": 70000, "gid": None}),
		       (self.do("fchownat", CWD, text(self.file), -1, 0xffff, AT_SYMLINK_NOFOLLOW), "chown", None,
			{"uid": None, "gid": 0xffff, "flags": AT_SYMLINK_NOFOLLOW})]
		self.acts.record()
		self.check(did)

	def test_lengths_in_two_registers(self):
		held = self.acts.open(self.file)
		did = [(self.do("truncate64", text(self.file), *HALVES), "truncate", None, {"length": BIG}),
		       (self.do("ftruncate64", held, *HALVES), "truncate", None, {"length": BIG, "size_bytes": BIG}),
		       (self.do("ftruncate", held, 7), "truncate", None, {"length": 7, "size_bytes": 7}),
		       (self.do("fallocate", held, 1, 4096, 1, 8192, 0), "fallocate", None,
			{"flags": 1, "offset": 1 << 32 | 4096, "length": 8192})]
		self.acts.record()
		self.check(did)

	def test_attributes(self):
		held = self.acts.open(self.file)
		did = [(self.do("fchmod", held, 0o640), "chmod", None, {"mode": 0o640}),
		       (self.do("fchmodat", CWD, text(self.file), 0o600), "chmod", None, {"mode": 0o600}),
		       (self.do("utimes", text(self.file), 0), "utimes", None, {}),
		       (self.do("futimesat", CWD, text(self.file), 0), "utimes", None, {}),
		       (self.do("utimensat", CWD, text(self.file), 0, AT_SYMLINK_NOFOLLOW), "utimes", None,
			{"flags": AT_SYMLINK_NOFOLLOW}),
		       (self.do("utimensat", held, 0, 0, 0), "utimes", None, {}),
		       (self.do("fchownat", held, text(""), 1, 1, AT_EMPTY_PATH), "chown", None, {"uid": 1, "gid": 1})]
		self.acts.record()
		self.check(did)

	def test_places(self):
		os.mkdir(self.w("dir"))
		held = self.acts.open(self.w("dir"), os.O_RDONLY | os.O_DIRECTORY)
		did = [(self.do("chdir", text(self.w("dir"))), "chdir", None, {"path": self.w("dir")}),
		       (self.do("fchdir", held), "chdir", None, {"path": self.w("dir")}),
		       (self.do("umount", text("nothing")), "umount", None, {"path": self.w("dir", "nothing")}),
		       (self.do("umount2", text("nothing"), 2), "umount", None, {"path": self.w("dir", "nothing"), "flags": 2}),
		       (self.do("chroot", text("nothing")), "chroot", None, {"path": self.w("dir", "nothing")}),
		       (self.do("mount", text("what"), text("nothing"), text("tmpfs"), 0, 0), "mount", None,
			{"path": self.w("dir", "nothing")}),
		       (self.do("pivot_root", text("nothing"), text("old")), "pivot_root", self.w("dir", "old"),
			{"path": self.w("dir", "nothing")})]
		self.acts.record()
		self.check(did)
