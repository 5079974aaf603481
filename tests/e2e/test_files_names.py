# SPDX-License-Identifier: Apache-2.0
"""What makes, moves and removes names: the names, the files behind them where they can be known, and the result."""

import errno
import os
import stat

import aa
import files
from files import AT_REMOVEDIR, CWD, text


class Names(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def put(self, *names, content=b"content"):
		path = self.w(*names)
		with open(path, "wb") as file:
			file.write(content)
		return path

	def lstat(self, path):
		return self.acts.do("lstat", text(path))

	# --- unlink, rmdir, mkdir, mknod, symlink, link ------------------------------------------------------

	def test_unlink_and_rmdir(self):
		acts = self.acts
		for name in ("a", "b", "c"):
			self.put(name)
		for name in ("d", "e", "f"):
			os.mkdir(self.w(name))
		base = acts.do("openat", CWD, text(acts.root), os.O_RDONLY, 0)
		acts.do("chdir", text(self.w("d")))
		a, f = self.lstat(self.w("a")), self.lstat(self.w("f"))
		removed = [(acts.do("unlinkat", CWD, text(self.w("a")), 0), "unlink", "a", a),
			   (acts.do("unlinkat", base, text("b"), 0), "unlink", "b", None),
			   (acts.do("unlinkat", CWD, text("../c"), 0), "unlink", "c", None),
			   (acts.do("unlinkat", base, text("e"), AT_REMOVEDIR), "rmdir", "e", None),
			   (acts.do("unlinkat", CWD, text(self.w("f")), AT_REMOVEDIR), "rmdir", "f", f)]
		acts.record()
		for act, kind, name, node in removed:
			self.assertEqual(act.error, 0)
			row = acts.check_change(act, kind, self.w(name), node=node)
			if row["source"] == "kernel":
				self.assertIsNotNone(row["inode"])
			if row["nlink"] is not None and kind == "unlink":
				self.assertEqual(row["nlink"], 0)

	def test_plain_forms(self):
		if not files.X86:
			return  # this machine has the *at forms alone
		for compat in (False, True):
			with self.subTest(compat=compat):
				self.attempt = int(compat)
				self.acts = acts = self.fresh() if compat else self.acts
				self.plain_forms(acts, compat)

	def fresh(self):
		os.rename(self.acts.root, self.path("w-before"))
		return files.Acts(self)

	def plain_forms(self, acts, compat):
		def do(*words):
			return acts.do(*words, compat=compat)

		w, put = acts.path, self.put
		self.w = w
		put("file")
		did = [(do("mkdir", text(w("dir")), 0o755), "mkdir", "dir", None, 0),
		       (do("mknod", text(w("fifo")), stat.S_IFIFO | 0o600, 0), "mknod", "fifo", None, 0),
		       (do("symlink", text("file"), text(w("link"))), "symlink", "link", None, 0),
		       (do("link", text(w("file")), text(w("hard"))), "link", "file", "hard", 0),
		       (do("rename", text(w("hard")), text(w("moved"))), "rename", "hard", "moved", 0),
		       (do("unlink", text(w("moved"))), "unlink", "moved", None, 0),
		       (do("rmdir", text(w("dir"))), "rmdir", "dir", None, 0),
		       (do("unlink", text(w("none"))), "unlink", "none", None, errno.ENOENT),
		       (do("rename", text(w("none")), text(w("other"))), "rename", "none", "other", errno.ENOENT)]
		acts.record()
		for act, kind, name, name2, error in did:
			self.assertEqual(act.error, error, act)
			acts.check_change(act, kind, w(name), w(name2) if name2 else None)

	def test_directories_nodes_and_links_are_made(self):
		acts = self.acts
		self.put("file")
		base = acts.do("openat", CWD, text(acts.root), os.O_RDONLY, 0)
		made = [(acts.do("mkdirat", base, text("dir"), 0o750), "mkdir", "dir", {"mode": 0o750}),
			(acts.do("mknodat", CWD, text(self.w("fifo")), stat.S_IFIFO | 0o640, 0), "mknod", "fifo", {}),
			(acts.do("mknodat", base, text("plain"), stat.S_IFREG | 0o600, 0), "mknod", "plain", {}),
			(acts.do("symlinkat", text("../else where"), base, text("link")), "symlink", "link", {"target": "../else where"})]
		nodes = [self.lstat(self.w(name)) for _, _, name, _ in made]
		hard = acts.do("linkat", base, text("file"), CWD, text(self.w("hard")), 0)
		by_fd = acts.do("openat", base, text("file"), os.O_RDONLY, 0)
		empty = acts.do("linkat", by_fd, text(""), CWD, text(self.w("hard2")), files.AT_EMPTY_PATH)
		again = acts.do("mkdirat", base, text("dir"), 0o755)
		acts.record()
		for (act, kind, name, columns), node in zip(made, nodes):
			row = acts.check_change(act, kind, self.w(name), node=node, **columns)
			self.assertEqual(row["mode"] & 0o777 if row["mode"] is not None else None,
					 columns.get("mode", row["mode"] & 0o777 if row["mode"] is not None else None))
		acts.check_change(hard, "link", self.w("file"), self.w("hard"))
		row = acts.check_change(empty, "link", self.w("file"), self.w("hard2"))
		self.assertEqual((row["device"], row["inode"]), (by_fd.device, by_fd.inode))
		acts.check_failed(again, self.w("dir"), kind="mkdir", error=errno.EEXIST)

	def test_failures_by_errno(self):
		acts = self.acts
		self.put("file"), self.put("secret")
		os.makedirs(self.w("full/x"))
		os.mkdir(self.w("closed"), 0o755)
		self.put("closed/file")
		failed = [(acts.do("unlinkat", CWD, text(self.w("none")), 0), "unlink", "none", errno.ENOENT),
			  (acts.do("unlinkat", CWD, text(self.w("full")), 0), "unlink", "full", errno.EISDIR),
			  (acts.do("unlinkat", CWD, text(self.w("full")), AT_REMOVEDIR), "rmdir", "full", errno.ENOTEMPTY),
			  (acts.do("unlinkat", CWD, text(self.w("file")), AT_REMOVEDIR), "rmdir", "file", errno.ENOTDIR),
			  (acts.do("mkdirat", CWD, text(self.w("none/x")), 0o755), "mkdir", "none/x", errno.ENOENT),
			  (acts.do("symlinkat", text("t"), CWD, text(self.w("file"))), "symlink", "file", errno.EEXIST)]
		acts.do("setgid", aa.NOBODY), acts.do("setuid", aa.NOBODY)
		failed += [(acts.do("unlinkat", CWD, text(self.w("closed/file")), 0), "unlink", "closed/file", errno.EACCES),
			   (acts.do("mkdirat", CWD, text(self.w("closed/new")), 0o755), "mkdir", "closed/new", errno.EACCES)]
		acts.record()
		for act, kind, name, error in failed:
			with self.subTest(kind=kind, name=name):
				acts.check_failed(act, self.w(name), kind=kind, error=error)
		self.assertTrue(os.path.exists(self.w("closed/file")))

	# --- rename ---------------------------------------------------------------------------------------

	def test_rename_over_an_existing_file(self):
		acts = self.acts
		self.put("old", content=b"old one")
		self.put("new", content=b"new")
		moved, replaced = self.lstat(self.w("old")), self.lstat(self.w("new"))
		act = acts.do("renameat2", CWD, text(self.w("old")), CWD, text(self.w("new")), 0)
		after = self.lstat(self.w("new"))
		acts.record()
		row = acts.check_change(act, "rename", self.w("old"), self.w("new"), node=moved)
		self.assertEqual(after.inode, moved.inode)
		if row["inode2"] is not None:
			self.assertEqual((row["device2"], row["inode2"]), (replaced.device, replaced.inode))
		self.assertTrue(row["source"] == "user" or row["inode2"] is not None, row)

	def test_exchange_and_noreplace(self):
		acts = self.acts
		self.put("one"), self.put("two")
		one, two = self.lstat(self.w("one")), self.lstat(self.w("two"))
		refused = acts.do("renameat2", CWD, text(self.w("one")), CWD, text(self.w("two")), files.RENAME_NOREPLACE)
		exchanged = acts.do("renameat2", CWD, text(self.w("one")), CWD, text(self.w("two")), files.RENAME_EXCHANGE)
		moved = acts.do("renameat2", CWD, text(self.w("one")), CWD, text(self.w("three")), files.RENAME_NOREPLACE)
		acts.record()
		row = acts.check_change(refused, "rename", self.w("one"), self.w("two"), flags=files.RENAME_NOREPLACE)
		self.assertEqual(row["error"], errno.EEXIST)
		row = acts.check_change(exchanged, "rename", self.w("one"), self.w("two"), node=one, flags=files.RENAME_EXCHANGE)
		self.assertIn("exchange", acts.marks(row))
		if row["inode2"] is not None:
			self.assertEqual(row["inode2"], two.inode)
		acts.check_change(moved, "rename", self.w("one"), self.w("three"), flags=files.RENAME_NOREPLACE)

	def test_relative_names_of_both_sides(self):
		acts = self.acts
		os.makedirs(self.w("a/b")), os.makedirs(self.w("c"))
		self.put("a/b/file")
		one = acts.do("openat", CWD, text(self.w("a")), os.O_RDONLY, 0)
		two = acts.do("openat", CWD, text(self.w("c")), os.O_RDONLY, 0)
		acts.do("chdir", text(self.w("a/b")))
		did = [(acts.do("renameat", one, text("b/file"), two, text("file")), "a/b/file", "c/file"),
		       (acts.do("renameat2", two, text("file"), CWD, text("back"), 0), "c/file", "a/b/back"),
		       (acts.do("renameat2", CWD, text("back"), CWD, text("../up"), 0), "a/b/back", "a/up")]
		acts.record()
		for act, name, name2 in did:
			self.assertEqual(act.error, 0)
			acts.check_change(act, "rename", self.w(name), self.w(name2))

	def test_a_directory_is_renamed_and_written_in(self):
		acts = self.acts
		os.makedirs(self.w("before/sub"))
		held = acts.open(self.w("before/sub/file"))
		renamed = acts.do("renameat", CWD, text(self.w("before")), CWD, text(self.w("after")))
		acts.do("write", held, "#10", 10)
		again = acts.open(self.w("after/sub/file"))
		acts.do("write", again, "#5", 5)
		new = acts.open(self.w("after/sub/new"))
		acts.record()
		row = acts.check_open(held, self.w("before/sub/file"))
		acts.check_sums(row, written=(10, 1))
		acts.check_change(renamed, "rename", self.w("before"), self.w("after"))
		row = acts.check_open(again, self.w("after/sub/file"))
		self.assertEqual(row["inode"], held.inode)
		acts.check_sums(row, written=(5, 1))
		acts.check_open(new, self.w("after/sub/new"))

	# --- where it really was --------------------------------------------------------------------------

	def check_where(self, act, kind, where, given, **columns):
		"""The kernel's path where the program that has the mount runs, else the name made absolute without a look at links.
		where, given: a name or two, below the test's directory."""
		walks = self.acts.session.value("SELECT count(*) FROM probe WHERE session_id = ? AND capability = 'file.names' AND "
						"attached AND instr(program, 'aa_mount_node')", self.acts.session.id)
		self.assertTrue(walks or aa.TIER != "precise")
		row = self.acts.one(act, kind)
		self.assertEqual((act.error, row["source"]), (0, "kernel" if walks else "user"), act)
		names = where if walks else given
		names = names if isinstance(names, tuple) else (names,)
		if not walks:
			columns.pop("nlink", None)  # of a file that the program does not know
		row = self.acts.check_change(act, kind, *map(self.w, names), **columns)
		if walks:
			self.assertIsNotNone(row["inode"], act)
		self.assertEqual(self.acts.marks(row), ["exchange"] if row["flags"] == files.RENAME_EXCHANGE else [])

	def test_paths_through_a_symlinked_directory(self):
		"""link is real/deep, so link/.. is real, and not what it looks like."""
		acts = self.acts
		os.makedirs(self.w("real/deep")), os.symlink("real/deep", self.w("link"))
		for name in ("real/deep/a", "real/b", "real/deep/c", "real/deep/d", "real/deep/e", "real/deep/f"):
			self.put(name)
		os.mkdir(self.w("real/deep/full"))

		def do(call, *words):
			return acts.do(call, *(text(self.w(word)) if isinstance(word, str) and word != CWD else word for word in words))

		nodes = [do("lstat", name) for name in ("real/deep/a", "real/b", "real/deep/full")]
		did = [(do("unlinkat", CWD, "link/a", 0), "unlink", "real/deep/a", "link/a", {"node": nodes[0], "nlink": 0}),
		       (do("unlinkat", CWD, "link/../b", 0), "unlink", "real/b", "b", {"node": nodes[1]}),
		       (do("renameat", CWD, "link/c", CWD, "link/../d"), "rename", ("real/deep/c", "real/d"), ("link/c", "d"), {}),
		       (do("renameat", CWD, "link/d", CWD, "real/d"), "rename", ("real/deep/d", "real/d"), ("link/d", "real/d"), {}),
		       (do("renameat2", CWD, "link/e", CWD, "link/f", files.RENAME_EXCHANGE), "rename",
			("real/deep/e", "real/deep/f"), ("link/e", "link/f"), {}),
		       (do("renameat", CWD, "link/full", CWD, "link/../full"), "rename", ("real/deep/full", "real/full"),
			("link/full", "full"), {"node": nodes[2]}),
		       (do("linkat", CWD, "link/e", CWD, "link/../hard", 0), "link", ("real/deep/e", "real/hard"),
			("link/e", "hard"), {"nlink": 2}),
		       (do("symlinkat", "nowhere", CWD, "link/../soft"), "symlink", "real/soft", "soft", {"target": self.w("nowhere")}),
		       (do("mkdirat", CWD, "link/made", 0o755), "mkdir", "real/deep/made", "link/made", {}),
		       (do("unlinkat", CWD, "link/./made", AT_REMOVEDIR), "rmdir", "real/deep/made", "link/made", {}),
		       (do("mknodat", CWD, "link/fifo", stat.S_IFIFO | 0o600, 0), "mknod", "real/deep/fifo", "link/fifo", {}),
		       (do("mknodat", CWD, "link/plain", stat.S_IFREG | 0o600, 0), "mknod", "real/deep/plain", "link/plain", {})]
		acts.record()
		for act, kind, where, given, columns in did:
			with self.subTest(words=act.words):
				self.check_where(act, kind, where, given, **columns)

	def test_paths_in_a_bind_mount_and_a_chroot(self):
		acts = self.acts
		os.makedirs(self.w("real/deep")), os.mkdir(self.w("bound")), os.symlink("/deep", self.w("real/link"))
		os.symlink("bound", self.w("to bound"))
		acts.private_mounts()
		acts.do("mount", text(self.w("real")), text(self.w("bound")), 0, files.MS_BIND, 0)
		did = [(acts.do("mkdirat", CWD, text(self.w("to bound/deep/one")), 0o755), "mkdir", "bound/deep/one", "to bound/deep/one"),
		       (acts.do("renameat", CWD, text(self.w("bound/deep/one")), CWD, text(self.w("to bound/two"))), "rename",
			("bound/deep/one", "bound/two"), ("bound/deep/one", "to bound/two"))]
		acts.do("chroot", text(self.w("real"))), acts.do("chdir", text("/deep"))
		did += [(acts.do("mkdirat", CWD, text("/link/three"), 0o755), "mkdir", "real/deep/three", "real/link/three"),
			(acts.do("unlinkat", CWD, text("three"), AT_REMOVEDIR), "rmdir", "real/deep/three", "real/deep/three"),
			(acts.do("linkat", CWD, text("/link"), CWD, text("../../hard"), 0), "link", ("real/link", "real/hard"), ("real/link", "hard"))]
		acts.record()
		for act, kind, where, given in did:
			with self.subTest(words=act.words):
				self.check_where(act, kind, where, given)

	# --- names and what is written through them -------------------------------------------------------

	def test_hard_link_and_a_write_through_the_other_name(self):
		acts = self.acts
		first = acts.open(self.w("first"))
		acts.do("write", first, "#3", 3)
		acts.do("close", first)
		link = acts.do("linkat", CWD, text(self.w("first")), CWD, text(self.w("second")), 0)
		second = acts.open(self.w("second"), os.O_RDWR)
		acts.do("write", second, "#9", 9)
		acts.record()
		one, two = acts.check_open(first), acts.check_open(second)
		self.assertEqual((one["device"], one["inode"], one["path"]), (two["device"], two["inode"], self.w("first")))
		self.assertEqual(two["path"], self.w("second"))
		acts.check_sums(one, written=(3, 1))
		acts.check_sums(two, written=(9, 1))
		self.assertEqual(acts.check_closed(two)["nlink"], 2)
		acts.check_change(link, "link", self.w("first"), self.w("second"))

	def test_unlinked_while_open(self):
		acts = self.acts
		held = acts.open(self.w("gone"))
		acts.do("write", held, "#100", 100)
		removed = acts.do("unlinkat", CWD, text(self.w("gone")), 0)
		acts.do("write", held, "#11", 11)
		acts.do("close", held)
		acts.record()
		row = acts.check_open(held, self.w("gone"))
		acts.check_change(removed, "unlink", self.w("gone"))
		acts.check_sums(row, written=(111, 2))
		close = acts.check_closed(row)
		# Its size is gone with the file, unless the hook came before that.
		self.assertEqual(close["nlink"], 0)
		self.assertIn(close["size_bytes"], (None, 111))

	def test_the_same_name_again(self):
		"""Another file took the name: rows tell the two apart."""
		acts = self.acts
		first = acts.open(self.w("name"))
		acts.do("write", first, "#1", 1), acts.do("unlinkat", CWD, text(self.w("name")), 0)
		second = acts.open(self.w("name"))
		acts.do("write", second, "#2", 2)
		acts.record()
		one, two = acts.check_open(first, self.w("name")), acts.check_open(second, self.w("name"))
		self.assertNotEqual(one["inode"], two["inode"])
		acts.check_sums(one, written=(1, 1))
		acts.check_sums(two, written=(2, 1))
