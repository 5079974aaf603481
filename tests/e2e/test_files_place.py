# SPDX-License-Identifier: Apache-2.0
"""Where a process stands, and what is mounted where."""

import errno
import os

import aa
import files
from files import CWD, text


class Place(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def test_chdir_fchdir_and_chroot(self):
		acts = self.acts
		os.makedirs(self.w("a/b"))
		os.symlink("a/b", self.w("link"))
		directory = acts.do("openat", CWD, text(self.w("a")), os.O_RDONLY, 0)
		b = acts.do("lstat", text(self.w("a/b")))
		did = [(acts.do("chdir", text(self.w("link"))), "chdir", "a/b", b), (acts.do("chdir", text("..")), "chdir", "a", directory),
		       (acts.do("fchdir", directory), "chdir", "a", directory)]
		missing = acts.do("chdir", text("none"))
		file = acts.do("fchdir", 999)
		did += [(acts.do("chroot", text("b")), "chroot", "a/b", b), (acts.do("chdir", text("/")), "chdir", "a/b", b)]
		acts.record()
		for act, kind, name, node in did:
			with self.subTest(words=act.words):
				self.assertEqual(act.error, 0)
				row = acts.check_change(act, kind, self.w(name), node=node)
				self.assertEqual((row["source"], row["type"]), ("kernel", "dir"))
		acts.check_failed(missing, self.w("a/none"), kind="chdir", error=errno.ENOENT)
		self.assertEqual((acts.one(file, "chdir")["error"], file.error), (errno.EBADF, errno.EBADF))

	def test_mount_and_umount(self):
		acts = self.acts
		os.mkdir(self.w("here")), os.mkdir(self.w("what"))
		acts.private_mounts()
		tmpfs = acts.do("mount", text("my source"), text(self.w("here")), text("tmpfs"), 2, 0)
		umount = acts.do("umount2", text(self.w("here")), files.MNT_DETACH)
		bind = acts.do("mount", text(self.w("what")), text(self.w("here")), 0, files.MS_BIND, 0)
		refused = acts.do("umount2", text(self.w("what")), 0)
		missing = acts.do("mount", text("none"), text(self.w("none")), text("tmpfs"), 0, 0)
		acts.record()
		acts.check_change(tmpfs, "mount", self.w("here"), flags=2, target="my source")
		acts.check_change(umount, "umount", self.w("here"), flags=files.MNT_DETACH)
		row = acts.check_change(bind, "mount", self.w("here"), target=self.w("what"))
		self.assertEqual(row["flags"], files.MS_BIND)
		acts.check_failed(refused, self.w("what"), kind="umount", error=errno.EINVAL)
		acts.check_failed(missing, self.w("none"), kind="mount", error=errno.ENOENT)

	def root_is_the_first_of_all(self):
		"""An initramfs, which cannot be pivoted away: pivot_root(2)."""
		with open("/proc/self/mountinfo", encoding="utf-8") as file:
			roots = [line for line in file if line.split()[4] == "/"]
		return " - rootfs " in roots[-1]

	def test_pivot_root(self):
		acts = self.acts
		os.mkdir(self.w("new"))
		acts.private_mounts()
		acts.do("mount", text("none"), text(self.w("new")), text("tmpfs"), 0, 0)
		acts.do("mkdirat", CWD, text(self.w("new/old")), 0o755)
		pivot = acts.do("pivot_root", text(self.w("new")), text(self.w("new/old")))
		acts.do("chdir", text("/"))
		file = acts.open("/file")
		old = acts.open("/old" + self.w("seen"))
		acts.record()
		row = acts.one(pivot, "pivot_root")
		if self.root_is_the_first_of_all():
			self.assertEqual((row["error"], pivot.error), (errno.EINVAL, errno.EINVAL))
			return
		self.assertEqual(pivot.error, 0, pivot)
		self.assertEqual(row["error"], 0)
		if row["source"] == "user":
			self.assertEqual((row["path"], row["path2"]), (self.w("new"), self.w("new/old")))
		acts.check_open(file, "/file")
		acts.check_open(old, "/old" + self.w("seen"))
