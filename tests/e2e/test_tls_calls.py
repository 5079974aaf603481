# SPDX-License-Identifier: Apache-2.0
"""Ways of calling a TLS library that go wrong easily: reuse, fork, calls in calls, buffers that are not in memory, too much."""

import collections
import os
import subprocess

import aa
import tls
from tls import MIB, SIZES


class Calls(aa.Case):
	def setUp(self):
		super().setUp()
		if not tls.PROGRAM:
			self.skipTest("libssl-dev is not installed")

	def client(self, name, server, *words, options=()):
		return self.record(tls.PROGRAM, name, str(server.port), *map(str, words), options=["--quiet", *options])

	# --- which connection ---------------------------------------------------------------------------------

	def test_sixteen_connections_on_one_object(self):
		server = tls.Server(self)
		recording = self.client("reuse", server, 16)
		rows = tls.check_all(self, recording, server, "openssl", 16)
		self.assertEqual(len({row["id"] for row in rows}), 16)
		self.assertEqual([row["end_reason"] for row in rows], 15 * ["reused"] + ["freed"])

	def test_objects_at_the_same_address(self):
		server = tls.Server(self)
		recording = self.client("renew", server, 16)
		self.assertGreater(int(recording.out), 0)
		rows = tls.check_all(self, recording, server, "openssl", 16)
		self.assertEqual({row["end_reason"] for row in rows}, {"freed"})

	def test_fork_after_the_handshake(self):
		server = tls.Server(self)
		recording = self.client("fork", server)
		self.assertEqual(recording.status, 0, recording.err)
		parent, child = map(int, recording.out.split())
		connection, = server.settle()
		session = recording.session
		rows = {row["pid"]: row for row in tls.connections(session) if row["local_port"] == connection.port}
		self.assertEqual(set(rows), {parent, child})
		self.assertEqual((rows[parent]["parent_id"], rows[child]["parent_id"]), (None, rows[parent]["id"]))
		for row, sent, received in ((rows[parent], 300, 400), (rows[child], 5000, 6000)):
			line = f"take {sent} give {received}\n".encode()
			stored = {direction: tls.Stored(self, session, row, direction) for direction in ("sent", "received")}
			self.assertEqual(bytes(stored["sent"].data[:len(line)]), line)
			self.assertEqual(len(stored["sent"].data), len(line) + sent)
			self.assertEqual(bytes(stored["received"].data), tls.payload(received))
			self.assertEqual(stored["sent"].gaps + stored["received"].gaps, [])
			for direction in stored:
				self.assertEqual({piece["process_id"] for piece in stored[direction].rows}, {row["process_id"]})
			self.assertEqual((row["sni"], row["peer_port"], row["socket_inode"], row["plaintext"]),
					 (tls.HOST, server.port, connection.inode, "yes"))
		both = tls.Stored(self, session, rows[parent], "sent").data + tls.Stored(self, session, rows[child], "sent").data
		self.assertEqual(bytes(both), bytes(connection.received.data))
		self.assert_complete(session)

	def test_calls_inside_a_handshake(self):
		server = tls.Server(self)
		recording = self.client("nested", server)
		self.assertGreater(int(recording.out), 3)
		tls.check_all(self, recording, server, "openssl", 2)

	def test_tls_inside_tls(self):
		"""Through an HTTPS proxy, each SSL_write() of one connection makes one of another."""
		proxy, server = tls.Server(self), tls.Server(self)
		recording = self.record("/usr/bin/curl", "-sSf", "--insecure", "--proxy-insecure", "--proxy", f"https://proxy.{tls.HOST}:{proxy.port}",
					"--resolve", f"proxy.{tls.HOST}:{proxy.port}:{tls.LOCAL}", "-o", self.path("got"), "--data-binary",
					"x" * 50000, f"https://inner.{tls.HOST}:{server.port}/give/70000", options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		outer, = proxy.settle()
		inner, = server.settle()
		session = recording.session
		rows = {row["sni"]: row for row in tls.connections(session) if row["implementation"]}
		self.assertLessEqual({f"proxy.{tls.HOST}", f"inner.{tls.HOST}"}, set(rows), rows)
		for connection, row in ((outer, rows[f"proxy.{tls.HOST}"]), (inner, rows[f"inner.{tls.HOST}"])):
			for direction, side in (("sent", connection.received), ("received", connection.sent)):
				stored = tls.Stored(self, session, row, direction)
				missing = side.bytes - stored.length
				if connection is outer and direction == "received":
					# The end of the inner connection, a record of 24 bytes, may come when curl has what it wanted.
					self.assertIn(missing, (0, 24))
				else:
					self.assertEqual(missing, 0, (row["sni"], direction))
				self.assertEqual((stored.gaps, bytes(stored.data)), ([], bytes(side.data[:stored.length])), (row["sni"], direction))
		row = rows[f"proxy.{tls.HOST}"]
		self.assertEqual((row["local_port"], row["peer_port"]), (outer.port, proxy.port))
		self.assertNotEqual(rows[f"inner.{tls.HOST}"]["peer_port"], server.port)

	def test_threads_at_once(self):
		server = tls.Server(self)
		recording = self.client("threads", server, 8, 20)
		tls.check_all(self, recording, server, "openssl", 8)

	# --- which bytes --------------------------------------------------------------------------------------

	def test_plain_and_ex_by_turns(self):
		server = tls.Server(self)
		recording = self.client("mixed", server, *SIZES[:-1])
		tls.check_all(self, recording, server, "openssl", 1)

	def test_without_blocking(self):
		server = tls.Server(self)
		recording = self.client("nonblocking", server, 4 * MIB)
		self.assertGreater(int(recording.out), 0)
		tls.check_all(self, recording, server, "openssl", 1)

	def test_a_buffer_that_is_not_in_memory(self):
		kind = subprocess.run(["stat", "-f", "-c", "%T", self.directory], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
		if kind in ("tmpfs", "ramfs"):
			self.skipTest("all files here are in memory")
		server = tls.Server(self)
		path = self.path("file")
		with open(path, "wb") as file:
			file.write(tls.payload(4 * MIB, "file"))
			file.flush()
			os.fsync(file.fileno())
		recording = self.client("nonresident", server, path)
		resident, pages = map(int, recording.out.split())
		self.assertLess(resident, pages)
		tls.check_all(self, recording, server, "openssl", 1)

	def test_what_was_peeked_at_counts_once(self):
		server = tls.Server(self)
		recording = self.client("peek", server)
		row, = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual((row["sent_bytes"], row["received_bytes"], row["sent_calls"]), (17, 3000, 1))

	# --- too much -----------------------------------------------------------------------------------------

	def check_counted(self, recording, server, why, plaintext="partial"):
		"""What is stored and what is missing make up what was sent, and what is stored is right."""
		self.assertEqual(recording.status, 0, recording.err)
		connection, = server.settle()
		session = recording.session
		row = tls.row_of(self, session, connection)
		stored = tls.Stored(self, session, row, "sent")
		self.assertEqual(stored.length, connection.received.bytes)
		self.assertEqual(len(stored.data) + stored.gap_bytes, stored.length)
		tls.check_sums(self, row, "sent", stored)
		self.assertLessEqual({gap for _, _, gap in stored.gaps}, set(why))
		self.assertEqual(row["plaintext"], plaintext)
		tls.check_peer(self, row, connection)
		# Of connections that are not kept whole, the pieces.
		data = bytes(connection.received.data)
		for piece, data_of in zip((piece for piece in stored.rows if piece["gap"] is None), stored.pieces):
			if piece["offset"] + piece["bytes"] <= len(data):
				self.assertEqual(data[piece["offset"]:piece["offset"] + piece["bytes"]], data_of, piece["offset"])
		return session, row, stored

	def test_a_tiny_ring(self):
		"""64 MiB as fast as possible through 64 KiB: what is missing is told to the byte, and nothing else is missing."""
		server = tls.Server(self)
		size = 64 * MIB
		recording = self.record("/bin/sh", "-c", 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done & "$@"; wait; exit 0', "sh", tls.PROGRAM, "burst",
					str(server.port), str(size), "65536", options=["--quiet", "--tls-ring-size", "64K"])
		session, row, stored = self.check_counted(recording, server, ["ring-full"])
		self.assertEqual(stored.length, size + len("discard\n"))
		self.assertGreater(stored.gap_bytes, 0)
		counts = collections.Counter()
		for gap in session.gaps():
			self.assertEqual((gap["lane"], gap["kind"], gap["reason"]), ("payload", "tls_data", "ring-full"), gap)
			counts[gap["lane"]] += gap["count"]
		self.assertEqual(counts["payload"], stored.gap_bytes)
		self.assertEqual(len([exec for exec in session.execs(error=0) if exec["filename"].endswith("/true")]), 9)
		self.assertEqual(session.row["state"], "complete")
		self.assertIn("lost", row["reason"])

	def test_a_large_ring(self):
		"""The same with the ring that it has by default."""
		server = tls.Server(self)
		recording = self.client("burst", server, 64 * MIB, 65536)
		_, row, stored = self.check_counted(recording, server, ["ring-full"], plaintext="yes")
		self.assertEqual(stored.gaps, [], row)
		self.assertEqual(stored.sha256, server.connections[0].received.sha256)

	def test_one_call_beyond_its_limit(self):
		server = tls.Server(self)
		recording = self.client("burst", server, 300000, 100000, options=["--tls-max-call", "10000"])
		session, row, stored = self.check_counted(recording, server, ["max-call"])
		begin = len("discard\n")
		self.assertEqual(stored.gaps, [(begin + i * 100000 + 10000, 90000, "max-call") for i in range(3)])
		# It was asked for, so it is no loss.
		self.assertEqual(session.row["lost_count"], 0)
		self.assertIn("max-call", row["reason"])

	def test_a_connection_beyond_its_limit(self):
		server = tls.Server(self)
		recording = self.client("burst", server, 300000, 100000, options=["--tls-max-connection", "150000"])
		session, row, stored = self.check_counted(recording, server, ["max-connection"])
		self.assertEqual(sum(size for _, size, _ in stored.gaps), 300000 + len("discard\n") - 150000)
		self.assertEqual(stored.gaps[0][0], 150000)
		self.assertEqual(session.row["lost_count"], 0)
		self.assertIn("max-connection", row["reason"])
