# SPDX-License-Identifier: Apache-2.0
"""Go programs survive being recorded: their stacks move, so nothing may ever be put on one."""

import aa
import tls


class Go(aa.Case):
	# 100,000 calls, half of them writes.
	PAIRS, ROUNDS = 4, 6250

	def setUp(self):
		super().setUp()
		if not tls.GO_PROGRAM:
			self.skipTest("there is no Go compiler")

	def check_calls(self, program):
		recording = self.record(program, "calls", str(self.PAIRS), str(self.ROUNDS), options=["--quiet"])
		self.assertEqual((recording.status, recording.out), (0, b"done\n"), recording.err[-3000:])
		session = recording.session
		rows = [row for row in tls.connections(session) if row["implementation"] == "go"]
		self.assertEqual(len(rows), 2 * self.PAIRS)
		size = 64 * self.ROUNDS
		for row in rows:
			self.assertEqual((row["sent_bytes"], row["received_bytes"], row["sent_calls"]), (size, size, self.ROUNDS), row)
			# Pipes in its memory: there is no socket.
			self.assertEqual((row["socket_inode"], row["peer_port"], row["plaintext"]), (None, None, "yes"), row)
			sent, received = (tls.Stored(self, session, row, direction) for direction in ("sent", "received"))
			self.assertEqual((sent.gaps, received.gaps), ([], []))
			self.assertEqual(bytes(sent.data), bytes(sent.data[:64]) * self.ROUNDS)
			self.assertEqual(sent.sha256, received.sha256)
		self.assert_complete(session)

	def test_a_hundred_thousand_calls(self):
		self.check_calls(tls.GO_PROGRAM)

	def test_a_hundred_thousand_calls_stripped(self):
		self.check_calls(tls.GO_PROGRAM + "-stripped")
