# SPDX-License-Identifier: Apache-2.0
"""What aa-query makes of a recorded conversation, against what the server knows of it."""

import json
import os
import sys

import aa
import tls

# Requests one after the other on one connection, then a WebSocket on another.
CLIENT = """
import base64, http.client, os, socket, ssl, sys
port, certificate = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
class Connection(http.client.HTTPSConnection):
	def connect(self):
		raw = socket.create_connection(("127.0.0.1", self.port))
		self.sock = context.wrap_socket(raw, server_hostname="tls.test")
connection = Connection("tls.test", int(port))
for method, path, body in [("GET", "/give/5000", None), ("POST", "/chunked/3500", b"in one piece"), ("GET", "/gzip", None),
			   ("GET", "/events", None), ("GET", "/status/404?why=not", None), ("PUT", "/status/503", iter([b"in ", b"two pieces"]))]:
	connection.request(method, path, body, encode_chunked=True, headers={"Accept-Encoding": "gzip", "X-Number": path})
	connection.getresponse().read()
connection.close()
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="tls.test") as stream:
	stream.sendall(b"GET /socket HTTP/1.1\\r\\nHost: tls.test\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
		       b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\\r\\n\\r\\n")
	got = b""
	while not got.endswith(b"\\r\\n\\r\\n"):
		got += stream.recv(1)
	for text in (b"first words", b"x" * 300):
		mask = b"abcd"
		head = b"\\x81" + (bytes([0x80 | len(text)]) if len(text) < 126 else b"\\xfe" + len(text).to_bytes(2, "big"))
		stream.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text)))
		left = len(text) + (2 if len(text) < 126 else 4)
		while left:
			left -= len(stream.recv(left))
	stream.sendall(b"\\x88\\x80abcd")
	stream.recv(10)
"""


class Query(aa.Case):
	def talk(self):
		server = tls.Server(self)
		recording = self.record(sys.executable, "-c", CLIENT, str(server.port), server.certificate, options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		server.settle()
		return server, recording, [tls.row_of(self, recording.session, connection) for connection in server.connections]

	def json(self, *arguments, **keywords):
		return json.loads(self.query("--format", "json", *arguments, **keywords).stdout)

	def test_conversations(self):
		server, recording, rows = self.talk()
		listed = self.json("tls")
		self.assertEqual([row["id"] for row in listed], [row["id"] for row in rows])
		for row, connection in zip(listed, server.connections):
			self.assertEqual((row["host"], row["peer_port"], row["sent_bytes"], row["received_bytes"], row["plaintext"]),
					 (tls.HOST, server.port, connection.received.bytes, connection.sent.bytes, "yes"))
		self.check_requests(server, rows)
		self.check_raw(server, rows)
		self.check_shown(rows)
		self.assertEqual(recording.session.row["state"], "complete")

	def check_requests(self, server, rows):
		truth = [(row["id"], method, path) for row, connection in zip(rows, server.connections)
			 for method, path, _, _ in connection.requests]
		found = self.json("tls", "requests")
		self.assertEqual([(row["connection_id"], row["method"], row["path"]) for row in found], truth)
		self.assertEqual([row["status"] for row in found], [200, 200, 200, 200, 404, 503, 101])
		bodies = [len(body) for connection in server.connections for _, _, _, body in connection.requests]
		self.assertEqual([row["request_bytes"] for row in found][:6], bodies[:6])
		self.assertEqual([row["response_bytes"] for row in found][:2], [5000, 3500])
		self.assertEqual(found[3]["events"], len(tls.EVENTS))
		for row in found:
			self.assertEqual(row["host"].split(":")[0], tls.HOST)
		for filters, expected in ((["--status", "404"], ["/status/404?why=not"]), (["--status", "5xx"], ["/status/503"]),
					  (["--method", "POST"], ["/chunked/3500"]), (["--path", "/g*"], ["/give/5000", "/gzip"]),
					  (["--grep", "the same again"], ["/gzip"]), (["--grep", "X-Number: /events"], ["/events"])):
			self.assertEqual([row["path"] for row in self.json("tls", "requests", *filters)], expected, filters)
		self.assertEqual(self.query("tls", "requests", "--host", "other.test", check=False).returncode, 1)

	def check_raw(self, server, rows):
		for row, connection in zip(rows, server.connections):
			for direction, side in (("sent", connection.received), ("received", connection.sent)):
				done = self.query("tls", "show", str(row["id"]), "--raw", direction)
				self.assertEqual(done.stdout, bytes(side.data), (row["id"], direction))

	def check_shown(self, rows):
		first, second = (self.query("tls", "show", str(row["id"])).stdout.decode() for row in rows)
		for text in ("GET /give/5000", "503", "the same again and again", '"number": 3', "in two pieces", "in one piece"):
			self.assertIn(text, first)
		for text in ("first words", "FIRST WORDS", "x" * 300, "X" * 300):
			self.assertIn(text, second.replace("\n", "").replace(" " * 8, ""))
		self.assertNotIn("\x1b", first)

	def test_http2(self):
		server = tls.h2_server(self)
		urls = [word for i in range(3) for word in ("-o", self.path("got"), f"{server.url}/give/{1000 * i}")]
		recording = self.record("/usr/bin/curl", "-sSf", "--http2", "--insecure", "--resolve", server.resolve, "-d", "posted", *urls, options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		server.settle()
		found = self.json("tls", "requests")
		self.assertEqual([(row["method"], row["path"], row["status"], row["request_bytes"], row["response_bytes"]) for row in found],
				 [("POST", f"/give/{1000 * i}", 200, len("posted"), 1000 * i) for i in range(3)])
		self.assertEqual({row["host"] for row in found}, {f"{tls.HOST}:{server.port}"})

	def test_timeline_and_libraries(self):
		server, recording, rows = self.talk()
		kinds = [row["kind"] for row in self.json("timeline")]
		self.assertEqual((kinds.count("tls_connect"), kinds.count("tls_close")), (2, 2))
		self.assertGreater(kinds.count("tls_sent"), 5)
		self.assertGreater(kinds.count("tls_received"), 5)
		library, = [row for row in self.json("tls", "libraries") if row["attached"]]
		self.assertEqual(library["implementation"], "openssl")
		self.assertIn(os.path.realpath(library["path"]), {os.path.realpath(row["path"]) for row in tls.libraries(recording.session)})
		self.assertEqual(self.json("tls", "show", str(rows[0]["id"]))[0]["method"], "GET")
		self.assertEqual(len(server.connections), 2)

	def test_nothing_was_asked_for(self):
		"""That nothing was to be recorded is no answer that nothing was."""
		self.record("/bin/true", options=["--quiet", "--tls", "none"])
		for command in (["tls"], ["tls", "requests"], ["tls", "libraries"]):
			done = self.query(*command, check=False)
			self.assertEqual((done.returncode, "--tls none" in done.stderr.decode()), (1, True), done.stderr)
		self.record("/bin/true", options=["--quiet", "--tls", "metadata"])
		for command, said in ((["tls"], False), (["tls", "requests"], True)):
			done = self.query(*command, check=False)
			self.assertEqual((done.returncode, "--tls metadata" in done.stderr.decode()), (1, said), done.stderr)
