# SPDX-License-Identifier: Apache-2.0
"""Connections without plaintext: who talked to whom is known all the same, and why no more."""

import socket
import ssl
import subprocess
import sys
import threading

import aa
import quic
import tls

# No TLS library is in this process: it sends what it was given.
BARE = """
import socket, sys, time
kind, port, *parts = sys.argv[1:]
stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
stream.connect(("127.0.0.1", int(port)))
for part in parts:
	stream.sendall(bytes.fromhex(part))
	time.sleep(0.05)
if kind == "tcp":
	stream.shutdown(socket.SHUT_WR)
	while stream.recv(65536):
		pass
print(stream.getsockname()[1])
"""

# A server inside of the recording.
SERVER = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.set_alpn_protocols(["mine/1"])
with socket.create_server(("127.0.0.1", 0)) as listener:
	print(listener.getsockname()[1], flush=True)
	raw, peer = listener.accept()
	with context.wrap_socket(raw, server_side=True) as stream:
		data = b""
		while len(data) < 100000:
			data += stream.recv(65536)
		stream.sendall(data[::-1])
		stream.unwrap().close()
"""


def client_hello(name=tls.HOST, alpn=("h2", "http/1.1"), quic_version=False):
	"""As OpenSSL makes it: a TLS record."""
	context = ssl.create_default_context()
	context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
	context.minimum_version = ssl.TLSVersion.TLSv1_3 if quic_version else ssl.TLSVersion.TLSv1_2
	context.set_alpn_protocols(list(alpn))
	incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
	stream = context.wrap_bio(incoming, outgoing, server_hostname=name)
	try:
		stream.do_handshake()
	except ssl.SSLWantReadError:
		pass
	return outgoing.read()


class Unseen(aa.Case):
	def setUp(self):
		super().setUp()
		self.certificate, self.key = tls.certificate(self)

	def curl(self, server, *options, words=()):
		return self.record("/usr/bin/curl", "-sS", "--cacert", self.certificate, "--resolve", server.resolve, "-o", self.path("got"), *words,
				   f"{server.url}/give/1000", options=["--quiet", *options])

	def nothing_stored(self, session):
		self.assertEqual(session.table("tls"), [])

	# --- on request ---------------------------------------------------------------------------------------

	def test_metadata_only(self):
		server = tls.Server(self, alpn=["http/1.1"])
		recording = self.curl(server, "--tls", "metadata")
		self.assertEqual(recording.status, 0, recording.err)
		connection, = server.settle()
		session = recording.session
		row = tls.row_of(self, session, connection)
		tls.check_peer(self, row, connection)
		self.assertEqual((row["plaintext"], row["reason"], row["method"], row["end_reason"]), ("no", "metadata", "hello", "socket"))
		self.assertEqual((row["sent_bytes"], row["received_bytes"]), (0, 0))
		self.assertEqual(row["alpn_offered"], "h2,http/1.1")
		tls.check_wire(self, row, connection)
		self.nothing_stored(session)
		self.assertFalse([library for library in tls.libraries(session) if library["attached"]])
		self.assert_complete(session)

	def test_nothing_at_all(self):
		server = tls.Server(self)
		recording = self.curl(server, "--tls", "none")
		self.assertEqual(recording.status, 0, recording.err)
		self.assertEqual(len(server.settle()), 1)
		self.assertEqual(tls.connections(recording.session) + tls.libraries(recording.session), [])
		self.nothing_stored(recording.session)
		self.assert_complete(recording.session)

	# --- libraries that nobody knows ----------------------------------------------------------------------

	def check_bare(self, *parts):
		server = tls.Server(self, alpn=["h2"])
		recording = self.record(sys.executable, "-S", "-c", BARE, "tcp", str(server.port), *(part.hex() for part in parts), options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		connection, = server.settle()
		row = tls.row_of(self, recording.session, connection)
		self.assertEqual((row["local_port"], row["peer_address"], row["role"]), (int(recording.out), tls.LOCAL, "client"))
		self.assertEqual((row["plaintext"], row["reason"], row["implementation"], row["method"]), ("no", "no-library", None, "hello"))
		self.assertEqual((row["sni"], row["alpn_offered"], row["version_offered"]), (tls.HOST, "h2,http/1.1", "TLSv1.3"))
		# The server answered with its hello before it saw that no more would come.
		self.assertEqual((row["version"], row["cipher"]), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"))
		self.assertEqual(row["wire_sent_bytes"], sum(map(len, parts)))
		self.assertGreater(row["wire_received_bytes"], 500)
		self.nothing_stored(recording.session)
		self.assert_complete(recording.session)

	def test_a_library_that_nobody_knows(self):
		self.check_bare(client_hello())

	def test_other_bytes_are_no_hello(self):
		with socket.create_server((tls.LOCAL, 0)) as listener:
			def serve():
				stream, _ = listener.accept()
				with stream:
					while stream.recv(65536):
						pass
			thread = threading.Thread(target=serve, daemon=True)
			thread.start()
			parts = [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03", client_hello()[1:], b"\x16\x03\x01\x00\x02\x02\x00"]
			recording = self.record(sys.executable, "-S", "-c", BARE, "tcp", str(listener.getsockname()[1]), *(part.hex() for part in parts), options=["--quiet"])
			thread.join(30)
		self.assertEqual(recording.status, 0, recording.err)
		self.assertEqual(tls.connections(recording.session), [])

	def test_a_hello_that_lies(self):
		"""Lengths that point beyond it: a row without a name, or none, and no crash."""
		hello = bytearray(client_hello())
		with socket.create_server((tls.LOCAL, 0)) as listener:
			port = listener.getsockname()[1]
			listener.settimeout(60)

			def serve():
				for _ in range(6):
					stream, _ = listener.accept()
					with stream:
						while stream.recv(65536):
							pass
			thread = threading.Thread(target=serve, daemon=True)
			thread.start()
			hellos = []
			for at, value in ((43, 0xFF), (76, 0xFF), (77, 0xFF), (len(hello) - 2, 0xFF), (6, 0xFF), (9, 0)):
				damaged = bytearray(hello)
				damaged[at] = value
				hellos.append(bytes(damaged).hex())
			script = "for hello do python3 -S -c \"$code\" tcp $port $hello; done"
			recording = self.record("/bin/sh", "-ec", script, "sh", *hellos, options=["--quiet"], env={"code": BARE, "port": str(port)})
			thread.join(30)
		self.assertEqual(recording.status, 0, recording.err)
		for row in tls.connections(recording.session):
			self.assertEqual(row["peer_port"], port)
		self.assert_complete(recording.session)

	# --- QUIC ---------------------------------------------------------------------------------------------

	def check_quic(self, version):
		hello = client_hello(name="quic." + tls.HOST, alpn=["h3"], quic_version=True)[5:]
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
			server.bind((tls.LOCAL, 0))
			port = server.getsockname()[1]
			packet = quic.initial(hello, version)
			recording = self.record(sys.executable, "-S", "-c", BARE, "udp", str(port), packet.hex(), packet[:40].hex(), options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		row, = tls.connections(recording.session)
		self.assertEqual((row["transport"], row["plaintext"], row["method"], row["role"]), ("quic", "no", "hello", "client"))
		self.assertEqual((row["sni"], row["alpn_offered"]), ("quic." + tls.HOST, "h3"))
		self.assertEqual((row["peer_address"], row["peer_port"], row["local_port"]), (tls.LOCAL, port, int(recording.out)))
		self.assertIn("quic", row["reason"].lower())
		self.assertEqual(row["wire_sent_bytes"], len(packet) + 40)

	def test_quic(self):
		self.check_quic(1)

	def test_quic_version_2(self):
		self.check_quic(2)

	# --- other sides --------------------------------------------------------------------------------------

	def test_a_handshake_that_fails(self):
		server = tls.Server(self)
		recording = self.record("/usr/bin/curl", "-sS", "--cacert", self.other_certificate(), "--resolve", server.resolve, f"{server.url}/",
					options=["--quiet"])
		self.assertEqual(recording.status, 60, recording.err)
		connection, = server.settle()
		row = tls.row_of(self, recording.session, connection)
		self.assertEqual((row["handshake"], row["sent_bytes"], row["received_bytes"], row["sni"]), ("failed", 0, 0, tls.HOST))

	def other_certificate(self):
		"""Of the same name, with another key: who knows only this one refuses the server's."""
		path = self.path("other.pem")
		subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
				f"/CN={tls.HOST}", "-keyout", self.path("other.key"), "-out", path], stderr=subprocess.DEVNULL, check=True)
		return path

	def test_tls_1_2(self):
		server = tls.Server(self, maximum=ssl.TLSVersion.TLSv1_2)
		recording = self.curl(server)
		row, = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual((row["version"], row["version_offered"]), ("TLSv1.2", "TLSv1.3"))

	def test_a_server(self):
		process = self.start(sys.executable, "-c", SERVER, self.certificate, self.key, options=["--quiet"])
		port = int(process.stdout.readline())
		context = ssl.create_default_context(cafile=self.certificate)
		context.set_alpn_protocols(["mine/1", "mine/0"])
		data = tls.payload(100000)
		with socket.create_connection((tls.LOCAL, port)) as raw:
			local = raw.getsockname()[1]
			with context.wrap_socket(raw, server_hostname=tls.HOST) as stream:
				stream.sendall(data)
				got = b""
				while len(got) < len(data):
					got += stream.recv(65536)
				stream.unwrap()
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		row, = [row for row in tls.connections(recording.session) if row["peer_port"] == local]
		self.assertEqual((row["role"], row["sni"], row["local_port"], row["plaintext"]), ("server", tls.HOST, port, "yes"))
		self.assertEqual((row["version"], row["alpn_offered"]), ("TLSv1.3", "mine/1,mine/0"))
		self.assertEqual(bytes(tls.Stored(self, recording.session, row, "received").data), data)
		self.assertEqual(bytes(tls.Stored(self, recording.session, row, "sent").data), data[::-1])
		self.assert_complete(recording.session)
