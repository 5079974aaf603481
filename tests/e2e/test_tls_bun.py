# SPDX-License-Identifier: Apache-2.0
"""BoringSSL without symbols, as in single-file executables made with Bun. Needs one: AA_BUN=/path/to/bun, for example from
`npm pack @oven/bun-linux-x64`; it is too large to be part of the repository, and tests download nothing."""

import os

import aa
import tls

SCRIPT = """
const [port, certificate, ...sizes] = process.argv.slice(2);
async function talk(sizes) {
	for (const size of sizes) {
		const answer = await fetch(`https://localhost:${port}/give/${size}`, {method: 'POST', body: Buffer.alloc(Number(size), 'bun'),
			tls: {ca: await Bun.file(certificate).text()}});
		if ((await answer.arrayBuffer()).byteLength != size) throw size;
	}
}
await Promise.all([talk(sizes.filter((_, i) => i % 2)), talk(sizes.filter((_, i) => i % 2 == 0))]);
"""


class Bun(aa.Case):
	def test_fetch(self):
		program = os.environ.get("AA_BUN", "")
		if not program:
			self.skipTest("AA_BUN names no bun executable")
		server = tls.Server(self)
		script = self.path("script.js")
		with open(script, "w", encoding="ascii") as file:
			file.write(SCRIPT)
		recording = self.record(program, "run", script, str(server.port), server.certificate, *map(str, tls.SIZES), options=["--quiet"])
		tls.check_all(self, recording, server, "boringssl", sni="localhost")
		library, = [row for row in tls.libraries(recording.session) if row["path"] == os.path.realpath(program)]
		self.assertEqual((library["how"], library["attached"]), ("xref", 1))
