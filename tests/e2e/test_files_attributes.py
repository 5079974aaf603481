# SPDX-License-Identifier: Apache-2.0
"""Changes of size, mode, owner, times and extended attributes, by name and by descriptor; and mappings."""

import errno
import os

import aa
import files
from files import AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, CWD, buffer, text

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE = 1, 2, 1, 2


class Attributes(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path
		self.file = self.w("file")
		with open(self.file, "wb") as file:
			file.write(b"0123456789")

	def check(self, did, node):
		"""did: (act, kind, columns). By descriptor the file is known; the open it is about, too."""
		self.acts.record()
		for act, kind, by_fd, columns in did:
			with self.subTest(words=act.words):
				self.assertEqual(act.error, 0, act)
				row = self.acts.check_change(act, kind, self.file, node=node, **columns)
				if by_fd is not None:
					self.assertEqual((row["source"], row["device"], row["inode"], row["fd"]),
							 ("kernel", node.device, node.inode, by_fd.result))
					self.assertEqual(row["open_id"], self.acts.one(by_fd, "open")["id"])

	def test_size(self):
		acts = self.acts
		held = acts.open(self.file)
		did = [(acts.do("truncate", text(self.file), 4), "truncate", None, {"length": 4}),
		       (acts.do("ftruncate", held, 1000), "truncate", held, {"length": 1000, "size_bytes": 1000}),
		       (acts.do("fallocate", held, 0, 0, 8192), "fallocate", held, {"offset": 0, "length": 8192, "size_bytes": 8192}),
		       (acts.do("fallocate", held, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4096, 4096), "fallocate", held,
			{"offset": 4096, "length": 4096, "flags": 3, "size_bytes": 8192})]
		self.check(did, held)

	def test_open_with_truncation_knows_the_size(self):
		acts = self.acts
		act = acts.open(self.file, os.O_WRONLY | os.O_TRUNC)
		acts.record()
		self.assertEqual(acts.check_open(act)["size_bytes"], 0)
		self.assertTrue(acts.one(act, "open")["flags"] & os.O_TRUNC)

	def test_mode(self):
		acts = self.acts
		held = acts.open(self.file)
		did = [(acts.do("fchmodat", CWD, text(self.file), 0o640), "chmod", None, {"mode": 0o640}),
		       (acts.do("fchmod", held, 0o4711), "chmod", held, {"mode": 0o4711})]
		newer = acts.do("fchmodat2", held, text(""), 0o600, AT_EMPTY_PATH)
		if files.X86:
			did += [(acts.do("chmod", text(self.file), 0o604), "chmod", None, {"mode": 0o604}),
				(acts.do("chmod", text(self.file), 0o644, compat=True), "chmod", None, {"mode": 0o644})]
		self.check(did, held)
		if newer.error != errno.ENOSYS:
			row = acts.check_change(newer, "chmod", self.file, node=held, mode=0o600)
			self.assertIn("empty-path", acts.marks(row))

	def test_owner(self):
		acts = self.acts
		held = acts.open(self.file)
		os.symlink("file", self.w("link"))
		did = [(acts.do("fchownat", CWD, text(self.file), 1, 2, 0), "chown", None, {"uid": 1, "gid": 2}),
		       (acts.do("fchown", held, -1, 3), "chown", held, {"uid": None, "gid": 3}),
		       (acts.do("fchownat", held, text(""), 4, -1, AT_EMPTY_PATH), "chown", None, {"uid": 4, "gid": None})]
		link = acts.do("fchownat", CWD, text(self.w("link")), 5, 5, AT_SYMLINK_NOFOLLOW)
		if files.X86:
			did += [(acts.do("chown", text(self.file), 6, 7), "chown", None, {"uid": 6, "gid": 7})]
		self.check(did, held)
		acts.check_change(link, "chown", self.w("link"), uid=5, gid=5)

	def test_times(self):
		acts = self.acts
		held = acts.open(self.file)
		did = [(acts.do("utimensat", CWD, text(self.file), 0, 0), "utimes", None, {}),
		       (acts.do("utimensat", held, 0, 0, 0), "utimes", held, {})]
		if files.X86:
			did += [(acts.do("utime", text(self.file), 0), "utimes", None, {}),
				(acts.do("utimes", text(self.file), 0), "utimes", None, {}),
				(acts.do("futimesat", CWD, text(self.file), 0), "utimes", None, {})]
		self.check(did, held)

	def test_extended_attributes(self):
		acts = self.acts
		held = acts.open(self.file)
		name = text("user.some name")
		did = [(acts.do("setxattr", text(self.file), name, buffer(5), 5, 0), "setxattr", None, 5),
		       (acts.do("lsetxattr", text(self.file), name, buffer(6), 6, 2), "setxattr", None, 6),
		       (acts.do("fsetxattr", held, name, buffer(7), 7, 0), "setxattr", held, 7),
		       (acts.do("fremovexattr", held, name), "removexattr", held, None),
		       (acts.do("lsetxattr", text(self.file), name, buffer(6), 6, 0), "setxattr", None, 6),
		       (acts.do("removexattr", text(self.file), name), "removexattr", None, None),
		       (acts.do("setxattr", text(self.file), name, buffer(1), 1, 0), "setxattr", None, 1),
		       (acts.do("lremovexattr", text(self.file), name), "removexattr", None, None)]
		missing = acts.do("removexattr", text(self.file), name)
		acts.record()
		if did[0][0].error == errno.EOPNOTSUPP:
			self.skipTest(f"the file system of {acts.root} has no extended attributes of users")
		for act, kind, by_fd, length in did:
			with self.subTest(words=act.words):
				columns = {"length": length} if length is not None else {}
				row = acts.check_change(act, kind, self.file, node=held, target="user.some name", **columns)
				if by_fd is not None:
					self.assertEqual(row["open_id"], acts.one(by_fd, "open")["id"])
		row = acts.check_failed(missing, self.file, kind="removexattr", error=errno.ENODATA)
		self.assertEqual(row["target"], "user.some name")

	def test_refused(self):
		acts = self.acts
		held = acts.open(self.file, os.O_RDONLY)
		acts.do("setgid", aa.NOBODY), acts.do("setuid", aa.NOBODY)
		failed = [(acts.do("truncate", text(self.file), 0), "truncate", errno.EACCES),
			  (acts.do("ftruncate", held, 0), "truncate", errno.EINVAL),
			  (acts.do("fchmodat", CWD, text(self.file), 0o777), "chmod", errno.EPERM),
			  (acts.do("fchmod", held, 0o777), "chmod", errno.EPERM),
			  (acts.do("fchownat", CWD, text(self.file), 65534, 65534, 0), "chown", errno.EPERM),
			  (acts.do("setxattr", text(self.file), text("user.x"), buffer(1), 1, 0), "setxattr", errno.EACCES),
			  (acts.do("utimensat", CWD, text(self.file), 0, 0), "utimes", errno.EACCES)]
		missing = acts.do("fchmodat", CWD, text(self.w("none")), 0o777)
		acts.record()
		for act, kind, error in failed:
			with self.subTest(words=act.words):
				if kind == "setxattr" and act.error == errno.EOPNOTSUPP:
					continue
				acts.check_failed(act, self.file, kind=kind, error=error)
		acts.check_failed(missing, self.w("none"), kind="chmod", error=errno.ENOENT)

	def test_shared_writable_mappings(self):
		acts = self.acts
		held = acts.open(self.file)
		shared = acts.do("mmap", 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, held, 0)
		quiet = [acts.do("mmap", 0, 4096, PROT_READ, MAP_SHARED, held, 0),
			 acts.do("mmap", 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, held, 0)]
		acts.do("poke", shared)
		acts.do("munmap", shared, 4096), acts.do("close", held)
		acts.record()
		row = acts.check_change(shared, "mmap", self.file, node=held, length=4096, offset=0)
		self.assertEqual(row["flags"] & 3, PROT_READ | PROT_WRITE)
		for act in quiet:
			self.assertEqual((act.error, acts.during(act)), (0, []))
		opened = acts.one(held, "open")
		self.assertEqual(row["open_id"], opened["id"])
		self.assertIn("mapped", acts.marks(acts.check_closed(opened)))
