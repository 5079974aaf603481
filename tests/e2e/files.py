# SPDX-License-Identifier: Apache-2.0
"""Tests of files: system calls as the workload "acts" makes them, and the rows that they must have left.

A row is found by process and time, never by what is to be checked: it happened while the call was under way.
"""

import os

import aa

CWD = "cwd"
AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH = 0x100, 0x200, 0x400, 0x1000
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 1, 2, 4, 8, 16
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
BYTES = ("read_bytes", "read_calls", "write_bytes", "write_calls")
TYPES = {0o100000: "file", 0o040000: "dir", 0o120000: "link", 0o010000: "fifo", 0o140000: "socket", 0o020000: "char",
	 0o060000: "block"}
X86 = os.uname().machine == "x86_64"


def text(path):
	return b"@" + os.fsencode(path)


def buffer(size):
	return f"#{size}"


def how(flags, mode=0, resolve=0):
	return f"how:{flags}:{mode}:{resolve}"


class Act:
	"""One call that is asked for; once it was made, what it returned."""

	def __init__(self, words, segment, number, second=False):
		self.words, self.segment, self.number = words, segment, number
		self.line = None
		self.second_of = second

	def word(self):
		return f"%{self.number}"

	def other(self):
		"""The second descriptor of a pipe or of a socket pair."""
		return f"%{self.number}.1"

	def __getattr__(self, name):
		if name.startswith("__") or self.__dict__.get("line") is None:
			raise AttributeError(name)
		try:
			return self.line[name]
		except KeyError:
			raise AttributeError(name) from None

	@property
	def link(self):
		return bytes.fromhex(self.line["link"])

	@property
	def device(self):
		return aa.device(self.line["major"], self.line["minor"])

	@property
	def type(self):
		return TYPES[self.line["mode"] & 0o170000]

	def __repr__(self):
		words = " ".join(f"%{word.number}" if isinstance(word, Act) else str(word)[:100] for word in self.words)
		line = {k: v for k, v in (self.line or {}).items() if k not in ("t", "n", "call", "link")}
		return f"<{self.segment}.{self.number} {words} {line}>"


def argument(word):
	if isinstance(word, Act):
		return word.word()
	return word if isinstance(word, (str, bytes)) else str(word)


class Acts:
	"""A list of calls in the making; and after record(), what came of it."""

	def __init__(self, case):
		self.case = case
		self.root = case.make_directory("w")
		self.list, self.words = [], []
		self.segment = self.number = 0
		self.recording = None

	def path(self, *names):
		return os.path.join(self.root, *names)

	def add(self, *words):
		if self.words:
			self.words.append(";")
		self.words += words
		self.number += 1

	def do(self, *words, repeat=1, compat=False):
		act = Act(words, self.segment, self.number)
		self.list.append(act)
		self.add(*([f"*{repeat}"] if repeat > 1 else []), *(["i386"] if compat else []), *map(argument, words))
		return act

	def open(self, path, flags=os.O_RDWR | os.O_CREAT, mode=0o644, at=CWD):
		return self.do("openat", at, text(path), flags, mode)

	def child(self, *how_to):
		self.add(*(how_to or ("child",)))

	def end(self):
		self.add("end")

	def exec(self):
		"""What follows is done by another program: earlier acts can't be named there, descriptors by number can."""
		self.add("exec")
		self.segment += 1
		self.number = 0

	def private_mounts(self):
		self.do("unshare", CLONE_NEWNS)
		self.do("mount", text("none"), text("/"), 0, MS_REC | MS_PRIVATE, 0)

	# --- recording ------------------------------------------------------------------------------------

	def record(self, options=(), status=0, complete=True, gaps=(), **keywords):
		self.recording = self.case.record("acts", *self.words, options=options, **keywords)
		self.case.assertEqual(self.recording.status, status, self.recording.err)
		self.read_lines()
		if complete:
			self.case.assert_complete(self.session, gaps)
		self.offset = self.session.row["boot_offset_ns"]
		self.all = self.session.rows("SELECT * FROM s0_file_view ORDER BY time_ns, id") if self.session.has("file") else []
		return self

	def read_lines(self):
		programs, lines = 0, {}
		for line in self.recording.truth.lines:
			programs += line["t"] == "exec"
			if line["t"] == "act":
				lines[programs - 1, line["n"]] = line
		for act in self.list:
			act.line = lines.get((act.segment, act.number))

	@property
	def session(self):
		return self.recording.session

	# --- rows -----------------------------------------------------------------------------------------

	def during(self, act, *kinds):
		"""Rows of that process from the time of an act."""
		self.case.assertIsNotNone(act.line, f"was not made: {act.words}")
		return [row for row in self.all if row["pid"] == act.pid and (not kinds or row["kind"] in kinds) and
			act.before <= row["time_ns"] - self.offset <= act.after]

	def below(self, *kinds, path=None):
		"""Rows of what is in the working directory, as (path, row)."""
		root = os.fsencode(path or self.root) + b"/"
		found = [(aa.exact(row, "path"), row) for row in self.all if not kinds or row["kind"] in kinds]
		return [(name, row) for name, row in found if name and name.startswith(root)]

	def one(self, act, kind):
		rows = self.during(act, kind)
		self.case.assertEqual(len(rows), 1, (act, kind, self.during(act)))
		return rows[0]

	def of_open(self, row, *kinds):
		return [other for other in self.all if other["open_id"] == row["id"] and other["kind"] in kinds]

	def closes(self, row):
		return self.of_open(row, "close", "io")

	def sums(self, row):
		"""read bytes, read calls, written bytes, write calls of one open, over all of its rows."""
		return tuple(sum(other[column] or 0 for other in self.closes(row)) for column in BYTES)

	@staticmethod
	def marks(row):
		return (row["marks"] or "").split(",") if row["marks"] else []

	# --- comparing ------------------------------------------------------------------------------------

	def check_open(self, act, path=None, marks=()):
		"""An open that worked: all that fstat and /proc know of it. Without a path the one of /proc."""
		case, row = self.case, self.one(act, "open")
		case.assertEqual(act.error, 0, act)
		case.assertEqual(row["error"], 0, act)
		case.assertEqual(aa.exact(row, "path"), os.fsencode(path) if path is not None else act.link, act)
		case.assertEqual((row["fd"], row["source"], row["tid"]), (act.result, "kernel", act.tid), act)
		self.check_node(act, row)
		for mark in marks:
			case.assertIn(mark, self.marks(row), act)
		return row

	def check_node(self, act, row):
		self.case.assertEqual((row["device"], row["inode"], row["type"]), (act.device, act.inode, act.type), act)
		if act.line.get("generation"):
			self.case.assertEqual(row["generation"] & 0xFFFFFFFF, act.generation, act)

	def check_failed(self, act, path, kind="open", error=None):
		"""A call that failed: by the name that it was given, made absolute."""
		case, row = self.case, self.one(act, kind)
		if error is not None:
			case.assertEqual(act.error, error, act)
		case.assertGreater(act.error, 0, act)
		case.assertEqual(row["error"], act.error, act)
		case.assertEqual(aa.exact(row, "path"), os.fsencode(path), act)
		return row

	def check_change(self, act, kind, path, path2=None, node=None, **columns):
		"""An act on names or attributes, whether it worked or not. node: an act that describes the file."""
		case, row = self.case, self.one(act, kind)
		case.assertEqual(row["error"], act.error, act)
		case.assertEqual(aa.exact(row, "path"), os.fsencode(path), (act, row))
		case.assertEqual(aa.exact(row, "path2"), os.fsencode(path2) if path2 is not None else None, (act, row))
		case.assertIn(row["source"], ("kernel", "user"))
		# By name the portable tier does not know the file; what it says must be true.
		if node is not None and (row["source"] == "kernel" or row["inode"] is not None):
			case.assertEqual((row["device"], row["inode"]), (node.device, node.inode), (act, row))
		for column, value in columns.items():
			case.assertEqual(row[column], value, (column, act, row))
		return row

	def check_sums(self, row, read=(0, 0), written=(0, 0)):
		self.case.assertEqual(self.sums(row), (*read, *written), (row, self.closes(row)))

	def check_closed(self, row):
		"""It was closed once, and said so once."""
		closes = self.of_open(row, "close")
		self.case.assertEqual(len(closes), 1, (row, self.closes(row)))
		self.case.assertEqual(closes[0]["path"], row["path"])
		self.case.assertEqual((closes[0]["device"], closes[0]["inode"]), (row["device"], row["inode"]))
		return closes[0]
