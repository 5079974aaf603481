# SPDX-License-Identifier: Apache-2.0
"""What a program has io_uring do for it."""

import errno
import os

import aa
import files
from files import CWD, buffer, text


class Uring(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def record_all(self, first):
		self.acts.record()
		if first.error in (errno.ENOSYS, errno.EPERM):
			self.skipTest(f"this kernel refuses io_uring: {os.strerror(first.error)}")

	def uring(self, operation, *words):
		return self.acts.do("uring", operation, *words)

	def uring_open(self, path, flags=os.O_RDWR | os.O_CREAT, mode=0o600, at=CWD):
		return self.uring("openat", at, text(path), mode, 0, flags)

	def test_open_read_write_and_close(self):
		acts = self.acts
		file = self.uring_open(self.w("file"))
		self.uring("write", file, buffer(100), 100, 0)
		self.uring("writev", file, "vec:10,20", 2, 100)
		self.uring("read", file, buffer(50), 50, 0)
		acts.do("write", file, buffer(5), 5)
		self.uring("close", file)
		acts.do("sleep", 200)
		self.record_all(file)
		row = acts.check_open(file, self.w("file"), marks=("uring", "created"))
		acts.check_closed(row)
		self.assertEqual(acts.sums(row), (50, 1, 135, 3))

	def test_openat2_and_failures(self):
		acts = self.acts
		os.mkdir(self.w("d"))
		base = acts.do("openat", CWD, text(self.w("d")), os.O_RDONLY, 0)
		first = self.uring("openat2", base, text("file"), 24, files.how(os.O_RDWR | os.O_CREAT, 0o600, files.RESOLVE_BENEATH))
		missing = self.uring_open(self.w("none"), os.O_RDONLY)
		relative = self.uring_open("none", os.O_RDONLY, at=base)
		beyond = self.uring("openat2", base, text("../x"), 24, files.how(os.O_RDONLY, 0, files.RESOLVE_BENEATH))
		self.record_all(first)
		acts.check_open(first, self.w("d/file"), marks=("uring", "created"))
		for act, path, error in ((missing, "none", errno.ENOENT), (relative, "d/none", errno.ENOENT), (beyond, "x", errno.EXDEV)):
			row = acts.check_failed(act, self.w(path), error=error)
			self.assertIn("uring", acts.marks(row))

	def test_names(self):
		acts = self.acts
		for name in ("old", "gone"):
			with open(self.w(name), "w", encoding="ascii"):
				pass
		os.mkdir(self.w("dir"))
		first = self.uring("unlinkat", CWD, text(self.w("gone")), 0, 0, 0)
		did = [(first, "unlink", "gone", None, 0),
		       (self.uring("renameat", CWD, text(self.w("old")), -100, text(self.w("new")), 0), "rename", "old", "new", 0),
		       (self.uring("unlinkat", CWD, text(self.w("dir")), 0, 0, files.AT_REMOVEDIR), "rmdir", "dir", None, 0),
		       (self.uring("unlinkat", CWD, text(self.w("none")), 0, 0, 0), "unlink", "none", None, errno.ENOENT),
		       (self.uring("mkdirat", CWD, text(self.w("made")), 0o700, 0, 0), "mkdir", "made", None, 0),
		       (self.uring("symlinkat", CWD, text("target"), 0, text(self.w("link")), 0), "symlink", "link", None, 0),
		       (self.uring("linkat", CWD, text(self.w("new")), -100, text(self.w("hard")), 0), "link", "new", "hard", 0)]
		self.record_all(first)
		for act, kind, name, name2, error in did:
			with self.subTest(kind=kind, name=name):
				if act.error == errno.EINVAL and aa.kernel_before(5, 15):
					continue  # an operation that came later
				self.assertEqual(act.error, error, act)
				row = acts.check_change(act, kind, self.w(name), self.w(name2) if name2 else None)
				self.assertIn("uring", acts.marks(row))

	def test_a_fixed_file_is_no_descriptor(self):
		"""Without a registered table of files this fails, and that is what must be seen."""
		acts = self.acts
		file = self.uring("openat", CWD, text(self.w("file")), 0o600, 0, os.O_RDWR | os.O_CREAT, 1)
		self.record_all(file)
		(row,) = acts.during(file, "open")
		self.assertEqual(row["path"], self.w("file"))
		# The kernel opens, and then finds no place for the file: the precise tier sees that it was opened.
		self.assertEqual(row["error"], 0 if row["source"] == "kernel" else file.error)
