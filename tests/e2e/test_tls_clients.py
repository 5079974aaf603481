# SPDX-License-Identifier: Apache-2.0
"""Programs as they are in use: what they say and hear is recorded byte by byte, with who, whereto and how."""

import os
import shutil
import subprocess
import sys

import aa
import tls
from tls import HOST, LOCAL, SIZES

# exec keeps the pid; the file's name tells the sizes apart.
PYTHON_THREADS = """
import socket, ssl, sys, threading
port, certificate, *sizes = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
def talk(sizes):
	with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="tls.test") as stream:
		for size in sizes:
			stream.sendall(f"take {size} give {size}\\n".encode())
			stream.sendall(bytes(i * 7 % 251 for i in range(997)) * (int(size) // 997) + bytes(int(size) % 997))
			left = int(size)
			while left:
				left -= len(stream.recv(left))
		stream.unwrap().close()
threads = [threading.Thread(target=talk, args=(sizes[i::2],)) for i in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""

PYTHON_ASYNC = """
import asyncio, ssl, sys
port, certificate, *sizes = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
async def talk(sizes):
	reader, writer = await asyncio.open_connection("127.0.0.1", int(port), ssl=context, server_hostname="tls.test")
	for size in sizes:
		writer.write(f"take {size} give {size}\\n".encode() + bytes(i * 3 % 251 for i in range(997)) * (int(size) // 997) + bytes(int(size) % 997))
		await writer.drain()
		await reader.readexactly(int(size))
	writer.close()
	await writer.wait_closed()
async def both():
	await asyncio.gather(talk(sizes[0::2]), talk(sizes[1::2]))
asyncio.run(both())
"""

NODE_HTTPS = """
const https = require('https'), fs = require('fs');
const [port, certificate, ...sizes] = process.argv.slice(1);
const agent = new https.Agent({keepAlive: true, ca: fs.readFileSync(certificate)});
function request(size) {
	return new Promise((resolve, reject) => {
		const options = {host: '127.0.0.1', servername: 'tls.test', port, agent, method: 'POST', path: '/give/' + size};
		const request = https.request(options, answer => {
			let got = 0;
			answer.on('data', data => got += data.length);
			answer.on('end', () => got == size ? resolve() : reject(got));
		});
		request.on('error', reject);
		request.end(Buffer.alloc(Number(size), 'node and its https'));
	});
}
(async () => { for (const size of sizes) await request(size); agent.destroy(); })();
"""

NODE_FETCH = """
const [port, ...sizes] = process.argv.slice(1);
async function talk(sizes) {
	for (const size of sizes) {
		const answer = await fetch(`https://localhost:${port}/give/${size}`, {method: 'POST', body: Buffer.alloc(Number(size), 'fetch')});
		if ((await answer.arrayBuffer()).byteLength != size) throw size;
	}
}
Promise.all([talk(sizes.filter((_, i) => i % 2)), talk(sizes.filter((_, i) => i % 2 == 0))]).then(() => process.exit(0));
"""

NODE_TLS = """
const tls = require('tls'), fs = require('fs');
const [port, certificate, ...sizes] = process.argv.slice(1);
function talk(sizes) {
	return new Promise((resolve, reject) => {
		const stream = tls.connect({host: '127.0.0.1', servername: 'tls.test', port, ca: fs.readFileSync(certificate)});
		let left = 0;
		function next() {
			if (!sizes.length) return stream.end();
			const size = left = Number(sizes.shift());
			stream.write(`take ${size} give ${size}\\n`);
			stream.write(Buffer.alloc(size, 'two at once'));
		}
		stream.on('secureConnect', next);
		stream.on('data', data => { left -= data.length; if (left == 0) next(); });
		stream.on('error', reject);
		stream.on('close', resolve);
	});
}
Promise.all([talk(sizes.filter((_, i) => i % 2)), talk(sizes.filter((_, i) => i % 2 == 0))]).catch(() => process.exit(1));
"""

NODE_HTTP2 = """
const http2 = require('http2'), fs = require('fs'), tls = require('tls');
const [port, certificate, ...sizes] = process.argv.slice(1);
const socket = tls.connect({host: '127.0.0.1', servername: 'tls.test', port, ca: fs.readFileSync(certificate), ALPNProtocols: ['h2']});
const session = http2.connect('https://tls.test', {createConnection: () => socket});
function request(size) {
	return new Promise((resolve, reject) => {
		const stream = session.request({':method': 'POST', ':path': '/give/' + size});
		let got = 0;
		stream.on('data', data => got += data.length);
		stream.on('end', () => got == size ? resolve() : reject(got));
		stream.on('error', reject);
		stream.end(Buffer.alloc(Number(size), 'h2'));
	});
}
Promise.all(sizes.map(request)).then(() => session.close(), () => process.exit(1));
"""


class Clients(aa.Case):
	def setUp(self):
		super().setUp()
		self.certificate, _ = tls.certificate(self)
		self.sizes = [str(size) for size in SIZES]

	def need(self, name):
		path = shutil.which(name)
		if not path:
			self.skipTest(f"no {name} here")
		return path

	def body(self, size):
		path = self.path(f"body.{size}")
		with open(path, "wb") as file:
			file.write(tls.payload(size, "body"))
		return path

	def shell(self, commands, **keywords):
		"""Records them, one after the other, until one fails."""
		return self.record("/bin/sh", "-ec", "\n".join(commands), options=["--quiet"], **keywords)

	def names(self, recording):
		"""Programs that had connections."""
		ids = {row["process_id"] for row in tls.connections(recording.session)}
		return {os.path.basename(row["exe"]) for row in recording.session.execs(error=0) if row["process_id"] in ids}

	# --- OpenSSL ------------------------------------------------------------------------------------------

	def test_curl(self):
		server = tls.Server(self)
		curl = self.need("curl")
		commands = [f"{curl} -sSf --cacert {self.certificate} --resolve {server.resolve} --data-binary @{self.body(size)} "
			    f"-o {self.path('got')} {server.url}/give/{size}\ncmp {self.path('got')} {self.expected(size)}" for size in SIZES]
		recording = self.shell(commands)
		rows = tls.check_all(self, recording, server, "openssl", len(SIZES))
		self.assertEqual(self.names(recording), {"curl"})
		self.assertEqual(len({row["process_id"] for row in rows}), len(SIZES))
		for row, connection in zip(rows, server.connections):
			self.assertEqual((row["method"], row["end_reason"], row["handshake"]), ("call", "freed", "done"), row)
			self.assertGreater(row["handshake_ns"], 0)
			self.assertEqual(row["alpn_offered"], "h2,http/1.1", row)
			self.assertEqual(row["version_offered"], "TLSv1.3")
			tls.check_wire(self, row, connection)

	def expected(self, size):
		path = self.path(f"expected.{size}")
		with open(path, "wb") as file:
			file.write(tls.payload(size))
		return path

	def test_one_curl_keeps_its_connection(self):
		server = tls.Server(self)
		curl = self.need("curl")
		words = []
		for size in SIZES:
			words += [f"--data-binary @{self.body(size)} -o {self.path('got')} {server.url}/give/{size} --next -sSf --cacert {self.certificate} --resolve {server.resolve}"]
		recording = self.shell([f"{curl} -sSf --cacert {self.certificate} --resolve {server.resolve} {' '.join(words)} -o {self.path('got')} {server.url}/give/0"])
		row, = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual(len(server.connections[0].requests), len(SIZES) + 1)
		self.assertEqual(self.names(recording), {"curl"})
		self.assertGreater(row["sent_calls"], len(SIZES))

	def test_openssl_s_client(self):
		server = tls.Server(self)
		openssl = self.need("openssl")
		commands = []
		for size in SIZES:
			path = self.body(size)
			with open(path, "rb") as file:
				data = file.read()
			with open(path, "wb") as file:
				file.write(f"take {size} give {size} close\n".encode() + data)
			commands.append(f"{openssl} s_client -quiet -servername {HOST} -CAfile {self.certificate} -connect {LOCAL}:{server.port} "
					f"<{path} >{self.path('got')} 2>/dev/null\ncmp {self.path('got')} {self.expected(size)}")
		recording = self.shell(commands)
		tls.check_all(self, recording, server, "openssl", len(SIZES))
		self.assertEqual(self.names(recording), {"openssl"})

	def test_python_threads(self):
		server = tls.Server(self)
		recording = self.record(sys.executable, "-c", PYTHON_THREADS, str(server.port), self.certificate, *self.sizes, options=["--quiet"])
		rows = tls.check_all(self, recording, server, "openssl", 2)
		self.assertEqual(len({row["process_id"] for row in rows}), 1)
		tids = [{piece["tid"] for piece in recording.session.rows("SELECT tid FROM s0_tls WHERE connection_id = ?", row["id"])} for row in rows]
		self.assertEqual([len(found) for found in tids], [1, 1])
		self.assertNotEqual(*tids)

	def test_python_asyncio(self):
		server = tls.Server(self)
		recording = self.record(sys.executable, "-c", PYTHON_ASYNC, str(server.port), self.certificate, *self.sizes, options=["--quiet"])
		rows = tls.check_all(self, recording, server, "openssl", 2)
		self.assertLessEqual({row["method"] for row in rows}, {"fingerprint", "client-random"})

	def test_bio(self):
		if not tls.PROGRAM:
			self.skipTest("libssl-dev is not installed")
		server = tls.Server(self)
		recording = self.record(tls.PROGRAM, "bio", str(server.port), *self.sizes, options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 1)

	def test_static_openssl(self):
		"""Statically linked and stripped of its dynamic symbols: only .symtab has them."""
		if not tls.PROGRAM:
			self.skipTest("libssl-dev is not installed")
		self.need("gcc")
		found = subprocess.run(["gcc", "-print-file-name=libssl.a"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
		if not os.path.isabs(found):
			self.skipTest("there is no libssl.a")
		sources = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "workload")
		program = self.path("static-client")
		subprocess.run(["gcc", "-D_GNU_SOURCE", "-O1", "-o", program, *(f"{sources}/tls_{name}.c" for name in ("main", "calls", "order")),
				"-Wl,-Bstatic", "-lssl", "-lcrypto", "-Wl,-Bdynamic", "-lpthread", "-ldl", "-lz"], check=True,
			       stderr=subprocess.DEVNULL)
		server = tls.Server(self)
		recording = self.record(program, "mixed", str(server.port), "1", "16385", "65536", options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 1)
		library, = [row for row in tls.libraries(recording.session) if row["attached"] and row["path"] == program]
		self.assertIn(library["how"], ("symtab", "internal"))

	# --- node ---------------------------------------------------------------------------------------------

	def test_node_https(self):
		server = tls.Server(self)
		recording = self.record(self.need("node"), "-e", NODE_HTTPS, str(server.port), self.certificate, *self.sizes, options=["--quiet"])
		rows = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual(self.names(recording), {"node"})
		self.assertLessEqual({row["method"] for row in rows}, {"fingerprint", "client-random"})

	def test_node_two_at_once(self):
		server = tls.Server(self)
		recording = self.record(self.need("node"), "-e", NODE_TLS, str(server.port), self.certificate, *self.sizes, options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 2)

	def test_node_fetch(self):
		server = tls.Server(self)
		recording = self.record(self.need("node"), "-e", NODE_FETCH, str(server.port), *self.sizes, options=["--quiet"],
					env={"NODE_EXTRA_CA_CERTS": self.certificate})
		self.assertGreaterEqual(len(server.connections), 2)
		tls.check_all(self, recording, server, "openssl", sni="localhost")

	def test_node_http2(self):
		node = self.need("node")
		server = tls.h2_server(self)
		recording = self.record(node, "-e", NODE_HTTP2, str(server.port), self.certificate, *self.sizes, options=["--quiet"])
		row, = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual((row["alpn"], row["alpn_offered"]), ("h2", "h2"))

	def test_curl_http2(self):
		curl = self.need("curl")
		self.need("node")
		server = tls.h2_server(self)
		urls = [f"-o {self.path('got')} {server.url}/give/{size}" for size in SIZES]
		recording = self.shell([f"{curl} -sSf --http2 --cacert {self.certificate} --resolve {server.resolve} -d @{self.body(10000)} {' '.join(urls)}"])
		row, = tls.check_all(self, recording, server, "openssl", 1)
		self.assertEqual(row["alpn"], "h2")

	# --- GnuTLS -------------------------------------------------------------------------------------------

	def test_wget(self):
		server = tls.Server(self)
		wget = self.need("wget")
		commands = [f"{wget} -q --ca-certificate={self.certificate} --post-file={self.body(size)} -O {self.path('got')} "
			    f"https://localhost:{server.port}/give/{size}\ncmp {self.path('got')} {self.expected(size)}" for size in SIZES]
		recording = self.shell(commands)
		tls.check_all(self, recording, server, "gnutls", len(SIZES), sni="localhost")
		self.assertEqual(self.names(recording), {"wget"})

	def test_gnutls_cli(self):
		server = tls.Server(self)
		program = self.need("gnutls-cli")
		commands = []
		for size in (1, 512, 4096):
			# It sends what it reads line by line, and text only.
			path = self.path(f"text.{size}")
			with open(path, "wb") as file:
				file.write(f"take {size} give {size} close\n".encode() + b"x" * (size - 1) + b"\n")
			commands.append(f"{program} --x509cafile={self.certificate} --sni-hostname={HOST} --verify-hostname={HOST} -p {server.port} {LOCAL} <{path} >/dev/null")
		recording = self.shell(commands)
		tls.check_all(self, recording, server, "gnutls", 3, status=None)

	def test_git(self):
		git = self.need("git")
		root = self.make_directory("repositories")
		environment = aa.clean_environment(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
						   GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b")

		def run(*words):
			subprocess.run([git, *words], check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

		work = self.path("work")
		run("init", "-q", "-b", "main", work)
		for i, size in enumerate(SIZES[:-1]):
			with open(os.path.join(work, f"file{i}"), "wb") as file:
				file.write(tls.payload(size, "git"))
			run("-C", work, "add", "-A")
			run("-C", work, "commit", "-q", "-m", f"file {i}")
		run("clone", "-q", "--bare", work, os.path.join(root, "one.git"))
		run("-C", os.path.join(root, "one.git"), "config", "http.receivepack", "true")
		server = tls.Server(self, git_root=root)
		url = f"https://localhost:{server.port}/git/one.git"
		clone = self.path("clone")
		settings = f"-c http.sslCAInfo={self.certificate} -c http.version=HTTP/1.1"
		# A variable would override the setting.
		environment["GIT_SSL_CAINFO"] = self.certificate
		recording = self.shell([f"{git} {settings} clone -q {url} {clone}", f"cd {clone}", f"head -c 200000 /dev/urandom >more", f"{git} add more",
					f"{git} commit -q -m more", f"{git} {settings} push -q origin main"], env=environment)
		linked = subprocess.run(["ldd", os.path.join(subprocess.run([git, "--exec-path"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip(),
							      "git-remote-https")], stdout=subprocess.PIPE, check=True, text=True).stdout
		tls.check_all(self, recording, server, "gnutls" if "libcurl-gnutls" in linked else "openssl", sni="localhost")
		self.assertGreaterEqual(sum(len(connection.requests) for connection in server.connections), 4)
		self.assertEqual(self.names(recording), {"git-remote-http"})

	# --- Go -----------------------------------------------------------------------------------------------

	def check_go(self, program):
		if not os.path.exists(program):
			self.skipTest("there is no Go compiler")
		server = tls.Server(self)
		recording = self.record(program, "talk", str(server.port), *self.sizes, options=["--quiet"])
		row, = tls.check_all(self, recording, server, "go", 1)
		self.assertEqual(row["method"], "object")
		library, = [row for row in tls.libraries(recording.session) if row["path"] == program]
		self.assertEqual((library["implementation"], library["attached"]), ("go", 1))

	def test_go(self):
		self.check_go(tls.GO_PROGRAM)

	def test_go_stripped(self):
		self.check_go(tls.GO_PROGRAM + "-stripped")

	def test_go_goroutines(self):
		if not tls.GO_PROGRAM:
			self.skipTest("there is no Go compiler")
		server = tls.Server(self)
		recording = self.record(tls.GO_PROGRAM, "goroutines", str(server.port), "8", "5000", options=["--quiet"])
		tls.check_all(self, recording, server, "go", 8)

	def test_go_http(self):
		if not tls.GO_PROGRAM:
			self.skipTest("there is no Go compiler")
		server = tls.Server(self)
		recording = self.record(tls.GO_PROGRAM, "http", str(server.port), *self.sizes, options=["--quiet"])
		tls.check_all(self, recording, server, "go", 1)
