# SPDX-License-Identifier: Apache-2.0
"""Contents on request (--content): hashes and bytes compared with what the program wrote, whatever it does meanwhile."""

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import zlib

import aa

# Writes what it is told, so that the test decides when: a line of standard input is one statement.
PUPPET = "import os, sys\nfor line in sys.stdin:\n exec(line)\n print('done', flush=True)\n"


def sha256(data):
	return hashlib.sha256(data).digest()


class Content(aa.Case):
	def content_options(self, *more, glob=None):
		return ("--content", glob or os.path.join(self.path("w"), "*"), *more)

	def setUp(self):
		super().setUp()
		self.work = self.make_directory("w")

	def python(self, program, *arguments, options=None, **keywords):
		"""Records a Python program to its end."""
		return self.record(sys.executable, "-c", program, self.work, *arguments,
				   options=options or self.content_options("--content-store"), **keywords)

	@staticmethod
	def contents(session):
		"""Rows of content with what they belong to; bytes unpacked, and compared with their hash."""
		if not session.has("content"):
			return []
		rows = session.rows("SELECT c.*, s.text AS path, s.raw AS path_raw, f.kind, f.time_ns AS file_time_ns"
				    " FROM s0_content AS c JOIN s0_file AS f ON f.id = c.file_id"
				    " LEFT JOIN s0_string AS s ON s.id = c.path_id ORDER BY c.file_id")
		blobs = {row["id"]: row for row in session.table("blob")}
		for row in rows:
			row["path"] = aa.exact(row, "path")
			blob = blobs.get(row["blob_id"])
			row["data"] = None
			if blob:
				data = bytes(blob["data"])
				row["data"] = zlib.decompress(data) if blob["encoding"] == "zlib" else data
				assert len(row["data"]) == blob["size_bytes"] == row["size_bytes"], row
				assert sha256(row["data"]) == blob["sha256"] == row["sha256"], row
		assert len(set(blob["sha256"] for blob in blobs.values())) == len(blobs)
		return rows

	@contextlib.contextmanager
	def puppet(self, *before, options=None):
		"""A recorded Python that does one statement after the other; gives the function that has it do so."""
		process = self.start(*before, sys.executable, "-c", PUPPET, stdin=subprocess.PIPE,
				     options=options or self.content_options("--content-store"), cwd=self.work)

		def do(statement):
			process.stdin.write(statement.encode() + b"\n")
			process.stdin.flush()
			self.assertEqual(process.stdout.readline(), b"done\n")

		try:
			yield do
		finally:
			process.stdin.close()
			process.stdin = None
			self.recording = self.finish(process)

	def count_contents(self):
		try:
			with contextlib.closing(aa.Session(self.database)) as session:
				return session.value("SELECT count(*) FROM s0_content") if session.has("content") else 0
		except sqlite3.Error:
			return 0

	def wait_for_contents(self, count):
		self.assertTrue(aa.wait_until(lambda: self.count_contents() >= count, 60), f"not {count} contents")

	def test_versions(self):
		versions = [b"one\n", b"one\ntwo\n", b"", b"\x00\xff binary", b"x" * 100000, b"one\nthree\n"]
		path = os.path.join(self.work, "file")
		with self.puppet() as do:
			for number, version in enumerate(versions):
				do(f"f = open({path!r}, 'wb'); f.write({version!r}); f.close()")
				self.wait_for_contents(number + 1)
		session = self.recording.session
		self.assert_complete(session, gaps=("excluded",))
		rows = self.contents(session)
		self.assertEqual([row["sha256"] for row in rows], [sha256(version) for version in versions])
		self.assertEqual([row["data"] for row in rows], versions)
		for row in rows:
			self.assertEqual((row["path"], row["kind"], row["changed"], row["reason"]),
					 (path.encode(), "close", 0, None))
			self.assertGreaterEqual(row["time_ns"], row["file_time_ns"])
		for number, version in enumerate(versions, 1):
			self.assertEqual(self.query("history", path, "--content", str(number)).stdout, version)
		for old, new in ((1, 2), (2, 6), (2, 3), (3, 1)):
			shown = self.query("history", path, "--diff", f"{old}:{new}").stdout.decode().splitlines()
			for number in (old, new):
				with open(self.path(str(number)), "wb") as file:
					file.write(versions[number - 1])
			expected = subprocess.run(["diff", "-u", self.path(str(old)), self.path(str(new))], check=False,
						  stdout=subprocess.PIPE).stdout.decode().splitlines()
			self.assertEqual(shown[2:], expected[2:], (old, new))
		self.assertIn(b"not text", self.query("history", path, "--diff", "4").stdout)
		self.assertEqual(self.query("history", path, "--diff", "7", check=False).returncode, 1)

	def test_a_burst(self):
		program = ("import os, sys\n"
			   "for i in range(1000):\n"
			   " with open(os.path.join(sys.argv[1], str(i)), 'w') as f: f.write(str(i) * (i % 300))\n")
		recording = self.python(program)
		rows = self.contents(recording.session)
		expected = {os.path.join(self.work, str(i)).encode(): (str(i) * (i % 300)).encode() for i in range(1000)}
		self.assertEqual({row["path"]: row["data"] for row in rows}, expected)
		self.assertEqual(len(rows), 1000)
		self.assertEqual({(row["changed"], row["reason"]) for row in rows}, {(0, None)})

	def test_the_same_bytes_are_kept_once(self):
		program = ("import os, sys\n"
			   "for i in range(50):\n"
			   " with open(os.path.join(sys.argv[1], str(i)), 'wb') as f: f.write(b'same' * 1000)\n")
		recording = self.python(program)
		rows = self.contents(recording.session)
		self.assertEqual({row["sha256"] for row in rows}, {sha256(b"same" * 1000)})
		self.assertEqual(len(rows), 50)
		self.assertEqual(recording.session.value("SELECT count(*) FROM s0_blob"), 1)

	def test_rewritten_at_once_is_no_lie(self):
		"""What is said to be whole is the version that this close ended; what may not be, says so."""
		program = ("import os, sys\n"
			   "for i in range(500):\n"
			   " with open(os.path.join(sys.argv[1], 'file'), 'w') as f: f.write('%07d' % i)\n")
		recording = self.python(program)
		rows = self.contents(recording.session)
		self.assertEqual(len(rows), 500)
		for number, row in enumerate(rows):
			if row["changed"]:
				continue
			self.assertEqual((row["reason"], row["data"]), (None, b"%07d" % number))
		self.assertEqual((rows[-1]["changed"], rows[-1]["data"]), (0, b"0000499"))

	def test_gone_and_replaced(self):
		program = ("import os, sys\n"
			   "os.chdir(sys.argv[1])\n"
			   "for i in range(50):\n"
			   " open('gone%d' % i, 'w').write('gone')\n"
			   " os.unlink('gone%d' % i)\n"
			   " open('replaced%d' % i, 'w').write('before')\n"
			   " os.rename('../other%d' % i, 'replaced%d' % i)\n"
			   " open('linked%d' % i, 'w').write('before')\n"
			   " os.unlink('linked%d' % i)\n"
			   " os.symlink('../secret', 'linked%d' % i)\n")
		for number in range(50):
			with open(self.path(f"other{number}"), "wb") as file:
				file.write(b"secret")
		with open(self.path("secret"), "wb") as file:
			file.write(b"secret")
		recording = self.python(program)
		closes = [row for row in self.contents(recording.session) if row["kind"] == "close"]
		self.assertEqual(len(closes), 150)
		for row in closes:
			name = os.path.basename(row["path"]).rstrip(b"0123456789")
			if row["reason"] is None:
				self.assertEqual(row["data"], b"gone" if name == b"gone" else b"before", row)
			else:
				self.assertIn(row["reason"], ("gone", "replaced", "rewritten"), row)

	def test_over_the_limit(self):
		program = ("import os, sys\n"
			   "for size in (0, 99, 100, 101, 5000):\n"
			   " with open(os.path.join(sys.argv[1], str(size)), 'wb') as f: f.write(b'x' * size)\n"
			   "with open(os.path.join(sys.argv[1], 'sparse'), 'wb') as f: f.truncate(1 << 40)\n")
		recording = self.python(program, options=self.content_options("--content-max", "100"))
		rows = {os.path.basename(row["path"]).decode(): row for row in self.contents(recording.session)}
		self.assertEqual({name: row["reason"] for name, row in rows.items()},
				 {"0": None, "99": None, "100": None, "101": "too-large", "5000": "too-large",
				  "sparse": "too-large"})
		for name in ("0", "99", "100"):
			self.assertEqual(rows[name]["sha256"], sha256(b"x" * int(name)))
			self.assertEqual(rows[name]["size_bytes"], int(name))
		# Bytes were not asked for.
		self.assertFalse(recording.session.has("blob"))

	def test_only_regular_files(self):
		"""Nobody reads the FIFO, and a reader that is stopped stays so: nothing waits, nothing else is opened."""
		program = ("import os, signal, sys\n"
			   "os.chdir(sys.argv[1])\n"
			   "os.mkfifo('fifo')\n"
			   "pid = os.fork()\n"
			   "if pid == 0:\n"
			   " fd = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)\n"
			   " os.kill(os.getpid(), signal.SIGSTOP)\n"
			   " os._exit(0 if os.read(fd, 100) == b'for the reader' else 1)\n"
			   "os.waitpid(pid, os.WUNTRACED)\n"
			   "with open('fifo', 'w') as f: f.write('for the reader')\n"
			   "os.kill(pid, signal.SIGCONT)\n"
			   "status = os.waitpid(pid, 0)[1]\n"
			   "with open('/dev/null', 'w') as f: f.write('x')\n"
			   "with open('/proc/self/comm', 'w') as f: f.write('x')\n"
			   "with open('file', 'w') as f: f.write('x')\n"
			   "sys.exit(os.waitstatus_to_exitcode(status))\n")
		recording = self.python(program, options=self.content_options("--content-store", glob="*"))
		self.assertEqual(recording.status, 0, recording.err)
		rows = {row["path"]: (row["data"], row["reason"]) for row in self.contents(recording.session)}
		self.assertEqual(rows.pop(os.path.join(self.work, "file").encode()), (b"x", None))
		for path, (data, reason) in rows.items():
			self.assertTrue(path.startswith(b"/proc/"), path)
			self.assertIsNone(data)
			self.assertIn(reason, ("not-regular", "gone", "replaced"))

	def test_names(self):
		"""The file has its bytes under another name, and gets the one that is asked for at the end."""
		program = ("import os, sys\n"
			   "os.chdir(sys.argv[1])\n"
			   "with open('../new', 'w') as f: f.write('renamed')\n"
			   "os.rename('../new', 'renamed')\n"
			   "with open('../new', 'w') as f: f.write('linked')\n"
			   "os.link('../new', 'linked')\n"
			   "os.unlink('../new')\n")
		recording = self.python(program)
		rows = self.contents(recording.session)
		self.assertEqual([(row["kind"], os.path.basename(row["path"]), row["data"], row["reason"]) for row in rows],
				 [("rename", b"renamed", b"renamed", None), ("link", b"linked", b"linked", None)])

	def test_versions_by_rename(self):
		"""As editors write: each version is another file, and they are versions of the path."""
		path = os.path.join(self.work, "file")
		new = self.path("new")
		with self.puppet() as do:
			for number in (1, 2, 3):
				do(f"f = open({new!r}, 'w'); f.write('common\\n{number}\\n'); f.close(); os.rename({new!r}, {path!r})")
				self.wait_for_contents(number)
		self.assertEqual([(row["kind"], row["data"]) for row in self.contents(self.recording.session)],
				 [("rename", f"common\n{number}\n".encode()) for number in (1, 2, 3)])
		self.assertEqual(self.query("history", path, "--diff", "last").stdout.splitlines()[2:],
				 [b"@@ -1,2 +1,2 @@", b" common", b"-2", b"+3"])
		row = json.loads(self.query("history", path, "--diff", "1:3", "--format", "json").stdout)
		self.assertEqual([(line["from"], line["to"], line["result"]) for line in row], [(1, 3, "differs")])
		self.assertEqual(self.query("history", path, "--content", "0").stdout, b"common\n3\n")

	def test_hostile_names(self):
		names = [b"new\nline", b"\xff\xfe", b"\x1b[31mred", b"*", b"[", b"a'b\"c", b"x" * 255, b" ", b"-n",
			 b"\xe2\x80\xae"]
		program = ("import os, sys\n"
			   "for name in eval(sys.argv[2]):\n"
			   " with open(os.path.join(sys.argv[1].encode(), name), 'wb') as f: f.write(name)\n")
		recording = self.python(program, repr(names))
		self.assertEqual({row["path"]: row["data"] for row in self.contents(recording.session)},
				 {os.path.join(self.work.encode(), name): name for name in names})

	def test_other_roots(self):
		"""In a mount namespace of its own, and in a chroot: the path is found where the process has it."""
		inside = os.path.join(self.work, "inside")
		os.mkdir(inside)
		with self.puppet("unshare", "-m", "--propagation", "private") as do:
			do("import subprocess")
			do(f"subprocess.run(['mount', '-t', 'tmpfs', 'none', {inside!r}], check=True)")
			do(f"f = open({inside!r} + '/hidden', 'w'); f.write('mounted'); f.close()")
			self.wait_for_contents(1)
			# Of a child that is gone when its file is read: by its parent's root.
			do(f"subprocess.run(['sh', '-c', 'echo child > \"$0\"/child', {inside!r}], check=True)")
			self.wait_for_contents(2)
			do(f"os.chroot({inside!r}); os.chdir('/')")
			do("f = open('/below', 'w'); f.write('chroot'); f.close()")
			self.wait_for_contents(3)
		self.assertFalse(os.path.exists(os.path.join(inside, "hidden")))
		rows = self.contents(self.recording.session)
		self.assertEqual([(row["path"], row["data"], row["changed"], row["reason"]) for row in rows],
				 [(os.path.join(inside, name).encode(), data, 0, None)
				  for name, data in (("hidden", b"mounted"), ("child", b"child\n"), ("below", b"chroot"))])

	def test_chroot(self):
		program = ("import os, sys\n"
			   "os.chroot(sys.argv[1])\n"
			   "with open('/file', 'w') as f: f.write('below')\n")
		recording = self.python(program)
		self.assertEqual([(row["path"], row["data"]) for row in self.contents(recording.session)],
				 [(os.path.join(self.work, "file").encode(), b"below")])

	def test_nothing_unasked(self):
		secret = b"correct horse battery staple"
		program = ("import os, sys\n"
			   "with open(os.path.join(sys.argv[1], 'file'), 'wb') as f: f.write(bytes.fromhex(sys.argv[2]))\n")
		for number, options in enumerate([("--quiet",), self.content_options(),
						  self.content_options("--content-store", glob="/elsewhere/*")]):
			self.attempt = number
			recording = self.python(program, secret.hex(), options=options)
			self.assertFalse(recording.session.has("blob"))
			self.assertEqual(recording.session.has("content"), number == 1)
			with open(self.database, "rb") as file:
				self.assertNotIn(secret, file.read())

	def test_still_open(self):
		"""A file that stays open when the recording ends is read as it is then."""
		process = self.start(sys.executable, "-c", "import os, sys, time\n"
				     "f = open(os.path.join(sys.argv[1], 'file'), 'w')\n"
				     "f.write('so far'); f.flush()\n"
				     "if os.fork() == 0:\n os.close(0); os.close(1); os.close(2); time.sleep(300)\n"
				     "print('written', flush=True)\n", self.work,
				     options=self.content_options("--content-store", "--detach-on-exit"), stdin=subprocess.DEVNULL)
		self.assertEqual(process.stdout.readline(), b"written\n")
		self.assertTrue(aa.wait_until(lambda: process.poll() is not None))
		recording = self.finish(process)
		children = recording.session.rows("SELECT pid FROM s0_process WHERE exit_time_ns IS NULL")
		for row in children:
			aa.kill_quietly(row["pid"])
		self.assertEqual([(row["kind"], row["data"], row["changed"]) for row in self.contents(recording.session)],
				 [("io", b"so far", 0)])
