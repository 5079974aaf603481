# SPDX-License-Identifier: Apache-2.0
"""What is seen of TLS on sockets alone, without a library: every way that bytes go into a socket and out of it."""

import re
import sys

import aa
import tls

# Over connections with itself: prints "WAY CLIENT_PORT SERVER_PORT SENT RECEIVED" of each. The hello is RFC 8446's, for nobody.
PROGRAM = r"""
import os, socket
BODY = bytes([1, 0, 0, 41, 3, 3]) + bytes(range(1, 33)) + bytes([0, 0, 2, 0x13, 1, 1, 0])
HELLO = bytes([22, 3, 1, 0, len(BODY)]) + BODY

def pieces(sock):
	sock.send(HELLO[:5]); sock.send(HELLO[5:])

def header_first(sock):
	return sock.recv(5) + sock.recv(100)

def proxied(sock):
	for _ in range(5):
		sock.send(b"CONNECT example:443 HTTP/1.1\r\n\r\n")
	sock.sendall(HELLO)

def behind_proxied(sock):
	for _ in range(5):
		sock.recv(32, socket.MSG_WAITALL)
	return sock.recv(100)

WAYS = {
	"write": (lambda s: os.write(s.fileno(), HELLO), lambda s: os.read(s.fileno(), 100)),
	"writev": (lambda s: os.writev(s.fileno(), [HELLO]), lambda s: os.readv(s.fileno(), [bytearray(100)])),
	"writev-empty-first": (lambda s: os.writev(s.fileno(), [b"", HELLO]), lambda s: os.read(s.fileno(), 100)),
	"send": (lambda s: s.send(HELLO), lambda s: s.recv(100)),
	"sendmsg": (lambda s: s.sendmsg([HELLO]), lambda s: s.recvmsg(100)),
	"recv-into": (lambda s: s.sendall(HELLO), lambda s: s.recv_into(bytearray(100))),
	"pieces": (pieces, header_first),
	"peek": (lambda s: s.send(HELLO), lambda s: (s.recv(100, socket.MSG_PEEK), s.recv(100))),
	"proxied": (proxied, behind_proxied),
}
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
	try:
		listener = socket.create_server((host, 0), family=family)
	except OSError:
		continue
	for name, (send, receive) in WAYS.items():
		client = socket.create_connection(listener.getsockname()[:2])
		server, _ = listener.accept()
		send(client)
		receive(server)
		server.sendall(b"x" * 1000)
		left = 1000
		while left:
			left -= len(client.recv(left))
		extra = 5 * 32 if name == "proxied" else 0
		print(name, host, client.getsockname()[1], server.getsockname()[1], len(HELLO) + extra, 1000, flush=True)
		client.close()
		server.close()
# Nothing of these is TLS.
one, other = socket.socketpair()
one.send(HELLO)
other.recv(100)
with open(os.environ["AA_FILE"], "wb") as file:
	file.write(HELLO)
read, write = os.pipe()
os.write(write, HELLO)
"""
LINE = re.compile(r"(\S+) (\S+) (\d+) (\d+) (\d+) (\d+)")


class Sockets(aa.Case):
	def test_every_way_of_a_hello(self):
		"""Both ends of each connection are rows, with the addresses, and the bytes as TCP has carried them."""
		recording = self.record(sys.executable, "-S", "-c", PROGRAM, env={"AA_FILE": self.path("hello")}, options=["--quiet"])
		self.assertEqual(recording.status, 0, recording.err)
		ways = [LINE.fullmatch(line).groups() for line in recording.out.decode().splitlines()]
		self.assertGreaterEqual(len(ways), 9, "loopback")
		expected = []
		for _, host, client, server, sent, received in ways:
			expected.append(("client", host, int(client), host, int(server), int(sent), int(received)))
			expected.append(("server", host, int(server), host, int(client), int(received), int(sent)))
		rows = tls.connections(recording.session)
		found = [(row["role"], row["local_address"], row["local_port"], row["peer_address"], row["peer_port"],
			  row["wire_sent_bytes"], row["wire_received_bytes"]) for row in rows]
		self.assertEqual(sorted(found), sorted(expected))
		self.assertEqual({(row["transport"], row["plaintext"], row["implementation"]) for row in rows}, {("tcp", "no", None)})
		self.assert_complete(recording.session)

