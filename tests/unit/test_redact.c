/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in streams of text: each header and shape, cut at every byte; and that what is no secret stays. */
#include "redact_test.h"

#include <errno.h>

#define SECRET "Zq8fK2mVw7Lr3XcY9tBn5HsD1gJpQ4aE"
#define UPPERS "Q7ZK2MVW4LR3XCY6"
#define JWT    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." SECRET
#define PEM    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" SECRET

/* A secret between two texts that stay as they are. prefix belongs to it, and need not be replaced. */
struct sample {
	const char *before, *prefix, *secret, *after;
	const char *what;
	bool apart; /* its fingerprint is without the prefix */
};

#define HEADER(before, secret, after, what) \
	{ \
		before, "", secret, after, what, false \
	}
#define TOKEN(prefix, secret, what) \
	{ \
		"a=", prefix, secret, ", b", what, false \
	}

static const struct sample samples[] = {
	/* HTTP/1 */
	HEADER("GET / HTTP/1.1\r\nAuthorization: Bearer ", SECRET, "\r\nAccept: */*\r\n\r\n",
	       "authorization"),
	HEADER("authorization:", SECRET, "\r\n", "authorization"),
	HEADER("AUTHORIZATION: Token  ", SECRET, "  \r\n", "authorization"),
	HEADER("Authorization: ", "Bearing " SECRET, "\r\n", "authorization"),
	HEADER("Authorization: Digest ", "username=\"a\", response=\"" SECRET "\"", "\r\nx: y\r\n",
	       "authorization"),
	HEADER("Authorization:\r\n Bearer ", SECRET, "\r\n\r\n", "authorization"),
	HEADER("Proxy-Authorization: Basic ", SECRET "==", "\n", "proxy-authorization"),
	HEADER("Cookie: ", SECRET, "\r\n", "cookie"),
	HEADER("Set-Cookie: ", SECRET, "; Path=/\r\n", "set-cookie"),
	HEADER("Cookie: session=", SECRET, "; =\r\n", "cookie"),
	HEADER("Set-Cookie: id=", SECRET "=", "; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly\r\n",
	       "set-cookie"),
	HEADER("X-Api-Key: ", SECRET " \\ " SECRET, "\r\n", "x-api-key"),
	HEADER("x-goog-api-key:\t", SECRET, "\r\n", "x-goog-api-key"),
	HEADER("X-Custom-Secret: ", SECRET, "\r\n", "x-custom-secret"),
	HEADER("Foo: bar\r\nX-Forwarded-Authorization: Basic ", SECRET, "\r\nBar: x\r\n", "authorization"),
	/* logs */
	HEADER("* Connected\n> Authorization: Bearer ", SECRET, "\n> Accept: */*\n", "authorization"),
	HEADER("12:00 INFO sends Authorization: Bearer ", SECRET, "\nnext", "authorization"),
	/* JSON, at several depths */
	HEADER("{\"headers\":{\"Authorization\":\"Bearer ", SECRET, "\",\"b\":1}}", "authorization"),
	HEADER("{\"x-api-key\" : \"", SECRET, "\"}", "x-api-key"),
	HEADER("{\"Cookie\":[\"a=", SECRET, "\"],\"c\":2}", "cookie"),
	HEADER("{\"name\": \"Authorization\", \"value\": \"Bearer ", SECRET, "\"},{\"name\"",
	       "authorization"),
	HEADER("{\"t\":\"{\\\"Authorization\\\":\\\"Bearer ", SECRET, "\\\",\\\"d\\\":1}\"}",
	       "authorization"),
	HEADER("{\"t\":\"> Authorization: Bearer ", SECRET, "\\r\\n> Accept: x\"}", "authorization"),
	HEADER("{\"t\":\"x\\nAuthorization: Bearer ", SECRET, "\"}", "authorization"),
	HEADER("{\"t\":\"{\\\"u\\\":\\\"\\\\nX-Api-Key: ", SECRET, "\\\\nA: b\\\"}\"}", "x-api-key"),
	HEADER("{\"c\":\"curl -H 'Authorization: Bearer ", SECRET, "' https://x\"}", "authorization"),
	HEADER("{\"c\":\"curl -H \\\"Authorization: Bearer ", SECRET, "\\\" https://x\"}", "authorization"),
	HEADER("headers = {'Authorization': f'Bearer ", SECRET, "'}", "authorization"),
	HEADER("{Authorization:`Bearer ", SECRET, "`,a:1}", "authorization"),
	HEADER("h[\"X-Api-Key\"] = \"", SECRET, "\";", "x-api-key"),
	/* members of JSON that are secrets by their name */
	HEADER("{\"access_token\":\"", SECRET, "\",\"expires_in\":3600}", "access_token"),
	HEADER("{\"SecretAccessKey\": \"", SECRET, "\"}", "secretaccesskey"),
	HEADER("{\"t\":\"{\\\"refresh_token\\\":\\\"", SECRET, "\\\",\\\"d\\\":1}\"}", "refresh_token"),
	/* shapes */
	TOKEN("sk-ant-", "api03-" SECRET "-AA", "token: anthropic"),
	TOKEN("sk-proj-", SECRET "_x", "token: openai"),
	TOKEN("sk-", SECRET, "token: openai"),
	TOKEN("sk-or-v1-", SECRET, "token: openrouter"),
	TOKEN("ghp_", SECRET "abcd", "token: github"),
	TOKEN("gho_", SECRET "abcd", "token: github"),
	TOKEN("ghs_", SECRET "abcd", "token: github"),
	TOKEN("github_pat_", SECRET "_" SECRET, "token: github"),
	TOKEN("glpat-", SECRET, "token: gitlab"),
	TOKEN("xoxb-", "123456789012-" SECRET, "token: slack"),
	TOKEN("xapp-", "1-A0-" SECRET, "token: slack"),
	TOKEN("AKIA", UPPERS, "token: aws"),
	TOKEN("ASIA", UPPERS, "token: aws"),
	TOKEN("AIza", SECRET "-_x", "token: google"),
	TOKEN("ya29.", SECRET, "token: google"),
	TOKEN("hf_", SECRET, "token: hugging face"),
	TOKEN("npm_", SECRET "abcd", "token: npm"),
	TOKEN("pypi-", "AgEIcHlwaS5vcmc" SECRET, "token: pypi"),
	TOKEN("sk_live_", SECRET, "token: stripe"),
	TOKEN("rk_live_", SECRET, "token: stripe"),
	TOKEN("sk_test_", SECRET, "token: stripe"),
	TOKEN("SG.", "abcdefghijklmnopqrstuv." SECRET, "token: sendgrid"),
	TOKEN("dop_v1_", SECRET SECRET, "token: digitalocean"),
	TOKEN("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." SECRET, "token: jwt"),
	{ "x = \"Bearer ", "", SECRET, "\"", "token: bearer", true },
	{ "-----BEGIN PRIVATE KEY-----", "", "\n" PEM "\n" PEM "\n", "-----END PRIVATE KEY-----\n",
	  "token: private key", true },
	{ "{\"k\":\"-----BEGIN RSA PRIVATE KEY-----", "", "\\n" PEM "\\n" PEM "\\n",
	  "-----END RSA PRIVATE KEY-----\"}", "token: private key", true },
	{ "git clone https://me:", "", SECRET, "@example.org/a.git ", "url password", true },
	/* what is before a token */
	{ "{\"t\":\"A\\n", "ghp_", SECRET "abcd", "\\nB\"}", "token: github", false },
	{ "{\"t\":\"A\\\\n", "ghp_", SECRET "abcd", "\\\\nB\"}", "token: github", false },
	{ "?a%3D", "ghp_", SECRET "abcd", "%26", "token: github", false },
	{ "\\u003d", "ghp_", SECRET "abcd", "\\u0026", "token: github", false },
	{ "", "ghp_", SECRET "abcd", "", "token: github", false },
};

static char extra_header[] = "X-Custom-Secret";
static char *extra_headers[] = { extra_header, NULL };

static void check(const struct sample *sample, const struct flow *flow, const char *text, bool whole)
{
	size_t before = strlen(sample->before), prefix = strlen(sample->prefix);
	size_t secret = strlen(sample->secret), after = strlen(sample->after);
	const char *out = flow->out.data ? flow->out.data : "";
	uint8_t expected[AA_REDACT_FINGERPRINT_SIZE];
	char *known;

	assert_int_equal(flow->out.size, strlen(text));
	assert_int_equal(flow->withheld, 0);
	for (size_t i = 0; i < before;
	     i++) /* a cookie's name that was cut might have been one without a name */
		if (whole || out[i] != '*' || !sample->what || !strstr(sample->what, "cookie"))
			assert_int_equal(out[i], text[i]);
	if (whole)
		assert_memory_equal(out + before, text + before, prefix);
	assert_memory_equal(out + before + prefix + secret, sample->after, after);
	assert_false(leaks(out, flow->out.size, sample->secret, secret));
	if (!sample->what)
		return;
	assert_int_equal(flow->found.count, 1);
	assert_string_equal(flow->found.what[0], sample->what);
	assert_true(flow->found.items[0].has_fingerprint);
	known = malloc(prefix + secret + 1);
	(void)sprintf(known, "%s%s", sample->prefix, sample->secret);
	aa_redact_fingerprint(redact_key, known, prefix + secret, expected);
	free(known);
	assert_memory_equal(flow->found.items[0].fingerprint, expected, sizeof(expected));
	assert_int_equal(flow->found.items[0].offset, before);
	assert_int_equal(flow->found.items[0].length, prefix + secret);
	if (whole && after && secret >= 18)
		assert_memory_equal(out + before + prefix, "[redacted sha256:", 17);
}

/* In three pieces. */
static void cut(const struct aa_redactor *redactor, const struct sample *sample, const char *text,
		size_t first, size_t second)
{
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow flow = { 0 };

	flow_feed(connection, 0, &flow, text, first);
	flow_feed(connection, 0, &flow, text + first, second - first);
	flow_feed(connection, 0, &flow, text + second, strlen(text) - second);
	flow_end(connection, 0, &flow);
	check(sample, &flow, text, first == 0 && second == strlen(text));
	flow_release(&flow);
	aa_redact_connection_free(connection);
}

static void test_samples_at_every_cut(void **state)
{
	struct aa_redactor *redactor = new_redactor(extra_headers);

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		char text[1024];
		size_t size;

		(void)snprintf(text, sizeof(text), "%s%s%s%s", sample->before, sample->prefix, sample->secret,
			       sample->after);
		size = strlen(text);
		for (size_t second = 0; second <= size; second++)
			for (size_t first = 0; first <= second; first++)
				cut(redactor, sample, text, first, second);
	}
	aa_redactor_free(redactor);
}

/* What looked like a token is searched again for others. */
static void test_token_behind_none(void **state)
{
	static const struct sample sample = { "sk-x-", "ghp_", SECRET "abcd", ".", "token: github", false };
	struct aa_redactor *redactor = new_redactor(NULL);
	static const char text[] = "sk-x-ghp_" SECRET "abcd.";

	(void)state;
	cut(redactor, &sample, text, 0, sizeof(text) - 1);
	aa_redactor_free(redactor);
}

static void expect_same(const void *bytes, size_t size)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow flow = { 0 };

	flow_feed(connection, 0, &flow, bytes, size);
	flow_end(connection, 0, &flow);
	assert_int_equal(flow.out.size, size);
	assert_memory_equal(flow.out.data, bytes, size);
	assert_int_equal(flow.found.count, 0);
	flow_release(&flow);
	aa_redact_connection_free(connection);
	aa_redactor_free(redactor);
}

static uint64_t random_state = 88172645463325252u;

static uint8_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint8_t)(random_state >> 24);
}

/* Binary, text, and a picture in base64. */
static void test_ordinary_data_stays(void **state)
{
	static const char *const texts[] = {
		"Use the sk-learn style; risk-free task-force sk-circle-fade-dot-delay. The cookie is fine: "
		"eat it.",
		"See https://example.org:8443/a?b=c#d and http://[::1]:80/ or mailto:a@b.c ghp_short hf_x.",
		"eyJhbGciOiJIUzI1NiJ9 is the start of a token, and eyJ is shorter. AKIAQ7ZK2MVW4LR3XCY6QQ.",
		"-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END CERTIFICATE-----\n",
		"key = \"-----BEGIN PRIVATE KEY-----\" + body + \"-----END PRIVATE KEY-----\"",
		"access_token: string; refresh_token = x;\nclient_secret: none \"id_token\": string",
		"interface Headers { cookie: string; }  // authorization is elsewhere",
		"Access-Control-Allow-Headers: Authorization, Cookie, X-Api-Key\r\nVary: Cookie\r\n\r\n",
		"WWW-Authenticate: Bearer realm=\"x\"\r\nbearer of good news, Bearer "
		"token-based-authentication-scheme\n",
		"gsk_ xai- r8_ dapi SG. ya29. AIza npm_config_registry=https://registry.npmjs.org/ "
		"pypi-server\n",
	};
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static uint8_t bytes[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect_same(texts[i], strlen(texts[i]));
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next_random();
	bytes[0] = 1; /* not the beginning of HTTP/2 */
	expect_same(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)base64[next_random() % 64];
	expect_same(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 7 == 6 ? ' ' : (uint8_t)('a' + next_random() % 26);
	expect_same(bytes, sizeof(bytes));
}

/* A hole in a secret: the rest of it is replaced, and has no fingerprint. */
static void test_hole_in_a_secret(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nAuthorization: Bearer " SECRET SECRET "\r\nAccept: x\r\n";
	static const size_t begin = 16 + 22;
	struct aa_redactor *redactor = new_redactor(NULL);

	(void)state;
	for (size_t at = begin - 6; at < begin + 40; at++) {
		struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
		struct flow flow = { 0 };

		flow_feed(connection, 0, &flow, text, at);
		flow_skip(connection, 0, &flow, 10);
		flow_feed(connection, 0, &flow, text + at + 10, sizeof(text) - 1 - at - 10);
		flow_end(connection, 0, &flow);
		assert_int_equal(flow.out.size, sizeof(text) - 1 - 10);
		assert_false(leaks(flow.out.data, flow.out.size, SECRET, strlen(SECRET)));
		assert_non_null(strstr(flow.out.data, "\r\nAccept: x\r\n"));
		assert_int_equal(flow.found.count, 1);
		/* Where the hole was in the gap before the value, nobody knows that a part of it is missing. */
		if (at > begin)
			assert_false(flow.found.items[0].has_fingerprint);
		flow_release(&flow);
		aa_redact_connection_free(connection);
	}
	aa_redactor_free(redactor);
}

/* Texts of all that redaction looks at; but for keys, which may hold whatever there is. */
static size_t make_text(char *text, size_t room)
{
	static const char *const parts[] = {
		"Authorization",
		"cookie",
		"Set-Cookie",
		"x-api-key",
		":",
		": ",
		"Bearer ",
		"Basic ",
		"Tok",
		"=",
		"; ",
		"\"",
		"\\\"",
		"'",
		"\\\\",
		"\\n",
		"\\",
		"\r\n",
		"\n",
		" ",
		"  ",
		",",
		"{",
		"}",
		"[",
		"sk-",
		"sk-ant-",
		"ghp_",
		"eyJ",
		".",
		"AKIA",
		"xoxb-",
		"https://",
		"me:",
		"@",
		"/",
		"%3D",

		"-",
		SECRET,
		UPPERS,
		"Path=/",
		"8080",
		"a",
		"xyz",
		"\"value\"",
		"name",
		"> ",
		"hbGciOiJ",
		".eyJzdWIi",
		"\\u0026",
		"X-",
		"Proxy-",
		"abcdefgh12",
		"\001",
	};
	size_t size = 0;

	for (;;) {
		const char *part = parts[(size_t)(next_random() << 8 | next_random()) %
					 (sizeof(parts) / sizeof(parts[0]))];

		size_t length = strlen(part);

		if (size + length >= room)
			break;
		for (size_t i = 0; i < length; i++)
			text[size + i] = part[i];
		size += length;
	}
	return size;
}

/* What is replaced in a text that comes at once is replaced in pieces of it, too. */
static void test_random_texts_in_pieces(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
		struct flow flow = { 0 };
		char text[400], whole[400];
		size_t size = make_text(text, sizeof(text)), run = 0;
		struct found found = { 0 };

		memcpy(whole, text, size);
		assert_true(aa_redact_text(redactor, whole, size, note_found, &found) >= 0);
		for (size_t at = 0, n; at < size; at += n) {
			n = 1 + next_random() % 40;
			if (n > size - at)
				n = size - at;
			flow_feed(connection, 0, &flow, text + at, n);
		}
		flow_end(connection, 0, &flow);
		assert_int_equal(flow.out.size, size);
		for (size_t i = 0; i < size; i++) {
			bool kept = whole[i] != text[i] && flow.out.data[i] == text[i];

			/* Spaces, backslashes and dashes tell nothing; nor do five digits that might be a port. */
			run = kept && !strchr(" \\-", text[i]) ? run + 1 : 0;
			if (run > 5) {
				print_error("%.*s\n%.*s\n%.*s\n", (int)size, text, (int)size, whole,
					    (int)size, flow.out.data);
				fail_msg("byte %zu", i);
			}
		}
		flow_release(&flow);
		aa_redact_connection_free(connection);
	}
	aa_redactor_free(redactor);
}

static void test_short_secrets_have_no_fingerprint(void **state)
{
	static const char text[] = "Cookie: a=1234567; b=12345678\r\n\r\n";
	struct aa_redactor *redactor = new_redactor(NULL);
	struct found found = { 0 };
	char bytes[sizeof(text)];

	(void)state;
	memcpy(bytes, text, sizeof(text));
	assert_int_equal(aa_redact_text(redactor, bytes, sizeof(text) - 1, note_found, &found), 2);
	assert_string_equal(bytes, "Cookie: a=*******; b=********\r\n\r\n");
	assert_false(found.items[0].has_fingerprint);
	assert_true(found.items[1].has_fingerprint);
	aa_redactor_free(redactor);
}

static void test_names_that_no_header_has(void **state)
{
	static char bad[][4] = { "", "a b", "a:", "\xc3\xa4" };
	struct aa_redactor *redactor;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct aa_error error = { 0 };
		char *names[] = { bad[i], NULL };

		assert_int_equal(aa_redactor_new(redact_key, names, &redactor, &error), -EINVAL);
		assert_true(error.text[0] != '\0');
	}
}

static void add_websocket(struct aa_text_buffer *out, int first, bool masked, const char *text, size_t size)
{
	static const uint8_t mask[4] = { 0x12, 0xf4, 0x56, 0x9a };
	uint8_t header[4] = { (uint8_t)first, (uint8_t)(masked ? 0x80 | size : size) };

	assert_true(size < 126);
	aa_text_add(out, header, 2);
	if (masked)
		aa_text_add(out, mask, 4);
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(masked ? (uint8_t)text[i] ^ mask[i & 3] : (uint8_t)text[i]);

		aa_text_add(out, &byte, 1);
	}
}

/* What a client of WebSocket sends is masked; a message may come in several frames, with others between them. */
static void test_websocket(void **state)
{
	static const char token[] = "{\"t\":\"ghp_" SECRET "abcd\"}";
	static const uint8_t mask[4] = { 0x12, 0xf4, 0x56, 0x9a };
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_text_buffer request = { 0 }, frames = { 0 };
	size_t head;

	(void)state;
	aa_text_add_string(&request,
			   "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	head = request.size;
	add_websocket(&frames, 0x01, true, token, 20);
	add_websocket(&frames, 0x89, true, "ping", 4);
	add_websocket(&frames, 0x80, true, token + 20, sizeof(token) - 1 - 20);
	add_websocket(&frames, 0x81, true, token, sizeof(token) - 1);
	for (size_t at = 0; at <= frames.size; at++) {
		static const char response[] = "HTTP/1.1 101 Switching Protocols\r\nupgrade: "
					       "WebSocket\r\nConnection: Upgrade\r\n\r\n";
		struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
		struct flow sent = { 0 }, received = { 0 };
		size_t frame;

		flow_feed(connection, 0, &sent, request.data, head);
		flow_feed(connection, 1, &received, response, sizeof(response) - 1);
		flow_feed(connection, 0, &sent, frames.data, at);
		flow_feed(connection, 0, &sent, frames.data + at, frames.size - at);
		flow_end(connection, 0, &sent);
		assert_int_equal(sent.withheld, 0);
		assert_int_equal(sent.out.size, head + frames.size);
		assert_int_equal(sent.found.count, 2);
		assert_true(sent.found.items[0].has_fingerprint && sent.found.items[1].has_fingerprint);
		/* Unmasked at each phase, nothing of the secret is there. */
		for (unsigned phase = 0; phase < 4; phase++) {
			char *plain = malloc(frames.size);

			for (size_t i = 0; i < frames.size; i++)
				plain[i] = (char)(sent.out.data[head + i] ^ (char)mask[(i + phase) & 3]);
			assert_false(leaks(plain, frames.size, SECRET, strlen(SECRET)));
			free(plain);
		}
		frame = head + 6 + 20; /* the ping is as it was */
		assert_memory_equal(sent.out.data + frame, frames.data + 26, 10);
		flow_release(&sent);
		flow_release(&received);
		aa_redact_connection_free(connection);
	}
	aa_text_release(&request);
	aa_text_release(&frames);
	aa_redactor_free(redactor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_at_every_cut),
		cmocka_unit_test(test_token_behind_none),
		cmocka_unit_test(test_ordinary_data_stays),
		cmocka_unit_test(test_hole_in_a_secret),
		cmocka_unit_test(test_random_texts_in_pieces),
		cmocka_unit_test(test_short_secrets_have_no_fingerprint),
		cmocka_unit_test(test_names_that_no_header_has),
		cmocka_unit_test(test_websocket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
