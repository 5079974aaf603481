# SPDX-License-Identifier: Apache-2.0
"""Program starts: every argument, every kind of file, every failure. aa.Case.assert_same compares all facts."""

import errno
import os
import stat
import struct
import subprocess

import aa


class Exec(aa.Case):
	def child_row(self, recording):
		"""The exec of the one program that the workload started."""
		rows = recording.session.execs(error=0)
		self.assertEqual(len(rows), 2)
		return rows[1]

	def test_2048_arguments(self):
		recording = self.record("arguments-many", "2048")
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual(row["argc"], 2048)
		self.assertEqual(aa.arguments(row), [b"argument-%d" % i for i in range(2048)])
		self.assertIsNone(row["marks"])

	def test_argument_of_60000_bytes_and_empty_last(self):
		recording = self.record("arguments-long", "60000")
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual([len(a) for a in aa.arguments(row)], [4, 60000, 0])
		self.assertEqual(row["args_stored_bytes"], 60000 + 7)

	def test_empty_arguments(self):
		recording = self.record("arguments-empty")
		self.assert_same(recording)
		self.assertEqual([aa.arguments(row) for row in recording.session.execs(error=0)[1:]],
				 [[b"name", b"a", b""], [b"name", b"", b"", b"b"], [b"", b""], [b""]])

	def test_null_argv(self):
		self.assert_same(self.record("arguments-null"))

	def test_name_unlike_path(self):
		recording = self.record("arguments-name")
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual(row["command"], "/usr/bin/innocent x")
		self.assertEqual(row["exe"], self.workload)

	def test_bytes_that_are_no_text(self):
		recording = self.record("arguments-bytes")
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual(len(aa.arguments(row)), 9)
		self.assertIn(bytes(range(1, 256)), aa.arguments(row))
		for char in row["command"]:
			self.assertTrue(char.isprintable(), hex(ord(char)))
		# Pasted into a shell, the command gives the same bytes.
		pasted = subprocess.run(["bash", "-c", f"printf '%s\\0' {row['command']}"], stdout=subprocess.PIPE,
					check=True, env=aa.clean_environment(LC_ALL="C.UTF-8")).stdout
		self.assertEqual(pasted.split(b"\0")[:-1], aa.arguments(row))

	def test_arguments_of_1_5_megabytes(self):
		recording = self.record("arguments-long", "131071", "12", options=["--max-args", "2M"])
		self.assert_same(recording)
		self.assertEqual(self.child_row(recording)["args_stored_bytes"], 12 * 131072 + 6)

	def test_arguments_beyond_the_limit_are_marked(self):
		recording = self.record("arguments-long", "131071", "3", options=["--max-args", "128K"])
		self.assert_same(recording, gaps=["truncated"])
		row = self.child_row(recording)
		self.assertEqual(row["args_bytes"], 3 * 131072 + 6)
		self.assertEqual(row["args_stored_bytes"], 131072)
		self.assertIn("args-truncated", row["marks"].split(","))
		full = b"\0".join(bytes.fromhex(a) for a in recording.truth.of("exec")[1]["argv"]) + b"\0"
		self.assertEqual(b"\0".join(aa.arguments(row)).rstrip(b"\0"), full[:131072].rstrip(b"\0"))
		gaps = [gap for gap in recording.session.gaps() if gap["reason"] == "truncated"]
		self.assertEqual([(gap["kind"], gap["count"], gap["process_id"]) for gap in gaps],
				 [("exec", 2 * 131072 + 6, row["process_id"])])
		self.assertEqual(recording.session.row["lost_count"], 0)

	def test_at_least_64_kilobytes_by_default(self):
		recording = self.record("arguments-long", "65530")
		self.assert_same(recording)
		self.assertEqual(self.child_row(recording)["args_stored_bytes"], 65530 + 7)

	def test_failures(self):
		directory = self.make_directory("d")
		recording = self.record("fail", directory)
		self.assert_same(recording)
		self.assertEqual(recording.truth.of("no-compat"), [], "this kernel has no 32-bit system calls")
		found = {row["error_name"] for row in recording.session.execs() if row["error"]}
		self.assertEqual(found, {"ENOENT", "EACCES", "ENOEXEC", "ETXTBSY", "ENOTDIR", "ELOOP", "ENAMETOOLONG",
					 "E2BIG", "EFAULT", "EBADF"})
		for row in recording.session.execs():
			if row["error"]:
				self.assertEqual(errno.errorcode[row["error"]], row["error_name"])
			if row["error"] == errno.EACCES and row["filename"] == "file":
				self.assertEqual(row["cwd"], directory)

	def test_scripts(self):
		directory = self.make_directory("d")
		recording = self.record("scripts", directory)
		self.assert_same(recording)
		rows = recording.session.execs(error=0)[1:]
		self.assertEqual([row["filename"] for row in rows],
				 [f"{directory}/one", f"{directory}/two", f"{directory}/three", "./one"])
		for row in rows:
			self.assertEqual(row["interpreter"], self.workload)
			self.assertEqual(row["exe"], self.workload)
		# The interpreters in between stand in the arguments, as the kernel built them.
		self.assertEqual(aa.arguments(rows[2]),
				 [self.workload.encode(), b"optional argument", f"{directory}/one".encode(),
				  f"{directory}/two".encode(), b"more", f"{directory}/three".encode(), b"x", b"", b"y z"])

	def test_memfd(self):
		recording = self.record("memory")
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual(row["exe_type"], "memfd")
		self.assertEqual(aa.exact(row, "exe"), b"memfd:aa \n name")
		self.assertTrue(row["filename"].startswith("/dev/fd/"))

	def test_unlinked(self):
		directory = self.make_directory("d")
		recording = self.record("unlinked", directory)
		self.assert_same(recording)
		rows = recording.session.execs(error=0)[1:]
		self.assertEqual([row["exe_type"] for row in rows], ["unlinked"] * 2)
		self.assertEqual([row["exe"] for row in rows], [f"{directory}/gone"] * 2)

	def test_by_a_thread_that_is_not_the_leader(self):
		recording = self.record("threads")
		self.assert_same(recording)
		threads = {line["pid"]: line["tid"] for line in recording.truth.of("thread")}
		self.assertEqual(len(threads), 2)
		for row in recording.session.execs(error=0)[1:]:
			self.assertEqual(row["tid"], threads[row["pid"]])
			self.assertNotEqual(row["tid"], row["pid"])

	def test_relative_paths(self):
		directory = self.make_directory("d")
		recording = self.record("relative", directory)
		self.assert_same(recording)
		rows = recording.session.execs(error=0)[1:]
		self.assertEqual([row["filename"] for row in rows],
				 ["sub/program", "./link/..//./sub/program", "./program", f"{directory}/sub/program"])
		self.assertEqual([row["exe"] for row in rows], [f"{directory}/sub/program"] * 4)
		self.assertEqual([row["cwd"] for row in rows],
				 [directory, directory, f"{directory}/sub", f"{directory}/sub/gone"])

	def test_deep_path(self):
		directory = self.make_directory("d")
		recording = self.record("deep", directory)
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertGreater(len(aa.exact(row, "exe")), 3000)
		self.assertEqual(aa.exact(row, "exe").count(b"/d") >= 1, True)
		self.assertNotIn("\n", row["exe"])

	def test_chroot(self):
		directory = self.make_directory("d")
		recording = self.record("chroot", directory)
		self.assert_same(recording)
		row = self.child_row(recording)
		self.assertEqual((row["root"], row["exe"], row["cwd"], row["filename"]),
				 (directory, f"{directory}/bin/program", f"{directory}/sub", "../bin/program"))

	def as_user(self, path, *options):
		recording = self.record("as-user", "65534", path, options=options)
		self.assert_same(recording)
		return self.child_row(recording)

	def special_program(self, mode):
		path = self.path("special")
		with open(self.workload, "rb") as source, open(path, "wb") as target:
			target.write(source.read())
		os.chown(path, 0, 0)
		os.chmod(path, mode)
		return path

	def test_set_user_id(self):
		row = self.as_user(self.special_program(0o4755))
		self.assertEqual((row["uid"], row["euid"], row["privileged"]), (65534, 0, 1))
		self.assertTrue(row["exe_mode"] & stat.S_ISUID)
		self.assertNotEqual(row["cap_effective"], 0)

	def test_set_group_id(self):
		row = self.as_user(self.special_program(0o2755))
		self.assertEqual((row["gid"], row["egid"], row["privileged"]), (65534, 0, 1))

	def test_file_capabilities(self):
		path = self.special_program(0o755)
		chown = 0
		# struct vfs_cap_data, revision 2, effective, CAP_CHOWN permitted.
		os.setxattr(path, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << chown, 0, 0, 0))
		row = self.as_user(path)
		self.assertEqual((row["uid"], row["euid"], row["privileged"]), (65534, 65534, 1))
		self.assertEqual((row["cap_effective"], row["cap_permitted"]), (1 << chown, 1 << chown))

	def test_plain_program_of_a_plain_user(self):
		row = self.as_user(self.special_program(0o755))
		self.assertEqual((row["uid"], row["euid"], row["privileged"], row["cap_effective"]), (65534, 65534, 0, 0))

	def test_user_option(self):
		recording = self.record("program", self.workload, options=["--user", "nobody"])
		self.assert_same(recording)
		for row in recording.session.execs():
			self.assertEqual((row["uid"], row["euid"], row["gid"], row["cap_effective"]),
					 (aa.NOBODY, aa.NOBODY, aa.NOBODY, 0))

	def test_environment_only_where_named(self):
		marker, wanted = "marker-4c1d9e", "value \x1b[31m \n,\"quoted\""
		environment = {"AA_SECRET": marker, "WANTED": wanted, "WANTED_NOT": marker, "EMPTY": ""}
		recording = self.record("program", self.workload, options=["--env", "WANTED,EMPTY,ABSENT"],
					env=environment)
		self.assert_same(recording)
		rows = recording.session.table("env", "id")
		values = [(row["exec_id"], row["name"], bytes(row["raw"]) if row["raw"] is not None else row["value"].encode())
			  for row in rows]
		execs = [row["id"] for row in recording.session.execs()]
		self.assertEqual(sorted(values), sorted((e, n, v.encode()) for e in execs
							for n, v in (("WANTED", wanted), ("EMPTY", ""))))
		self.assert_nowhere(marker)

	def test_environment_nowhere_by_default(self):
		marker = "marker-77aa01"
		recording = self.record("program", self.workload, env={"AA_SECRET": marker, "PASSWORD": marker})
		self.assert_same(recording)
		self.assertEqual(recording.session.table("env"), [])
		self.assert_nowhere(marker)

	def assert_nowhere(self, marker):
		for name in os.listdir(os.path.dirname(self.database)):
			with open(os.path.join(os.path.dirname(self.database), name), "rb") as file:
				self.assertNotIn(marker.encode(), file.read(), name)
