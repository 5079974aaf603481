# SPDX-License-Identifier: Apache-2.0
"""Opens: which file it was, by which path, whatever way the program took to it; and what was refused."""

import errno
import os

import aa
import files
from files import CWD, how, text

O_PATH = 0o10000000
O_TMPFILE = 0o20200000


class Paths(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def put(self, *names, content=b"content", mode=0o644):
		path = self.w(*names)
		with open(path, "wb") as file:
			file.write(content)
		os.chmod(path, mode)
		return path

	def check_all(self, opens):
		self.acts.record()
		for act, path in opens:
			with self.subTest(path=path, words=act.words):
				row = self.acts.check_open(act, path)
				self.assertEqual(act.link, os.fsencode(path))
				self.acts.check_closed(row)

	# --- ways to a file -------------------------------------------------------------------------------

	def test_absolute_relative_and_by_descriptor(self):
		os.makedirs(self.w("a/b"))
		file, other = self.put("a/b/file"), self.put("a/other")
		acts = self.acts
		opens = [(acts.open(file), file), (acts.open(self.w("a//b/./../b/file")), file)]
		directory = acts.do("openat", CWD, text(self.w("a")), os.O_RDONLY | os.O_DIRECTORY, 0)
		opens += [(directory, self.w("a")), (acts.open("b/file", at=directory), file), (acts.open("other", at=directory), other)]
		acts.do("chdir", text(self.w("a/b")))
		opens += [(acts.open("file"), file), (acts.open("../other"), other), (acts.open("./file"), file)]
		acts.do("fchdir", directory)
		opens += [(acts.open("other"), other), (acts.open("."  , os.O_RDONLY), self.w("a"))]
		self.check_all(opens)

	def test_every_call_that_opens(self):
		acts, file = self.acts, self.put("file")
		opens = [acts.do("openat", CWD, text(file), os.O_RDONLY, 0),
			 acts.do("openat2", CWD, text(file), how(os.O_RDONLY), 24),
			 acts.do("openat2", CWD, text(file), how(os.O_RDWR, 0, files.RESOLVE_NO_SYMLINKS), 24),
			 acts.do("openat", CWD, text(file), O_PATH, 0)]
		if files.X86:
			opens += [acts.do("open", text(file), os.O_RDONLY, 0), acts.do("creat", text(file), 0o600),
				  acts.do("open", text(file), os.O_RDWR, 0, compat=True),
				  acts.do("openat", CWD, text(file), os.O_RDWR, 0, compat=True),
				  acts.do("creat", text(file), 0o600, compat=True)]
		self.check_all([(act, file) for act in opens])
		flags = [acts.one(act, "open")["flags"] for act in opens]
		access = [value & os.O_ACCMODE for value in flags]
		self.assertEqual(access[:4], [os.O_RDONLY, os.O_RDONLY, os.O_RDWR, os.O_RDONLY])
		self.assertTrue(flags[3] & O_PATH)
		if files.X86:
			self.assertEqual(access[4:], [os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR, os.O_WRONLY])

	def test_openat2_with_resolve(self):
		os.makedirs(self.w("a/b"))
		inside, outside = self.put("a/b/file"), self.put("outside")
		os.symlink("b/file", self.w("a/link"))
		os.symlink("/b/file", self.w("a/absolute"))
		acts = self.acts
		base = acts.do("openat", CWD, text(self.w("a")), O_PATH, 0)

		def at(name, resolve):
			return acts.do("openat2", base, text(name), how(os.O_RDONLY, 0, resolve), 24)

		opened = [at("b/file", files.RESOLVE_BENEATH), at("link", files.RESOLVE_BENEATH), at("/b/file", files.RESOLVE_IN_ROOT),
			  at("absolute", files.RESOLVE_IN_ROOT), at("b/../b/file", files.RESOLVE_NO_XDEV)]
		refused = [(at("../outside", files.RESOLVE_BENEATH), outside, errno.EXDEV),
			   (at(outside, files.RESOLVE_BENEATH), outside, errno.EXDEV),
			   (at("link", files.RESOLVE_NO_SYMLINKS), self.w("a/link"), errno.ELOOP)]
		self.check_all([(act, inside) for act in opened])
		for act, path, error in refused:
			with self.subTest(path=path, error=error):
				acts.check_failed(act, path, error=error)

	def test_symlinks_are_followed(self):
		os.makedirs(self.w("real/dir"))
		file = self.put("real/dir/file")
		os.symlink("real", self.w("link"))
		os.symlink("../link/dir/file", self.w("real/chain"))
		acts = self.acts
		opens = [(acts.open(self.w("link/dir/file")), file), (acts.open(self.w("link/chain")), file)]
		link = acts.do("openat", CWD, text(self.w("link")), O_PATH | os.O_NOFOLLOW, 0)
		nofollow = acts.do("openat", CWD, text(self.w("link")), os.O_RDONLY | os.O_NOFOLLOW, 0)
		self.check_all([*opens, (link, self.w("link"))])
		self.assertEqual(acts.one(link, "open")["type"], "link")
		acts.check_failed(nofollow, self.w("link"), error=errno.ELOOP)

	def test_nested_bind_mounts(self):
		for name in ("one/deep", "two", "three", "one/deep/mounted"):
			os.makedirs(self.w(name))
		self.put("three/file"), self.put("one/deep/top")
		acts = self.acts
		acts.private_mounts()
		acts.do("mount", text(self.w("one/deep")), text(self.w("two")), 0, files.MS_BIND, 0)
		acts.do("mount", text(self.w("three")), text(self.w("two/mounted")), 0, files.MS_BIND, 0)
		self.check_all([(acts.open(self.w("two/top")), self.w("two/top")),
				(acts.open(self.w("two/mounted/file")), self.w("two/mounted/file")),
				(acts.open(self.w("two/mounted")  , os.O_RDONLY), self.w("two/mounted")),
				(acts.open(self.w("three/file")), self.w("three/file"))])

	def test_a_file_system_of_its_own(self):
		os.mkdir(self.w("t"))
		acts = self.acts
		acts.private_mounts()
		acts.do("mount", text("none"), text(self.w("t")), text("tmpfs"), 0, text("size=1m"))
		opens = [(acts.open(self.w("t/file")), self.w("t/file")), (acts.open(self.w("t"), os.O_RDONLY), self.w("t"))]
		self.check_all(opens)

	def test_chroot(self):
		os.makedirs(self.w("jail/sub"))
		self.put("jail/sub/file")
		outside = self.put("outside")
		acts = self.acts
		held = acts.do("openat", CWD, text(self.root_of_test()), os.O_RDONLY | os.O_DIRECTORY, 0)
		acts.do("chroot", text(self.w("jail")))
		acts.do("chdir", text("/sub"))
		opens = [acts.open("/sub/file"), acts.open("file"), acts.open("/../sub/file")]
		escaped = acts.open("outside", at=held)
		missing = [(acts.open("/sub/none", os.O_RDONLY), self.w("jail/sub/none")), (acts.open("none", os.O_RDONLY), self.w("jail/sub/none"))]
		acts.record()
		for act in opens:
			acts.check_open(act, self.w("jail/sub/file"))
		row = acts.check_open(escaped, outside)
		self.assertIn("path-outside-root", acts.marks(row))
		for act in opens:
			self.assertNotIn("path-outside-root", acts.marks(acts.one(act, "open")))
		for act, path in missing:
			acts.check_failed(act, path, error=errno.ENOENT)

	def root_of_test(self):
		return self.acts.root

	# --- names ----------------------------------------------------------------------------------------

	def test_names_of_any_bytes(self):
		acts, opens = self.acts, []
		for name in (b"new\nline", b"\xff\xfe not UTF-8 \x80", b"tab\tand \\ and 'quotes\"", "\u00fcml\u00e4ut \u2603".encode(), b"\x1b[31mred",
			     b" ", b"-", b"n" * 255, b"\xff" * 255, b"*?[a]"):
			path = os.path.join(os.fsencode(acts.root), name)
			opens += [(acts.open(path), path), (acts.open(path + b"!"[: 1 if len(name) < 255 else 0]), None)]
		missing = acts.open(os.path.join(os.fsencode(acts.root), b"no\n\xff"), os.O_RDONLY)
		acts.record()
		for act, path in opens:
			with self.subTest(path=path):
				acts.check_closed(acts.check_open(act, path))
		acts.check_failed(missing, os.path.join(os.fsencode(acts.root), b"no\n\xff"), error=errno.ENOENT)

	def make_deep(self, length, name):
		"""Directories below each other until the path of a file "f" in them is so long."""
		path = self.acts.root
		at = os.open(path, os.O_RDONLY)
		while len(path) + 2 < length:
			part = name[: max(1, min(len(name), length - 2 - len(path) - 1))]
			# Never leave one byte, which is no component.
			if length - 2 - len(path) - 1 - len(part) == 1:
				part = part[:-1]
			os.mkdir(part, dir_fd=at)
			below = os.open(part, os.O_RDONLY, dir_fd=at)
			os.close(at)
			at, path = below, f"{path}/{part}"
		os.close(at)
		return f"{path}/f"

	def test_path_of_4095_bytes(self):
		path = self.make_deep(4095, "d" * 250)
		self.assertEqual(len(path), 4095)
		acts = self.acts
		opened, missing = acts.open(path), acts.open(path[:-1] + "m", os.O_RDONLY)
		removed = acts.do("unlinkat", CWD, text(path), 0)
		acts.record()
		row = acts.check_open(opened, path)
		self.assertEqual([mark for mark in acts.marks(row) if "truncated" in mark], [])
		acts.check_failed(missing, path[:-1] + "m", error=errno.ENOENT)
		acts.check_change(removed, "unlink", path)

	def test_120_components(self):
		path = self.acts.root + "/c" * 119 + "/f"
		os.makedirs(os.path.dirname(path))
		acts = self.acts
		opened = acts.open(path)
		acts.record()
		row = acts.check_open(opened, path)
		self.assertEqual([mark for mark in acts.marks(row) if "truncated" in mark], [])

	def test_longer_than_a_path_may_be(self):
		"""Reached by steps; what is stored is the end of it, and said not to be whole."""
		deep = self.make_deep(4000, "e" * 200)
		directory = os.path.dirname(deep)
		acts = self.acts
		acts.do("chdir", text(directory))
		for _ in range(10):
			acts.do("mkdirat", CWD, text("x" * 200), 0o755)
			acts.do("chdir", text("x" * 200))
		opened = acts.open("file")
		acts.record(complete=False)
		row = acts.one(opened, "open")
		self.assertEqual((row["error"], row["inode"]), (0, opened.inode))
		whole = os.fsencode(directory + ("/" + "x" * 200) * 10 + "/file")
		if "path-truncated" in acts.marks(row):
			self.assertTrue(whole.endswith(aa.exact(row, "path").lstrip(b".")), aa.exact(row, "path")[:300])
		else:
			self.assertEqual(aa.exact(row, "path"), whole)

	# --- what the open did ----------------------------------------------------------------------------

	def test_created_or_not(self):
		acts, there = self.acts, self.put("there")
		new = [acts.open(self.w("new1")), acts.open(self.w("new2"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)]
		old = [acts.open(self.w("new1")), acts.open(there), acts.open(there, os.O_RDONLY), acts.open(there, os.O_WRONLY | os.O_TRUNC)]
		exists = acts.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
		acts.record()
		for act in new:
			self.assertIn("created", acts.marks(acts.check_open(act)))
		for act in old:
			self.assertNotIn("created", acts.marks(acts.check_open(act)))
		self.assertEqual(acts.one(new[1], "open")["mode"], 0o600)
		acts.check_failed(exists, there, error=errno.EEXIST)

	def test_files_without_a_name(self):
		acts = self.acts
		tmpfile = acts.do("openat", CWD, text(acts.root), O_TMPFILE | os.O_RDWR, 0o600)
		acts.do("write", tmpfile, "#5", 5)
		memfd = acts.do("memfd_create", text("secret"), 0)
		acts.do("write", memfd, "#7", 7)
		acts.do("close", tmpfile), acts.do("close", memfd)
		acts.record()
		row = acts.one(tmpfile, "open")
		self.assertEqual((row["inode"], row["fd"], row["type"]), (tmpfile.inode, tmpfile.result, "file"))
		acts.check_sums(row, written=(5, 1))
		used = [row for row in acts.all if row["kind"] == "open" and row["inode"] == memfd.inode and row["device"] == memfd.device]
		self.assertEqual(len(used), 1)
		self.assertIn("inherited", acts.marks(used[0]))
		self.assertIn("memfd:secret", used[0]["path"])
		acts.check_sums(used[0], written=(7, 1))

	def test_special_files(self):
		os.mkfifo(self.w("fifo"))
		acts = self.acts
		opens = [(acts.open(self.w("fifo"), os.O_RDWR), "fifo"), (acts.open("/dev/null", os.O_RDWR), "char"), (acts.open(acts.root, os.O_RDONLY), "dir")]
		acts.record()
		for act, kind in opens:
			row = acts.check_open(act)
			self.assertEqual(row["type"], kind)
			acts.check_closed(row)

	# --- refused --------------------------------------------------------------------------------------

	def test_failures_by_errno(self):
		acts, secret = self.acts, self.put("secret", mode=0o600)
		os.symlink("loop", self.w("loop"))
		os.mkfifo(self.w("fifo"))
		os.mkdir(self.w("closed"), 0o700)
		failures = [
			(acts.open(self.w("none"), os.O_RDONLY), self.w("none"), errno.ENOENT),
			(acts.open(self.w("none/below"), os.O_RDONLY), self.w("none/below"), errno.ENOENT),
			(acts.open(acts.root, os.O_WRONLY), acts.root, errno.EISDIR),
			(acts.open(self.w("loop"), os.O_RDONLY), self.w("loop"), errno.ELOOP),
			(acts.open(self.w("secret/below"), os.O_RDONLY), self.w("secret/below"), errno.ENOTDIR),
			(acts.open(secret, os.O_RDONLY | os.O_DIRECTORY), secret, errno.ENOTDIR),
			(acts.open(self.w("fifo"), os.O_WRONLY | os.O_NONBLOCK), self.w("fifo"), errno.ENXIO),
			(acts.open(self.w("l" * 256)), self.w("l" * 256), errno.ENAMETOOLONG),
		]
		acts.do("setgid", aa.NOBODY), acts.do("setuid", aa.NOBODY)
		failures += [
			(acts.open(secret, os.O_RDONLY), secret, errno.EACCES),
			(acts.open(self.w("closed/x"), os.O_RDONLY), self.w("closed/x"), errno.EACCES),
			(acts.open(self.w("new")), self.w("new"), errno.EACCES),
		]
		relative = acts.do("chdir", text(acts.root))
		failures += [(acts.open("secret", os.O_RDONLY), secret, errno.EACCES), (acts.open("../w/secret", os.O_RDONLY), secret, errno.EACCES)]
		acts.record()
		self.assertEqual(relative.error, 0)
		for act, path, error in failures:
			with self.subTest(path=path, error=error):
				row = acts.check_failed(act, path, error=error)
				self.assertEqual((row["open_id"], row["fd"] if row["fd"] != -1 else None), (None, None))
		self.assertEqual(sorted(row["error"] for _, row in acts.below("open") if row["error"] not in (0, errno.EISDIR)),
				 sorted(error for _, _, error in failures if error != errno.EISDIR))

	def test_read_only_file_system(self):
		os.mkdir(self.w("t"))
		acts = self.acts
		acts.private_mounts()
		acts.do("mount", text("none"), text(self.w("t")), text("tmpfs"), files.MS_RDONLY, 0)
		failed = acts.open(self.w("t/file"))
		removed = acts.do("mkdirat", CWD, text(self.w("t/dir")), 0o755)
		acts.record()
		acts.check_failed(failed, self.w("t/file"), error=errno.EROFS)
		acts.check_failed(removed, self.w("t/dir"), kind="mkdir", error=errno.EROFS)

	def test_bad_addresses_and_descriptors(self):
		acts = self.acts
		failed = [acts.do("openat", CWD, 1, os.O_RDONLY, 0), acts.do("openat2", CWD, 1, how(0), 24), acts.do("unlinkat", CWD, 1, 0)]
		at = acts.do("openat", 999, text("name"), os.O_RDONLY, 0)
		acts.record(complete=False)
		self.assertEqual([act.error for act in failed], [errno.EFAULT] * 3)
		for act, kind in zip(failed, ("open", "open", "unlink")):
			self.assertEqual(acts.one(act, kind)["error"], errno.EFAULT)
		self.assertEqual((acts.one(at, "open")["error"], at.error), (errno.EBADF, errno.EBADF))
		self.assertEqual(acts.session.row["lost_count"], 0)
