# SPDX-License-Identifier: Apache-2.0
"""Everyday programs, compared path by path with what the file system shows before and after."""

import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

import aa
import files


def walk(*roots):
	"""path -> (inode, size, type) of all below."""
	found = {}
	for root in roots:
		for path, directories, names in os.walk(os.fsencode(root)):
			for name in directories + names:
				whole = os.path.join(path, name)
				st = os.lstat(whole)
				found[whole] = (st.st_ino, st.st_size, files.TYPES[st.st_mode & 0o170000])
	return found


class Replay:
	"""The names of a tree as the rows say that they changed, from what was there before."""

	def __init__(self, case, before):
		self.case = case
		self.names = {path: inode for path, (inode, _, _) in before.items()}
		self.made = set()

	def row(self, row, inside):
		path, path2 = aa.exact(row, "path"), aa.exact(row, "path2")
		if row["error"] or not (inside(path) or inside(path2)):
			return
		kind, marks = row["kind"], files.Acts.marks(row)
		if kind == "open" and "path-unlinked" not in marks:
			if "created" in marks:
				self.add(path, row)
			self.case.assertIn(path, self.names, f"opened a name that nothing made: {row}")
		elif kind in ("mkdir", "mknod", "symlink"):
			self.add(path, row)
		elif kind == "link":
			self.add(path2, row)
		elif kind in ("unlink", "rmdir"):
			self.case.assertIn(path, self.names, f"removed a name that nothing made: {row}")
			if row["inode"] is not None and self.names[path] is not None:
				self.case.assertEqual(row["inode"], self.names[path], row)
			del self.names[path]
		elif kind == "rename":
			self.rename(path, path2, "exchange" in marks, row)

	def add(self, path, row):
		self.names[path] = row["inode"]
		self.made.add(path)

	def rename(self, old, new, exchange, row):
		self.case.assertIn(old, self.names, f"renamed what nothing made: {row}")
		self.case.assertFalse(exchange, "no test has that")
		for path in [path for path in self.names if path == new or path.startswith(new + b"/")]:
			del self.names[path]
		for path in [path for path in self.names if path == old or path.startswith(old + b"/")]:
			self.names[new + path[len(old):]] = self.names.pop(path)
			self.made.add(new + path[len(old):])


class Programs(aa.Case):
	def setUp(self):
		super().setUp()
		self.root = self.make_directory("w")

	def w(self, *names):
		return os.path.join(self.root, *names)

	def need(self, *programs):
		missing = [name for name in programs if not shutil.which(name)]
		if missing:
			self.skipTest(f"not installed: {', '.join(missing)}")

	def shell(self, command, **keywords):
		done = subprocess.run(["sh", "-ec", command], cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, check=False, **keywords)
		self.assertEqual(done.returncode, 0, done.stderr)

	def record_program(self, *command, roots=(), status=0, sparse=False):
		"""Records it in the tree, and compares. Returns the rows. sparse: it leaves holes in files, as an assembler does."""
		roots = [self.root, *roots]
		before = walk(*roots)
		script = 'a=$1 b=$2; shift 2; cat /proc/$$/io > "$a"; "$@"; cat /proc/$$/io > "$b"'
		sums = [self.path("io-before"), self.path("io-after")]
		recording = self.finish(self.start("sh", "-ec", script, "sh", *sums, *command, cwd=self.root))
		self.assertEqual(recording.status, status, recording.err + recording.out)
		after = walk(*roots)
		session = recording.session
		self.assert_complete(session)
		rows = session.rows("SELECT * FROM s0_file_view ORDER BY time_ns, id")
		self.compare_all_writes(session, rows, sums)
		self.compare_left(before, after, roots)
		prefixes = tuple(os.fsencode(root) + b"/" for root in roots)
		self.compare(rows, before, after, lambda path: path is not None and path.startswith(prefixes), sparse)
		return rows

	def compare_left(self, before, after, roots):
		"""What the session left behind, as one command tells it."""
		done = self.query("--format", "json", "files", "--left", check=False)
		self.assertIn(done.returncode, (0, 1), done.stderr)
		prefixes = tuple(f"{root}/" for root in roots)
		left = sorted(row["path"] for row in json.loads(done.stdout or "[]") if row["path"].startswith(prefixes))
		self.assertEqual(left, sorted(aa.escaped(path) for path in set(after) - set(before)))

	def compare_all_writes(self, session, rows, sums):
		"""The kernel's own sums of what a process and its dead children have written by system calls, to whatever."""
		written = []
		for path in sums:
			with open(path, encoding="ascii") as file:
				written.append(int(dict(line.split(": ") for line in file.read().splitlines())["wchar"]))
		# What the recorder's own code opened and wrote in the child, before its first exec.
		began = min(row["time_ns"] for row in session.execs())
		before = {row["id"] for row in rows if row["kind"] == "open" and row["time_ns"] < began}
		total = sum(row["write_bytes"] or 0 for row in rows if row["open_id"] not in before)
		self.assertEqual(total - os.path.getsize(sums[1]), written[1] - written[0])

	def compare(self, rows, before, after, inside, sparse):
		replay = Replay(self, before)
		for row in rows:
			replay.row(row, inside)
		self.assertEqual(sorted(set(after) - set(replay.names)), [], "there, and no row says why")
		self.assertEqual(sorted(set(replay.names) - set(after)), [], "rows say that they are there")
		for path, inode in replay.names.items():
			if inode is not None:
				self.assertEqual(inode, after[path][0], path)
		self.compare_sizes(rows, before, after, sparse)

	def compare_sizes(self, rows, before, after, sparse):
		written, opens, other = collections.Counter(), collections.Counter(), set()
		for row in rows:
			key = row["device"], row["inode"]
			if row["kind"] in ("close", "io"):
				written[key] += row["write_bytes"] or 0
				opens[key] += row["kind"] == "close" and bool(row["write_bytes"])
				if row["marks"] and "mapped" in row["marks"]:
					other.add(key)
			elif row["kind"] in ("truncate", "fallocate", "mmap"):
				other.add(key)
		exact = 0
		for path, (inode, size, kind) in after.items():
			st = os.lstat(path)
			key = aa.device(os.major(st.st_dev), os.minor(st.st_dev)), inode
			if kind != "file" or before.get(path, (None, None))[:2] == (inode, size) or key in other:
				continue
			if not sparse:
				self.assertGreaterEqual(written[key], size - (before[path][1] if path in before else 0), path)
			exact += opens[key] == 1 and written[key] == size
		self.exact = exact

	# --- programs -------------------------------------------------------------------------------------

	def make_repository(self, count=300):
		self.need("git")
		environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": self.directory}
		source = self.make_directory("source")
		for i in range(count):
			path = f"{source}/d{i % 17}/e{i % 5}/file {i}.txt"
			os.makedirs(os.path.dirname(path), exist_ok=True)
			with open(path, "w", encoding="ascii") as file:
				file.write(f"content of {i}\n" * (i % 40 + 1))
		os.symlink("d1", f"{source}/link")
		subprocess.run(["sh", "-ec", "git init -q . && git add -A && git -c user.name=n -c user.email=e commit -qm m"], cwd=source, check=True,
			       env=environment, stdin=subprocess.DEVNULL)
		return source

	def test_git_clone(self):
		source = self.make_repository()
		self.record_program("git", "clone", "-q", "--no-local", f"file://{source}", self.w("clone"))
		for i in range(300):
			self.assertTrue(os.path.exists(self.w(f"clone/d{i % 17}/e{i % 5}/file {i}.txt")))
		# The work tree, at least, is written once from the first byte to the last.
		self.assertGreaterEqual(self.exact, 300)

	def test_make(self):
		self.need("make", "cc")
		rules = "CFLAGS = -O1\nprogram: " + " ".join(f"part{i}.o" for i in range(12)) + "\n\t$(CC) -o $@ $^\n"
		with open(self.w("Makefile"), "w", encoding="ascii") as file:
			file.write(rules + "clean:\n\trm -f *.o program\n")
		for i in range(12):
			with open(self.w(f"part{i}.c"), "w", encoding="ascii") as file:
				file.write("int main(void) { return 0; }\n" if i == 0 else f"int part{i}(int x) {{ return x * {i}; }}\n")
		rows = self.record_program("make", "-j2", sparse=True)
		self.assertTrue(os.access(self.w("program"), os.X_OK))
		# Temporary files of the compiler are made and removed elsewhere.
		temporary = tempfile.gettempdir() + "/cc"
		made = {row["path"] for row in rows if row["kind"] == "open" and not row["error"] and (row["path"] or "").startswith(temporary)}
		removed = {row["path"] for row in rows if row["kind"] == "unlink" and not row["error"] and (row["path"] or "").startswith(temporary)}
		self.assertEqual(made - removed, set())
		self.attempt = 1
		self.record_program("make", "clean")
		self.assertFalse(os.path.exists(self.w("program")))

	def test_tar(self):
		self.need("tar")
		self.shell("mkdir tree; for i in 1 2 3 4 5 6 7 8 9; do mkdir -p tree/$i/x; seq $((i * 1000)) > tree/$i/x/numbers; ln -s ../x tree/$i/x/l; "
			   "ln tree/$i/x/numbers tree/$i/hard; done; tar cf tree.tar tree; rm -r tree")
		self.record_program("tar", "xf", "tree.tar")
		self.assertGreaterEqual(self.exact, 9)
		self.attempt = 1
		self.record_program("rm", "-r", "tree")

	def test_sed_in_place(self):
		self.need("sed")
		self.shell("for i in 1 2 3; do seq 1000 > file$i; done")
		self.record_program("sed", "-i", "s/1/one/", self.w("file1"), self.w("file2"), self.w("file3"))
		self.assertEqual(self.exact, 3)

	def test_shell(self):
		self.record_program("sh", "-ec", "echo one > a; echo two >> a; mkdir -p b/c; mv a b/c/d; cp b/c/d e; ln -s e f; ln e g; rm e; "
				    "mv b h; echo more >> h/c/d; mkfifo p; rm -r h; : > z; mv z g; cat g > y; truncate -s 100 y")

	def test_python(self):
		script = ("import os, tempfile, shutil\n"
			  "for i in range(100):\n"
			  "    with open(f'f{i}', 'w') as f: f.write('x' * i * 100)\n"
			  "os.makedirs('a/b/c'); os.replace('f1', 'a/b/c/f1'); os.rename('a/b', 'a/z')\n"
			  "with tempfile.NamedTemporaryFile(dir='.', delete=False) as f: f.write(b'12345')\n"
			  "os.replace(f.name, 'named')\n"
			  "shutil.copytree('a', 'copy'); shutil.rmtree('a'); shutil.copyfile('f50', 'f2')\n"
			  "with open('f3', 'r+') as f: f.truncate(7)\n")
		self.record_program(sys.executable, "-B", "-c", script)
		self.assertGreaterEqual(self.exact, 90)

	def test_mv_across_file_systems(self):
		if os.stat("/dev/shm").st_dev == os.stat(self.root).st_dev:
			self.skipTest("there is no other file system at /dev/shm")
		other = tempfile.mkdtemp(prefix="aa-e2e-", dir="/dev/shm")
		self.addCleanup(shutil.rmtree, other, ignore_errors=True)
		self.shell("mkdir -p tree/sub; seq 5000 > tree/sub/file; seq 10 > tree/top; ln -s top tree/link")
		self.record_program("mv", "tree", other, roots=[other])
		self.assertFalse(os.path.exists(self.w("tree")))
		self.assertEqual(self.exact, 2)
