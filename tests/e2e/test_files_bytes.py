# SPDX-License-Identifier: Apache-2.0
"""Bytes read and written: one sum an open file, exact, however many descriptors and processes share it."""

import errno
import os
import sys

import aa
import files
from files import CWD, buffer, text

MIB = 1 << 20


class Bytes(aa.Case):
	def setUp(self):
		super().setUp()
		self.acts = files.Acts(self)
		self.w = self.acts.path

	def sums_of(self, act):
		row = self.acts.check_open(act)
		self.acts.check_closed(row)
		return self.acts.sums(row)

	# --- calls ----------------------------------------------------------------------------------------

	def test_every_call_that_moves_bytes(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(100), 100)
		acts.do("pwrite64", file, buffer(50), 50, 1000)
		acts.do("writev", file, "vec:10,20,30", 3)
		acts.do("pwritev", file, "vec:1,2", 2, 5000, 0)
		acts.do("pwritev2", file, "vec:4", 1, 6000, 0, 0)
		acts.do("lseek", file, 0, 0)
		reads = [acts.do("read", file, buffer(64), 64), acts.do("pread64", file, buffer(30), 30, 10), acts.do("readv", file, "vec:5,6", 2),
			 acts.do("preadv", file, "vec:7,8", 2, 0, 0), acts.do("preadv2", file, "vec:9", 1, 0, 0, 0),
			 acts.do("pread64", file, buffer(100), 100, 100000)]
		acts.do("close", file)
		acts.record()
		self.assertEqual([act.result for act in reads], [64, 30, 11, 15, 9, 0])
		self.assertEqual(self.sums_of(file), (129, 6, 100 + 50 + 60 + 3 + 4, 5))

	def test_a_million_bytes_one_by_one(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(1), 1, repeat=MIB)
		acts.do("close", file)
		acts.record()
		row = acts.check_open(file)
		acts.check_sums(row, written=(MIB, MIB))
		self.assertLess(len(acts.closes(row)), 20)
		self.assertEqual(acts.check_closed(row)["size_bytes"], MIB)
		self.assertLess(len(acts.all), 100)

	def test_sendfile_and_copy_file_range(self):
		acts, size = self.acts, 10 * MIB
		with open(self.w("source"), "wb") as file:
			file.write(os.urandom(size))
		source = acts.open(self.w("source"), os.O_RDONLY)
		one, two = acts.open(self.w("one")), acts.open(self.w("two"))
		sent = acts.do("sendfile", one, source, 0, size)
		acts.do("lseek", source, 0, 0)
		copied = acts.do("copy_file_range", source, 0, two, 0, size, 0)
		for act in (source, one, two):
			acts.do("close", act)
		acts.record()
		self.assertEqual((sent.result, copied.result), (size, size))
		self.assertEqual(self.sums_of(source)[0], 2 * size)
		self.assertEqual(self.sums_of(one)[2], size)
		self.assertEqual(self.sums_of(two)[2], size)
		for act, to in ((sent, one), (copied, two)):
			row = acts.one(act, "copy")
			self.assertEqual((aa.exact(row, "path"), aa.exact(row, "path2")), (source.link, to.link))
			self.assertEqual((row["device"], row["inode"], row["device2"], row["inode2"]),
					 (source.device, source.inode, to.device, to.inode))

	def test_splice_through_a_pipe(self):
		acts = self.acts
		with open(self.w("source"), "wb") as file:
			file.write(bytes(5000))
		source, to = acts.open(self.w("source"), os.O_RDONLY), acts.open(self.w("to"))
		pipe = acts.do("pipe")
		first = acts.do("splice", source, 0, pipe.other(), 0, 5000, 0)
		second = acts.do("splice", pipe, 0, to.word(), 0, 5000, 0)
		for act in (source, to):
			acts.do("close", act)
		acts.record()
		self.assertEqual((first.result, second.result), (5000, 5000))
		self.assertEqual(self.sums_of(source)[0], 5000)
		self.assertEqual(self.sums_of(to)[2], 5000)

	def test_pipes(self):
		acts = self.acts
		pipe = acts.do("pipe")
		acts.do("write", pipe.other(), buffer(300), 300)
		acts.do("read", pipe, buffer(1000), 1000)
		acts.do("close", pipe), acts.do("close", pipe.other())
		acts.record()
		opens = [row for row in acts.all if row["kind"] == "open" and row["type"] == "fifo" and "inherited" in acts.marks(row)
			 and row["pid"] == pipe.pid and pipe.before < row["time_ns"] - acts.offset]
		self.assertEqual(sorted(acts.sums(row) for row in opens), [(0, 0, 300, 1), (300, 1, 0, 0)])
		self.assertEqual(len({row["inode"] for row in opens}), 1)

	def test_32_bit_calls(self):
		if not files.X86:
			return
		acts = self.acts
		file = acts.do("open", text(self.w("file")), os.O_RDWR | os.O_CREAT, 0o600, compat=True)
		acts.do("write", file, buffer(33), 33, compat=True)
		acts.do("pwrite64", file, buffer(7), 7, 100, 0, compat=True)
		acts.do("pread64", file, buffer(10), 10, 0, 0, compat=True)
		acts.do("close", file, compat=True)
		removed = acts.do("unlink", text(self.w("file")), compat=True)
		acts.record()
		row = acts.check_open(file)
		self.assertEqual(acts.sums(row), (10, 1, 40, 2))
		self.assertIn("compat", acts.marks(row))
		row = acts.check_change(removed, "unlink", self.w("file"))
		self.assertIn("compat", acts.marks(row))

	def test_directories_are_read(self):
		acts = self.acts
		directory = acts.open(acts.root, os.O_RDONLY | os.O_DIRECTORY)
		read = acts.do("getdents64", directory, buffer(4096), 4096)
		acts.do("close", directory)
		acts.record()
		self.assertGreater(read.result, 0)
		self.assertGreaterEqual(self.sums_of(directory)[1], 1)

	# --- failures -------------------------------------------------------------------------------------

	def test_a_full_file_system(self):
		acts = self.acts
		os.mkdir(self.w("t"))
		acts.private_mounts()
		acts.do("mount", text("none"), text(self.w("t")), text("tmpfs"), 0, text("size=64k"))
		file = acts.open(self.w("t/file"))
		fits = acts.do("write", file, buffer(32768), 32768)
		short = acts.do("write", file, buffer(1 << 18), 1 << 18)
		full = acts.do("write", file, buffer(4096), 4096)
		acts.do("close", file)
		acts.record()
		self.assertEqual((fits.result, full.error), (32768, errno.ENOSPC))
		row = acts.check_open(file)
		self.assertEqual(acts.sums(row)[2], fits.result + max(short.result, 0))
		self.assertEqual([close["error"] for close in acts.closes(row) if close["error"]], [errno.ENOSPC])

	def test_reads_and_writes_that_fail(self):
		acts = self.acts
		reader = acts.open(self.w("file"), os.O_RDONLY | os.O_CREAT)
		failed = acts.do("write", reader, buffer(1), 1)
		acts.do("close", reader)
		directory = acts.open(acts.root, os.O_RDONLY)
		failed2 = acts.do("read", directory, buffer(1), 1)
		acts.do("close", directory)
		acts.record()
		self.assertEqual((failed.error, failed2.error), (errno.EBADF, errno.EISDIR))
		self.assertEqual(acts.sums(acts.check_open(reader)), (0, 0, 0, 0))
		self.assertEqual(acts.check_closed(acts.check_open(directory))["error"], errno.EISDIR)

	# --- one open file, many ways to it ---------------------------------------------------------------

	def test_dup(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		dup = acts.do("dup", file)
		acts.do("dup3", file, 70, 0)
		acts.do("fcntl", file, 1030, 80)  # F_DUPFD_CLOEXEC
		acts.do("write", file, buffer(1), 1)
		acts.do("close", file)
		acts.do("write", dup, buffer(10), 10), acts.do("write", 70, buffer(100), 100), acts.do("write", 80, buffer(1000), 1000)
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 1111, 4))

	def test_a_descriptor_that_is_closed_meanwhile(self):
		"""By another thread, while the write that uses it waits: where the file is not known then, there is a gap."""
		script = ("import os, threading, time\n"
			  "out, into = os.pipe()\n"
			  "writer = threading.Thread(target=os.write, args=(into, bytes(100000)))\n"
			  "writer.start()\n"
			  "time.sleep(0.3)\n"
			  "os.close(into)\n"
			  "count = 0\n"
			  "while count < 100000:\n"
			  "    count += len(os.read(out, 100000))\n"
			  "writer.join()\n")
		recording = self.record(sys.executable, "-B", "-c", script)
		session = recording.session
		rows = session.rows("SELECT sum(write_bytes) AS written, sum(read_bytes) AS read FROM s0_file_view WHERE type = 'fifo'")
		lost = sum(gap["count"] for gap in session.gaps() if (gap["kind"], gap["reason"]) == ("io", "unreadable"))
		self.assertEqual(rows[0]["read"], 100000)
		self.assertIn((rows[0]["written"] or 0, lost), [(100000, 0), (0, 1)])
		self.assertEqual(b"1 event not whole" in recording.err, lost == 1, recording.err)

	def test_fork(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.child()
		acts.do("write", file, buffer(10), 10)
		acts.do("close", file)
		acts.end()
		acts.child()
		acts.do("write", file, buffer(100), 100)
		acts.add("exit")
		acts.end()
		acts.do("write", file, buffer(1), 1)
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 111, 3))

	def test_a_child_outlives_who_opened(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.child("beside")
		acts.do("sleep", 500)
		acts.do("write", file, buffer(10), 10)
		acts.end()
		acts.do("write", file, buffer(1), 1)
		acts.add("exit")
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 11, 2))

	def test_exit_without_close(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(77), 77)
		acts.add("exit")
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 77, 1))

	def test_exec_with_an_inherited_descriptor(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("dup3", file, 50, 0)
		closed = acts.do("openat", CWD, text(self.w("closed")), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
		acts.do("write", closed, buffer(3), 3)
		acts.do("write", file, buffer(1), 1)
		acts.exec()
		acts.do("write", 50, buffer(10), 10)
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 11, 2))
		self.assertEqual(self.sums_of(closed), (0, 0, 3, 1))

	def test_a_descriptor_sent_to_another_process(self):
		acts = self.acts
		sockets = acts.do("socketpair")
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(1), 1)
		acts.child("beside")
		acts.do("close", file)
		taken = acts.do("takefd", sockets.other())
		acts.do("write", taken, buffer(10), 10)
		acts.end()
		acts.do("passfd", sockets, file)
		acts.do("close", file)
		acts.record()
		self.assertEqual(taken.inode, file.inode)
		self.assertEqual(self.sums_of(file), (0, 0, 11, 2))
		self.assertEqual(len(acts.below("open")), 1)

	def test_pidfd_getfd(self):
		acts = self.acts
		file = acts.open(self.w("file"))
		acts.do("write", file, buffer(1), 1)
		acts.child()
		acts.do("close", file)
		pidfd = acts.do("pidfd_open", "ppid", 0)
		taken = acts.do("pidfd_getfd", pidfd, file, 0)
		acts.do("write", taken, buffer(10), 10)
		acts.end()
		acts.do("close", file)
		acts.record()
		self.assertEqual((pidfd.error, taken.error), (0, 0), (pidfd, taken))
		self.assertEqual(self.sums_of(file), (0, 0, 11, 2))
		self.assertEqual(len(acts.below("open")), 1)

	def test_a_million_bytes_by_all_ways(self):
		"""As above, all at once and a lot."""
		acts, count = self.acts, MIB // 8
		sockets = acts.do("socketpair")
		file = acts.open(self.w("file"))
		dup = acts.do("dup", file)
		acts.child("beside")
		taken = acts.do("takefd", sockets.other())
		acts.do("write", taken, buffer(1), 1, repeat=count)
		acts.add("exit")
		acts.end()
		acts.child("beside")
		acts.do("write", file, buffer(1), 1, repeat=count)
		acts.add("exit")
		acts.end()
		acts.do("passfd", sockets, file)
		acts.do("write", dup, buffer(1), 1, repeat=count)
		acts.do("write", file, buffer(1), 1, repeat=count)
		acts.do("close", file)
		acts.record()
		self.assertEqual(self.sums_of(file), (0, 0, 4 * count, 4 * count))

	def test_inherited_from_outside(self):
		"""Opened before the recording began: met at its first use, with sums from there on."""
		fd = os.open(self.w("outside"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
		self.addCleanup(os.close, fd)
		acts = self.acts
		acts.do("write", fd, buffer(12), 12, repeat=2)
		with self.truth_file() as truth:
			process = self.start(self.workload, "acts", *acts.words, env=aa.clean_environment(AA_TRUTH_FD=str(truth)), pass_fds=[fd, truth])
			acts.recording = self.finish(process)
		acts.read_lines()
		self.assert_complete(acts.session)
		acts.all = acts.session.rows("SELECT * FROM s0_file_view ORDER BY time_ns, id")
		opens = [row for path, row in acts.below("open")]
		self.assertEqual(len(opens), 1)
		self.assertIn("inherited", acts.marks(opens[0]))
		self.assertEqual(aa.exact(opens[0], "path"), os.fsencode(self.w("outside")))
		self.assertEqual(acts.sums(opens[0]), (0, 0, 24, 2))
