# SPDX-License-Identifier: Apache-2.0
"""Secrets never reach the disk: not in the database, its WAL, its journal or any output; unless one asks for it."""

import base64
import hashlib
import hmac
import os
import sys
import zlib

import aa
import hpack
import tls

# What no rule knows by its shape, only by the header that carries it.
SECRET = "Zq8vK1xWm3TfRb7YpLc0dHj5sGnUe2Ai"
OTHER = "Xw4mN6tBv9QzLk2RyPf8cJh1aDsGe3Uo"
# What is known by its shape, wherever it is.
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
WINDOW = 10  # so many bytes of a secret in a row are a leak

# Sends the pieces of a file, each with a call of its own; then reads the answers; then waits to be let go.
CLIENT = """
import os, socket, ssl, sys, time
port, certificate, path, answers, go = sys.argv[1:]
with open(path, "rb") as file:
	pieces = file.read().split(b"|CUT|")
context = ssl.create_default_context(cafile=certificate)
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="tls.test") as stream:
	for piece in pieces:
		stream.sendall(piece)
	got = b""
	while got.count(b"HTTP/1.1") < int(answers):
		got += stream.recv(65536)
	while go and not os.path.exists(go):
		time.sleep(0.02)
"""


def windows(secret):
	data = secret.encode() if isinstance(secret, str) else secret
	return [data[i:i + WINDOW] for i in range(len(data) - WINDOW + 1)]


def encodings(secret):
	"""How it may be written down."""
	data = secret.encode()
	for shift in range(3):
		# Whatever stood before it in what was encoded, without the characters that depend on it.
		coded = base64.b64encode(b"\0" * shift + data)
		yield coded[4 * (shift > 0):len(coded) // 4 * 4 - 4].decode()
	yield data.hex()
	yield data.hex().upper()
	yield secret


class Secrets(aa.Case):
	def setUp(self):
		super().setUp()
		self.certificate, _ = tls.certificate(self)

	def files(self):
		"""Everything that the recording left or keeps open, whatever its name."""
		found = {}
		for directory, _, names in os.walk(os.path.dirname(self.database)):
			for name in names:
				path = os.path.join(directory, name)
				with open(path, "rb") as file:
					found[path] = file.read()
		self.assertIn(self.database, found)
		return found

	def unpacked(self, session):
		"""All values of all tables, and what is packed in them."""
		for table in session.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
			for row in session.db.execute(f'SELECT * FROM "{table["name"]}"'):
				for name, value in zip(row.keys(), row):
					data = value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else b""
					yield f"{table['name']}.{name}", data
					if data[:1] == b"\x78":
						try:
							yield f"{table['name']}.{name}, unpacked", zlib.decompress(data)
						except zlib.error:
							continue

	def assert_nowhere(self, *secrets, recording=None, session=None):
		places = dict(self.files())
		if recording:
			places["stderr"], places["stdout"] = recording.err, recording.out
			session = recording.session
		for secret in secrets:
			forms = [window for form in encodings(secret) for window in windows(form)]
			for place, data in (*places.items(), *self.unpacked(session)):
				for form in forms:
					self.assertNotIn(form, data, f"part of a secret is in {place}")

	def talk(self, pieces, answers=1, options=(), server=None, **keywords):
		"""Sends the pieces; (recording, row, server's connection)."""
		path = self.path("pieces")
		with open(path, "wb") as file:
			file.write(b"|CUT|".join(pieces))
		server = server or tls.Server(self)
		recording = self.record(sys.executable, "-c", CLIENT, str(server.port), self.certificate, path, str(answers), "",
					options=["--quiet", *options], **keywords)
		self.assertEqual(recording.status, 0, recording.err)
		connection, = server.settle()
		self.assertIsNone(connection.error)
		self.assertEqual(len(connection.requests), answers)
		self.assertEqual(bytes(connection.received.data), b"".join(pieces))
		return recording, tls.row_of(self, recording.session, connection), connection

	def redactions(self, session, row):
		return session.rows("SELECT * FROM s0_redaction WHERE row_table = 'tls' AND row_id = ? ORDER BY id", row["id"])

	def check_replaced(self, recording, row, connection, secrets, direction="sent"):
		"""Exactly the secrets are replaced, in their place and length; and it is counted."""
		stored = tls.Stored(self, recording.session, row, direction)
		truth = bytes((connection.received if direction == "sent" else connection.sent).data)
		self.assertEqual(stored.gaps, [])
		self.assertEqual(len(stored.data), len(truth))
		marked = []
		for secret in secrets:
			at = truth.find(secret.encode())
			while at >= 0:
				marked.append((at, len(secret)))
				at = truth.find(secret.encode(), at + 1)
		expected, got = bytearray(truth), bytearray(stored.data)
		for at, length in marked:
			expected[at:at + length] = got[at:at + length] = b"?" * length
		self.assertEqual(bytes(got), bytes(expected))
		found = [item for item in self.redactions(recording.session, row) if item["direction"] == direction]
		self.assertEqual([(item["offset"], item["length"]) for item in found], sorted(marked))
		self.assertEqual({piece["marks"] for piece in stored.rows} - {None}, {"redacted"})
		return found

	def key(self, session):
		value, = session.rows("SELECT value FROM session_option WHERE session_id = ? AND name = 'redact-key'", session.id)
		return bytes.fromhex(value["value"])

	def fingerprint(self, session, secret):
		return hmac.new(self.key(session), secret.encode(), hashlib.sha256).hexdigest()[:32]

	# --- HTTP/1 -------------------------------------------------------------------------------------------

	def request(self, path="/", *headers, body=b""):
		lines = [f"POST {path} HTTP/1.1", f"Host: {tls.HOST}", f"Content-Length: {len(body)}", *headers]
		return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

	def check_cut(self, *cuts):
		"""One header, its request sent in several writes."""
		data = self.request("/", f"Authorization: Bearer {SECRET}", "X-After: plain")
		places = [data.index(cut) for cut in cuts]
		pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)])]
		recording, row, connection = self.talk(pieces)
		found = self.check_replaced(recording, row, connection, [SECRET])
		self.assertEqual([(item["what"], item["fingerprint"]) for item in found], [("authorization", self.fingerprint(recording.session, SECRET))])
		self.assertEqual((row["redactions"], row["plaintext"], row["reason"]), (1, "yes", None))
		self.assert_nowhere(SECRET, recording=recording)

	def test_in_one_write(self):
		self.check_cut()

	def test_split_in_its_value(self):
		self.check_cut(SECRET[17:].encode())

	def test_split_in_its_name(self):
		self.check_cut(b"ization: Bearer")

	def test_split_everywhere(self):
		data = self.request("/", f"Authorization: Bearer {SECRET}", f"X-Token-In-Text: {TOKEN}")
		recording, row, connection = self.talk([data[i:i + 1] for i in range(len(data))])
		self.check_replaced(recording, row, connection, [SECRET, TOKEN])
		self.assert_nowhere(SECRET, TOKEN, recording=recording)

	def test_across_two_records(self):
		"""A TLS record ends after 16,384 bytes, and so do the kernel side's pieces."""
		head = self.request("/", "X-Long: ", f"Authorization: Bearer {SECRET}", body=b"body")
		fill = 16384 - head.index(SECRET.encode()) - len(SECRET) // 2
		data = self.request("/", "X-Long: " + "x" * fill, f"Authorization: Bearer {SECRET}", body=b"body")
		at = data.index(SECRET.encode())
		self.assertTrue(at < 16384 < at + len(SECRET))
		recording, row, connection = self.talk([data])
		self.check_replaced(recording, row, connection, [SECRET])
		self.assert_nowhere(SECRET, recording=recording)

	def test_in_each_of_two_requests(self):
		headers = [f"Authorization: Bearer {SECRET}", f"Cookie: a=1234567; session={OTHER}", f"x-api-key: {OTHER}"]
		recording, row, connection = self.talk([self.request("/status/200", *headers), self.request("/status/404", *headers)], answers=2)
		found = self.check_replaced(recording, row, connection, [SECRET, OTHER, "1234567"])
		# The same secret has the same fingerprint, so that one can tell that it was used again.
		prints = [item["fingerprint"] for item in found if item["length"] == len(SECRET)]
		self.assertEqual(len(prints), 6)
		self.assertEqual(set(prints), {self.fingerprint(recording.session, SECRET), self.fingerprint(recording.session, OTHER)})
		self.assert_nowhere(SECRET, OTHER, recording=recording)

	def test_in_an_answer(self):
		recording, row, connection = self.talk([self.request(f"/cookie/{OTHER[:20]}")])
		self.assertEqual(row["redactions"], 1)
		stored = tls.Stored(self, recording.session, row, "received")
		self.assertNotIn(OTHER[:WINDOW].encode(), stored.data)
		self.assertIn(b"; Path=/; HttpOnly", stored.data)

	def test_in_a_body(self):
		body = f'{{"text": "push with {TOKEN}, please", "n": 1}}'.encode()
		recording, row, connection = self.talk([self.request("/", body=body[:30]).replace(b"Length: 30", f"Length: {len(body)}".encode()), body[30:]])
		self.check_replaced(recording, row, connection, [TOKEN])
		self.assert_nowhere(TOKEN, recording=recording)

	def test_a_header_of_ones_own(self):
		recording, row, connection = self.talk([self.request("/", f"X-Mine: {SECRET}", "X-Yours: ordinary")], options=["--redact-header", "X-Mine"])
		found = self.check_replaced(recording, row, connection, [SECRET])
		self.assertEqual([item["what"] for item in found], ["x-mine"])
		self.assert_nowhere(SECRET, recording=recording)
		self.assertEqual(recording.session.rows("SELECT value FROM session_option WHERE session_id = ? AND name = 'redact-header'",
							recording.session.id), [{"value": "X-Mine"}])

	def test_while_it_is_recorded(self):
		"""The WAL and the shared memory file, as they are in the middle of it."""
		go = self.path("go")
		path = self.path("pieces")
		data = self.request("/", f"Authorization: Bearer {SECRET}", f"Cookie: session={OTHER}", body=TOKEN.encode())
		with open(path, "wb") as file:
			file.write(data[:150] + b"|CUT|" + data[150:])
		server = tls.Server(self)
		process = self.start(sys.executable, "-c", CLIENT, str(server.port), self.certificate, path, "1", go, options=["--quiet"])

		def stored():
			try:
				session = aa.Session(self.database)
			except aa.sqlite3.Error:
				return None
			try:
				rows = tls.connections(session) if session.id else []
				return rows and rows[0]["sent_bytes"] >= len(data) and rows[0]["received_bytes"] > 0
			except aa.sqlite3.Error:
				return None
			finally:
				session.close()

		self.assertTrue(aa.wait_until(stored, 60), "it was not stored while it ran")
		self.assertIn(self.database + "-wal", self.files())
		session = aa.Session(self.database)
		self.assert_nowhere(SECRET, OTHER, TOKEN, session=session)
		session.close()
		with open(go, "wb"):
			pass
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_nowhere(SECRET, OTHER, TOKEN, recording=recording)

	# --- HTTP/2 -------------------------------------------------------------------------------------------

	def test_in_http2_headers(self):
		"""Packed with Huffman's code, and by number the second time."""
		server = tls.h2_server(self)
		headers = self.path("headers")
		with open(headers, "w", encoding="ascii") as file:
			file.write(f"Authorization: Bearer {SECRET}\nCookie: session={OTHER}\nX-Plain: ordinary\n")
		urls = [word for i in range(3) for word in ("-o", self.path("got"), f"{server.url}/give/{1000 + i}")]
		recording = self.record("/usr/bin/curl", "-sSf", "--http2", "--cacert", self.certificate, "--resolve", server.resolve, "-H", f"@{headers}", *urls,
					options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		connection, = server.settle()
		row = tls.row_of(self, recording.session, connection)
		truth = hpack.header_lists(connection.received.data)
		self.assertEqual(len(truth), 3)
		for headers in truth:
			self.assertIn((b"authorization", f"Bearer {SECRET}".encode()), headers)
		stored = tls.Stored(self, recording.session, row, "sent")
		self.assertEqual(stored.gaps, [])
		found = hpack.header_lists(stored.data)
		self.assertEqual([[name for name, _ in headers] for headers in found], [[name for name, _ in headers] for headers in truth])
		for headers, real in zip(found, truth):
			for (name, value), (_, real_value) in zip(headers, real):
				if name in (b"authorization", b"cookie"):
					self.assertEqual(len(value), len(real_value), name)
					self.assertNotEqual(value, real_value, name)
					for window in windows(SECRET) + windows(OTHER):
						self.assertNotIn(window, value)
				else:
					self.assertEqual(value, real_value, name)
		self.assertEqual((row["redactions"], row["plaintext"], row["alpn"]), (6, "yes", "h2"))
		self.assertEqual({item["fingerprint"] for item in self.redactions(recording.session, row)},
				 {self.fingerprint(recording.session, SECRET), self.fingerprint(recording.session, OTHER)})
		self.assertIn("rewritten", {mark for piece in stored.rows for mark in (piece["marks"] or "").split(",")})
		self.assert_nowhere(SECRET, OTHER, recording=recording)
		# Packed as it was sent: the same bits, wherever they begin.
		packed = bytes(connection.received.data)
		blocks = [payload for kind, _, _, payload in hpack.frames(packed) if kind == hpack.HEADERS]
		kept = b"".join(self.files().values()) + bytes(stored.data)
		longest = max(blocks, key=len)
		at = longest.find(self.huffman(f"Bearer {SECRET}"))
		self.assertGreaterEqual(at, 0)
		for i in range(at + 6, at + 6 + 16):
			self.assertNotIn(longest[i:i + WINDOW], kept)

	@staticmethod
	def huffman(text):
		"""As libnghttp2 packs the value of a header."""
		import ctypes  # pylint: disable=import-outside-toplevel

		library = hpack.Inflater().library
		state = ctypes.c_void_p()
		assert library.nghttp2_hd_deflate_new(ctypes.byref(state), ctypes.c_size_t(4096)) == 0
		name, value = ctypes.create_string_buffer(b"a"), ctypes.create_string_buffer(text.encode())
		pair = hpack.Pair(ctypes.cast(name, ctypes.POINTER(ctypes.c_uint8)), ctypes.cast(value, ctypes.POINTER(ctypes.c_uint8)), 1, len(text), 1)
		out = ctypes.create_string_buffer(4096)
		library.nghttp2_hd_deflate_hd.restype = ctypes.c_ssize_t
		size = library.nghttp2_hd_deflate_hd(state, out, ctypes.c_size_t(4096), ctypes.byref(pair), ctypes.c_size_t(1))
		library.nghttp2_hd_deflate_del(state)
		# A byte that says what follows, the name's length and the name, the value's length.
		packed = out.raw[:size]
		return packed[-(packed[3] & 0x7F):]

	# --- around -------------------------------------------------------------------------------------------

	def test_in_arguments_and_environment(self):
		server = tls.Server(self)
		recording = self.record("/usr/bin/curl", "-sS", "--cacert", self.certificate, "--resolve", server.resolve, "-H", f"Authorization: Bearer {SECRET}",
					"-u", f"somebody:{OTHER}", "-o", self.path("got"), f"{server.url}/?q=plain", options=["--quiet", "--env", "MY_SERVICE_TOKEN", "--env", "PLAIN"],
					env={"MY_SERVICE_TOKEN": TOKEN, "PLAIN": "visible"})
		self.assertEqual(recording.status, 0, recording.err)
		session = recording.session
		self.assert_nowhere(SECRET, OTHER, TOKEN, recording=recording)
		tables = {item["row_table"] for item in session.table("redaction")}
		self.assertLessEqual({"exec", "env", "session", "tls"}, tables)
		row, = session.execs(error=0)
		words = aa.arguments(row)
		self.assertEqual(len(words), row["argc"])
		self.assertTrue(words[words.index(b"-H") + 1].startswith(b"Authorization: Bearer "))
		self.assertIn(f"{server.url}/?q=plain".encode(), words)

	def test_the_key_is_another_each_time(self):
		data = self.request("/", f"Authorization: Bearer {SECRET}")
		first, _, _ = self.talk([data])
		one = self.key(first.session)
		second, _, _ = self.talk([data])
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		self.assertNotEqual(one, self.key(session))
		self.assertEqual(len(one), 32)
		self.assertEqual(second.status, 0)

	# --- if one asks for it -------------------------------------------------------------------------------

	def test_without_redaction(self):
		data = self.request("/", f"Authorization: Bearer {SECRET}", body=TOKEN.encode())
		recording, row, connection = self.talk([data], options=["--no-redact"])
		session = recording.session
		self.assertEqual(bytes(tls.Stored(self, session, row, "sent").data), data)
		self.assertEqual(row["redactions"], 0)
		self.assertEqual(session.table("redaction"), [])
		self.assertEqual(session.rows("SELECT value FROM session_option WHERE session_id = ? AND name = 'redact'", session.id), [{"value": "off"}])
		tls.check_exact(self, session, connection, "openssl")

	def test_was_this_secret_sent(self):
		data = self.request("/", f"Authorization: Bearer {SECRET}", body=TOKEN.encode())
		recording, row, _ = self.talk([data])
		self.assertEqual(recording.session.rows("SELECT value FROM session_option WHERE session_id = ? AND name = 'redact'", recording.session.id),
				 [{"value": "on"}])
		for secret, status in ((SECRET, 0), (TOKEN, 0), (OTHER, 1)):
			path = self.path("secret")
			with open(path, "w", encoding="ascii") as file:
				file.write(secret + "\n")
			with open(path, "rb") as file:
				done = self.query("tls", "--matches-secret", check=False, stdin=file)
			self.assertEqual(done.returncode, status, (secret, done.stdout, done.stderr))
			self.assertNotIn(secret[:WINDOW].encode(), done.stdout + done.stderr)
			if status == 0:
				self.assertIn(str(row["pid"]).encode(), done.stdout)
