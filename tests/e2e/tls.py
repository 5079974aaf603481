# SPDX-License-Identifier: Apache-2.0
"""What tests of TLS stand on: servers that count and hash what really went through each connection, outside of the
recording, and what the database has of it.

A connection is found by its ports, never by what is to be checked. Who held the client's socket, and its inode, is
asked of /proc while it is open.
"""

import base64
import contextlib
import gzip
import hashlib
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import zlib

import aa

MIB = 1 << 20
SIZES = (1, 100, 511, 512, 513, 4096, 8192, 16383, 16384, 16385, 65536, MIB, 4 * MIB)
HOST = "tls.test"  # only ever resolved by the client's own options
LOCAL = "127.0.0.1"
PROGRAM = os.environ.get("AA_TLS_PROGRAM", "")
GO_PROGRAM = os.environ.get("AA_GO_PROGRAM", "")
KEEP = 8 * MIB  # bytes of a direction that are kept, beside their hash


def payload(size, seed=0):
	"""Bytes that do not repeat, so that whatever is swapped, doubled or missing changes the hash."""
	return hashlib.shake_256(f"{size} {seed}".encode()).digest(size)


def certificate(case):
	"""A key and a certificate of its own for each test: (certificate, key)."""
	paths = case.path("server.pem"), case.path("server.key")
	if not os.path.exists(paths[0]):
		subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
				"-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST},DNS:*.{HOST},DNS:localhost,IP:{LOCAL}",
				"-keyout", paths[1], "-out", paths[0]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
		os.chmod(paths[1], 0o644)
	return paths


def owners_of(local_port, peer_port):
	"""Inode of the client's socket, and the processes that hold it."""
	end = {f"0100007F:{local_port:04X}", f"0000000000000000FFFF00000100007F:{local_port:04X}"}
	inode = None
	for name in ("tcp", "tcp6"):
		with open(f"/proc/net/{name}", encoding="ascii") as file:
			for line in file:
				words = line.split()
				if words[1] in end and words[2].endswith(f":{peer_port:04X}"):
					inode = int(words[9])
	holders = set()
	for pid in filter(str.isdigit, os.listdir("/proc")):
		with contextlib.suppress(OSError):
			for fd in os.listdir(f"/proc/{pid}/fd"):
				with contextlib.suppress(OSError):
					if os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]":
						holders.add(int(pid))
						break
	return inode, holders


class Side:
	"""What went one way."""

	def __init__(self):
		self.bytes, self.hash, self.data = 0, hashlib.sha256(), bytearray()

	def add(self, data):
		self.bytes += len(data)
		self.hash.update(data)
		if len(self.data) + len(data) <= KEEP:
			self.data += data

	@property
	def sha256(self):
		return self.hash.hexdigest()


class Connection:
	"""A connection as the server saw it: received and sent by the server."""

	def __init__(self, server, stream, peer):
		self.server, self.stream, self.port = server, stream, peer[1]
		self.received, self.sent = Side(), Side()
		self.sni = self.alpn = self.version = self.cipher = self.inode = self.wire = None
		self.pids, self.error = set(), None
		self.requests = []
		self.buffer = b""

	def begin(self):
		self.stream.do_handshake()
		self.alpn, self.version = self.stream.selected_alpn_protocol(), self.stream.version()
		self.cipher = self.stream.cipher()[0]
		self.look()

	def look(self):
		if self.server.owners:
			self.inode, holders = owners_of(self.port, self.server.port)
			self.pids |= holders

	def receive(self, size=65536):
		try:
			data = self.stream.recv(size)
		except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError):
			data = b""
		self.received.add(data)
		return data

	def send(self, data):
		self.stream.sendall(data)
		self.sent.add(data)

	def line(self):
		while b"\n" not in self.buffer:
			data = self.receive()
			if not data:
				return b""
			self.buffer += data
		line, self.buffer = self.buffer.split(b"\n", 1)
		return line + b"\n"

	def take(self, size):
		parts = [self.buffer[:size]]
		self.buffer = self.buffer[size:]
		left = size - len(parts[0])
		while left:
			data = self.receive(min(left, 1 << 18))
			if not data:
				raise EOFError(f"{left} of {size} bytes are missing")
			parts.append(data)
			left -= len(data)
		return b"".join(parts)

	def end(self):
		"""Closes both ways, and asks TCP how many bytes went over the wire."""
		raw = socket.socket(fileno=os.dup(self.stream.fileno()))
		with contextlib.suppress(OSError, ValueError):
			self.stream.settimeout(10)
			self.stream.unwrap()
		with contextlib.suppress(OSError):
			raw.settimeout(10)
			raw.shutdown(socket.SHUT_WR)
			while raw.recv(4096):
				pass
		with raw, contextlib.suppress(OSError):
			info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
			acked, received = struct.unpack_from("QQ", info, 120)
			sent, again = struct.unpack_from("QQ", info, 200)
			self.wire = received, acked, sent - again
		with contextlib.suppress(OSError):
			self.stream.close()


class Server:
	"""A TLS server on a port of its own. It speaks, as the client begins:

	take N give M [close]   N bytes follow; answers with payload(M)
	discard                 takes whatever comes until the end
	HTTP/1.1                see http()
	h2                      (by ALPN) hands the bytes on to relay_port, which speaks HTTP/2 without TLS
	"""

	def __init__(self, case, alpn=(), relay_port=None, owners=True, maximum=None, git_root=None):
		self.case, self.relay_port, self.owners, self.git_root = case, relay_port, owners, git_root
		self.certificate, key = certificate(case)
		self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		self.context.load_cert_chain(self.certificate, key)
		self.context.sni_callback = self.named
		if alpn:
			self.context.set_alpn_protocols(list(alpn))
		if maximum:
			self.context.maximum_version = maximum
		self.connections, self.threads, self.names = [], [], {}
		self.listener = socket.create_server((LOCAL, 0), backlog=128)
		self.port = self.listener.getsockname()[1]
		self.accepting = threading.Thread(target=self.accept, daemon=True)
		self.accepting.start()
		case.addCleanup(self.close)

	def named(self, stream, name, _context):
		self.names[id(stream)] = name

	@property
	def url(self):
		return f"https://{HOST}:{self.port}"

	@property
	def resolve(self):
		return f"{HOST}:{self.port}:{LOCAL}"

	def accept(self):
		while True:
			try:
				raw, peer = self.listener.accept()
			except OSError:
				return
			raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
			raw.settimeout(aa.TIMEOUT)
			thread = threading.Thread(target=self.serve, args=(raw, peer), daemon=True)
			self.threads.append(thread)
			thread.start()

	def serve(self, raw, peer):
		stream = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
		connection = Connection(self, stream, peer)
		self.connections.append(connection)
		try:
			connection.begin()
			connection.sni = self.names.pop(id(stream), None)
			self.speak(connection)
		except (OSError, EOFError, ValueError) as error:
			connection.error = error
		connection.end()

	def speak(self, connection):
		if connection.alpn == "h2":
			return self.relay(connection, self.relay_port)
		while line := connection.line():
			words = line.split()
			if words[0] == b"take":
				connection.take(int(words[1]))
				connection.look()
				connection.send(payload(int(words[3])))
				if words[4:] == [b"close"]:
					return None
			elif words[0] == b"discard":
				while connection.receive(1 << 18):
					pass
				return None
			elif words[0] == b"CONNECT":
				while connection.line().strip():
					pass
				connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
				return self.relay(connection, int(words[1].rsplit(b":", 1)[1]))
			elif not http(connection, line):
				return None
		return None

	@staticmethod
	def relay(connection, port):
		with socket.create_connection((LOCAL, port)) as other:
			if connection.buffer:
				other.sendall(connection.buffer)
			while True:
				ready = [connection.stream] if connection.stream.pending() else \
					select.select([connection.stream, other], [], [], aa.TIMEOUT)[0]
				if not ready:
					return
				if connection.stream in ready:
					data = connection.receive()
					if not data:
						return
					other.sendall(data)
				if other in ready:
					data = other.recv(65536)
					if not data:
						return
					connection.send(data)

	def close(self):
		with contextlib.suppress(OSError):
			self.listener.shutdown(socket.SHUT_RDWR)
		self.listener.close()
		self.settle(1)

	def settle(self, seconds=60):
		"""Waits until the connections have ended; what is known of them then is whole."""
		for thread in self.threads:
			thread.join(seconds)
		return self.connections


# --- HTTP/1.1 ------------------------------------------------------------------------------------------------


def read_body(connection, headers):
	if b"100-continue" in headers.get(b"expect", b"").lower():
		connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
	if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
		body = b""
		while size := int(connection.line().split(b";")[0], 16):
			body += connection.take(size)
			connection.line()
		while connection.line().strip():
			pass
		return body
	return connection.take(int(headers.get(b"content-length", 0)))


def answer(connection, status, kind, body, *headers):
	lines = [f"HTTP/1.1 {status} Reason", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
	connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def answer_chunked(connection, kind, pieces, *headers):
	lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", "Transfer-Encoding: chunked", *headers]
	connection.send("\r\n".join(lines).encode() + b"\r\n\r\n")
	for piece in pieces:
		connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
	connection.send(b"0\r\n\r\n")


EVENTS = [f"event: message\ndata: {{\"number\": {i}}}\nid: {i}\n\n".encode() for i in range(7)]
TEXT = b'{"answer": "' + b"the same again and again " * 100 + b'"}'


def websocket(connection, headers):
	"""Answers each text message with itself in capitals until it is told to close."""
	accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
	connection.send(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
	while True:
		first, second = connection.take(2)
		length = second & 127
		if length == 126:
			length = struct.unpack(">H", connection.take(2))[0]
		mask = connection.take(4)
		data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(connection.take(length)))
		if first & 15 == 8:
			connection.send(b"\x88" + bytes([len(data)]) + data)
			return
		data = data.upper()
		connection.send(bytes([0x81, len(data)]) + data if len(data) < 126 else b"\x81\x7e" + struct.pack(">H", len(data)) + data)


def http(connection, line):
	"""Answers one request; true if another may follow."""
	method, path, _ = line.split()
	headers = {}
	while (header := connection.line()).strip():
		name, value = header.split(b":", 1)
		headers[name.strip().lower()] = value.strip()
	body = read_body(connection, headers)
	connection.requests.append((method.decode(), path.decode(), headers, body))
	connection.look()
	words = path.decode().split("?")[0].strip("/").split("/")
	if words[0] == "give":
		answer(connection, 200, "application/octet-stream", payload(int(words[1])))
	elif words[0] == "chunked":
		data = payload(int(words[1]))
		answer_chunked(connection, "application/octet-stream", [data[i:i + 1000] for i in range(0, len(data), 1000)])
	elif words[0] == "gzip":
		answer(connection, 200, "application/json", gzip.compress(TEXT), "Content-Encoding: gzip")
	elif words[0] == "events":
		answer_chunked(connection, "text/event-stream", EVENTS)
	elif words[0] == "cookie":
		answer(connection, 200, "text/plain", b"ok", *(f"Set-Cookie: session={word}; Path=/; HttpOnly" for word in words[1:]))
	elif words[0] == "socket":
		websocket(connection, headers)
		return False
	elif words[0] == "git":
		git_backend(connection, method, path, headers, body)
	else:
		answer(connection, int(words[1]) if words[0] == "status" else 200, "text/plain", b"ok\n")
	return headers.get(b"connection", b"").lower() != b"close"


def git_backend(connection, method, path, headers, body):
	name, _, query = path.decode().partition("?")
	environment = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": connection.server.git_root, "GIT_HTTP_EXPORT_ALL": "1",
		       "PATH_INFO": name.removeprefix("/git"), "QUERY_STRING": query, "REQUEST_METHOD": method.decode(),
		       "CONTENT_TYPE": headers.get(b"content-type", b"").decode(), "CONTENT_LENGTH": str(len(body)),
		       "HTTP_CONTENT_ENCODING": headers.get(b"content-encoding", b"").decode(),
		       "GIT_PROTOCOL": headers.get(b"git-protocol", b"").decode(), "REMOTE_ADDR": LOCAL, "REMOTE_USER": "somebody"}
	done = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=True)
	head, _, data = done.stdout.partition(b"\r\n\r\n")
	kind = re.search(rb"Content-Type: (.*)", head)
	status = re.search(rb"Status: (\d+)", head)
	answer(connection, int(status[1]) if status else 200, kind[1].decode().strip() if kind else "text/plain", data)


H2_SERVER = """
const server = require('http2').createServer();
server.on('stream', (stream, headers) => {
	stream.on('data', () => {});
	stream.on('end', () => {
		stream.respond({':status': 200, 'content-type': 'application/octet-stream', 'x-path': headers[':path']});
		stream.end(Buffer.alloc(Number(headers[':path'].split('/')[2] || 0), headers[':path']));
	});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


def h2_server(case, **keywords):
	"""A server that speaks HTTP/2 if it is asked to; node does, behind our TLS."""
	process = subprocess.Popen(["node", "-e", H2_SERVER], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
	case.addCleanup(case.stop, process)
	return Server(case, alpn=("h2", "http/1.1"), relay_port=int(process.stdout.readline()), **keywords)


# --- what the database has -------------------------------------------------------------------------------------


def connections(session):
	"""All rows, with the process's pid and name."""
	if not session.has("tls_connection"):
		return []
	return session.rows("SELECT c.*, p.pid FROM s0_tls_connection AS c JOIN s0_process AS p ON p.id = c.process_id ORDER BY c.id")


def libraries(session):
	return session.table("tls_library")


class Stored:
	"""A direction of a connection as it is stored: its pieces lie side by side, or the test fails."""

	def __init__(self, case, session, row, direction):
		self.data, self.gaps, self.rows, self.pieces = bytearray(), [], [], []
		self.length = 0
		if session.has("tls"):
			self.rows = session.rows("SELECT * FROM s0_tls WHERE connection_id = ? AND direction = ? ORDER BY offset, id", row["id"],
						 direction)
		for piece in self.rows:
			case.assertEqual(piece["offset"], self.length, (direction, {k: v for k, v in piece.items() if k != "data"}))
			self.length += piece["bytes"]
			if piece["gap"] is not None:
				case.assertIsNone(piece["data"])
				case.assertGreater(piece["bytes"], 0)
				self.gaps.append((piece["offset"], piece["bytes"], piece["gap"]))
				continue
			data = bytes(piece["data"])
			if piece["encoding"] is not None:
				case.assertEqual(piece["encoding"], "zlib")
				data = zlib.decompress(data)
			case.assertEqual(len(data), piece["size"])
			if "rewritten" not in (piece["marks"] or ""):
				case.assertEqual(len(data), piece["bytes"])
			self.data += data
			self.pieces.append(data)

	@property
	def sha256(self):
		return hashlib.sha256(self.data).hexdigest()

	@property
	def gap_bytes(self):
		return sum(size for _, size, _ in self.gaps)


def row_of(case, session, connection):
	"""The one row of a connection that a server saw."""
	found = [row for row in connections(session) if row["peer_port"] == connection.server.port and row["local_port"] == connection.port]
	case.assertEqual(len(found), 1, (connection.port, connection.server.port, found, connections(session)))
	return found[0]


def check_sums(case, row, direction, stored):
	case.assertEqual(row[f"{direction}_bytes"], stored.length, row)
	case.assertEqual(row[f"{direction}_gap_bytes"], stored.gap_bytes, row)


def check_peer(case, row, connection, sni=HOST):
	"""Who, whereto and how: all that the socket and the handshake tell."""
	case.assertEqual((row["local_address"], row["peer_address"], row["peer_port"]), (LOCAL, LOCAL, connection.server.port), row)
	case.assertEqual(row["role"], "client", row)
	case.assertEqual(row["transport"], "tcp", row)
	case.assertEqual((row["sni"], connection.sni), (sni, sni), row)
	case.assertEqual(row["version"], connection.version, row)
	if connection.version == "TLSv1.3":
		case.assertEqual(row["cipher"], connection.cipher, row)
	if connection.server.owners:
		case.assertIn(row["pid"], connection.pids, row)
		case.assertEqual(row["socket_inode"], connection.inode, row)
	case.assertEqual(row["netns"], aa.namespace("net"), row)


def check_wire(case, row, connection):
	"""TCP counts a FIN as a byte, and who resets the connection does not acknowledge what it got last."""
	received, acked, sent = connection.wire
	case.assertIn(row["wire_sent_bytes"], (received, received - 1), row)
	case.assertIn(row["wire_received_bytes"], range(acked - 1, sent + 1), row)


def check_exact(case, session, connection, implementation, sni=HOST):
	"""Everything that the server saw of it is in the database, byte by byte, and nothing else."""
	case.assertIsNone(connection.error)
	row = row_of(case, session, connection)
	case.assertEqual((row["plaintext"], row["reason"]), ("yes", None), row)
	case.assertEqual(row["implementation"], implementation, row)
	check_peer(case, row, connection, sni)
	case.assertEqual(row["redactions"], 0, row)
	case.assertIn(row["handshake"], ("done", None), row)
	case.assertLess(row["time_ns"], row["end_ns"], row)
	for direction, side in (("sent", connection.received), ("received", connection.sent)):
		stored = Stored(case, session, row, direction)
		case.assertEqual(stored.gaps, [], (direction, row))
		case.assertEqual((stored.length, stored.sha256), (side.bytes, side.sha256), (direction, row))
		check_sums(case, row, direction, stored)
		case.assertLessEqual(row[f"{direction}_calls"], max(side.bytes, 1), row)
		case.assertEqual({piece["process_id"] for piece in stored.rows}, {row["process_id"]} if stored.rows else set())
		times = [piece["time_ns"] for piece in stored.rows]
		case.assertEqual(times, sorted(times), direction)
	return row


def check_all(case, recording, server, implementation, count=None, sni=HOST, status=0):
	"""check_exact() of all connections of a server, and that there are no others."""
	if status is not None:
		case.assertEqual(recording.status, status, (recording.out[-2000:], recording.err[-2000:]))
	server.settle()
	if count is not None:
		case.assertEqual(len(server.connections), count)
	rows = [check_exact(case, recording.session, connection, implementation, sni) for connection in server.connections]
	others = [row for row in connections(recording.session) if row["peer_port"] == server.port]
	case.assertEqual(len(others), len(rows), others)
	case.assert_complete(recording.session)
	return rows
