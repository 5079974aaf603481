/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers, schemes and token shapes that are known. A shape is what its vendor documents, or what a secret searcher's
 * published rules (GitHub secret scanning, gitleaks) demand; where both are silent about the length, a short minimum.
 */
#include "shapes.h"

const struct aa_header_rule aa_headers[] = {
	{ "authorization", AA_HEADER_SCHEME },	     /* RFC 9110, 11.6.2 */
	{ "proxy-authorization", AA_HEADER_SCHEME }, /* 11.7.2 */
	{ "cookie", AA_HEADER_COOKIE },		     /* RFC 6265 */
	{ "set-cookie", AA_HEADER_SET_COOKIE },
	{ "cookie2", AA_HEADER_COOKIE }, /* RFC 2965 */
	{ "set-cookie2", AA_HEADER_SET_COOKIE },
	{ "x-api-key", AA_HEADER_WHOLE }, /* Anthropic, AWS API Gateway */
	{ "api-key", AA_HEADER_WHOLE },	  /* Azure OpenAI, Qdrant, New Relic */
	{ "apikey", AA_HEADER_WHOLE },	  /* Supabase */
	{ "x-apikey", AA_HEADER_WHOLE },
	{ "x-goog-api-key", AA_HEADER_WHOLE }, /* Gemini */
	{ "x-goog-iam-authorization-token", AA_HEADER_WHOLE },
	{ "anthropic-api-key", AA_HEADER_WHOLE },
	{ "ocp-apim-subscription-key", AA_HEADER_WHOLE }, /* Azure API Management */
	{ "x-functions-key", AA_HEADER_WHOLE },		  /* Azure Functions */
	{ "x-ms-authorization-auxiliary", AA_HEADER_WHOLE },
	{ "x-amz-security-token", AA_HEADER_WHOLE }, /* AWS Signature 4 */
	{ "x-aws-ec2-metadata-token", AA_HEADER_WHOLE },
	{ "x-auth-token", AA_HEADER_WHOLE }, /* OpenStack */
	{ "x-subject-token", AA_HEADER_WHOLE },
	{ "x-auth-key", AA_HEADER_WHOLE }, /* Cloudflare */
	{ "x-access-token", AA_HEADER_WHOLE },
	{ "x-session-token", AA_HEADER_WHOLE },
	{ "x-csrf-token", AA_HEADER_WHOLE },
	{ "x-xsrf-token", AA_HEADER_WHOLE },
	{ "x-csrftoken", AA_HEADER_WHOLE },
	{ "x-gitlab-token", AA_HEADER_WHOLE },
	{ "private-token", AA_HEADER_WHOLE }, /* GitLab */
	{ "job-token", AA_HEADER_WHOLE },
	{ "x-vault-token", AA_HEADER_WHOLE },	       /* HashiCorp Vault */
	{ "x-consul-token", AA_HEADER_WHOLE },	       /* HashiCorp Consul */
	{ "x-nomad-token", AA_HEADER_WHOLE },	       /* HashiCorp Nomad */
	{ "x-figma-token", AA_HEADER_WHOLE },	       /* Figma */
	{ "x-shopify-access-token", AA_HEADER_WHOLE }, /* Shopify */
	{ "x-subscription-token", AA_HEADER_WHOLE },   /* Brave Search */
	{ "dd-api-key", AA_HEADER_WHOLE },	       /* Datadog */
	{ "dd-application-key", AA_HEADER_WHOLE },
	{ "x-algolia-api-key", AA_HEADER_WHOLE },
	{ "xi-api-key", AA_HEADER_WHOLE }, /* ElevenLabs */
	{ "x-rapidapi-key", AA_HEADER_WHOLE },
	{ "x-parse-rest-api-key", AA_HEADER_WHOLE },
	{ "access_token", AA_HEADER_FIELD }, /* RFC 6749, 5.1, as is the next */
	{ "refresh_token", AA_HEADER_FIELD },
	{ "client_secret", AA_HEADER_FIELD },	/* RFC 6749, 2.3.1; RFC 7591 */
	{ "id_token", AA_HEADER_FIELD },	/* OpenID Connect Core 1.0, 3.1.3.3 */
	{ "secretaccesskey", AA_HEADER_FIELD }, /* AWS STS and SSO, as is the next */
	{ "sessiontoken", AA_HEADER_FIELD },
	{ "aws_secret_access_key", AA_HEADER_FIELD },
	{ "aws_session_token", AA_HEADER_FIELD },
};
const size_t aa_header_count = sizeof(aa_headers) / sizeof(aa_headers[0]);

/* IANA's registry of authentication schemes, and those of GitHub, Discord, Splunk, Azure, AWS. */
const char *const aa_schemes[] = {
	"Basic",
	"Bearer",
	"Digest",
	"Negotiate",
	"NTLM",
	"Token",
	"DPoP",
	"GNAP",
	"HOBA",
	"Hawk",
	"Mutual",
	"OAuth",
	"vapid",
	"PrivateToken",
	"Bot",
	"ApiKey",
	"Key",
	"Splunk",
	"SharedKey",
	"Concealed",
	"SCRAM-SHA-1",
	"SCRAM-SHA-256",
	"AWS4-HMAC-SHA256",
	"GoogleLogin",
	NULL,
};

#define PEM(label) \
	{ \
		.what = "token: private key", .prefix = "-----BEGIN " label "-----", .charset = AA_CHAR_PEM, \
		.min = 40, .apart = true, .form = AA_FORM_PEM \
	}

const struct aa_shape aa_shapes[] = {
	/* Anthropic: sk-ant-api03-, sk-ant-oat01-, sk-ant-ort01-, sk-ant-admin01- ... */
	{ "token: anthropic", "sk-ant-", AA_CHAR_WORD, .min = 16 },
	/* OpenAI: project, service account and admin keys; the first ones were sk- and 48 alphanumerics. Many compatible
	 * services (DeepSeek, Moonshot) give sk- and 32 and more. */
	{ "token: openai", "sk-proj-", AA_CHAR_WORD, .min = 16 },
	{ "token: openai", "sk-svcacct-", AA_CHAR_WORD, .min = 16 },
	{ "token: openai", "sk-admin-", AA_CHAR_WORD, .min = 16, .digit = true },
	{ "token: openai", "sk-None-", AA_CHAR_WORD, .min = 16 },
	{ "token: openrouter", "sk-or-v1-", AA_CHAR_WORD, .min = 16 },
	{ "token: langfuse", "sk-lf-", AA_CHAR_WORD, .min = 16, .digit = true },
	{ "token: openai", "sk-", AA_CHAR_WORD, .run = 20, .min = 20, .digit = true },
	/* GitHub: docs.github.com, "GitHub's token formats": 36 base62 behind the prefix. */
	{ "token: github", "ghp_", AA_CHAR_WORD, .run = 20, .min = 30 },
	{ "token: github", "gho_", AA_CHAR_WORD, .run = 20, .min = 30 },
	{ "token: github", "ghu_", AA_CHAR_WORD, .run = 20, .min = 30 },
	{ "token: github", "ghs_", AA_CHAR_DOTS, .run = 20, .min = 30 },
	{ "token: github", "ghr_", AA_CHAR_WORD, .run = 20, .min = 30 },
	{ "token: github", "github_pat_", AA_CHAR_WORD, .min = 22 },
	/* GitLab: docs.gitlab.com, "Token prefixes". */
	{ "token: gitlab", "glpat-", AA_CHAR_DOTS, .min = 20 },
	{ "token: gitlab", "gldt-", AA_CHAR_WORD, .min = 20 },
	{ "token: gitlab", "glrt-", AA_CHAR_DOTS, .min = 20 },
	{ "token: gitlab", "glptt-", AA_CHAR_WORD, .min = 20 },
	{ "token: gitlab", "glcbt-", AA_CHAR_WORD, .min = 20 },
	{ "token: gitlab", "gloas-", AA_CHAR_WORD, .min = 20 },
	{ "token: gitlab", "glsoat-", AA_CHAR_WORD, .min = 20 },
	/* Slack: api.slack.com, "Token types". */
	{ "token: slack", "xoxb-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxp-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxa-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxr-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxs-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxc-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxd-", AA_CHAR_BASE, .min = 16 },
	{ "token: slack", "xoxe-", AA_CHAR_WORD, .min = 16 },
	{ "token: slack", "xoxe.", AA_CHAR_DOTS, .min = 16 },
	{ "token: slack", "xapp-", AA_CHAR_WORD, .min = 16 },
	/* AWS: IAM user guide, "unique ID prefixes": 20 characters in all. */
	{ "token: aws", "AKIA", AA_CHAR_UPPER, .min = 16, .max = 16 },
	{ "token: aws", "ASIA", AA_CHAR_UPPER, .min = 16, .max = 16 },
	/* Google: API keys have 39 characters; OAuth 2 access tokens; client secrets. */
	{ "token: google", "AIza", AA_CHAR_WORD, .min = 35 },
	{ "token: google", "ya29.", AA_CHAR_DOTS, .min = 20 },
	{ "token: google", "GOCSPX-", AA_CHAR_WORD, .min = 24 },
	{ "token: hugging face", "hf_", AA_CHAR_ALNUM, .min = 30 },
	{ "token: npm", "npm_", AA_CHAR_ALNUM, .min = 36 },
	{ "token: pypi", "pypi-", AA_CHAR_WORD, .min = 32 },
	{ "token: rubygems", "rubygems_", AA_CHAR_ALNUM, .min = 32 },
	{ "token: crates.io", "cio", AA_CHAR_ALNUM, .min = 32, .max = 32, .digit = true },
	/* Stripe: docs.stripe.com, "API keys". */
	{ "token: stripe", "sk_live_", AA_CHAR_ALNUM, .min = 16 },
	{ "token: stripe", "sk_test_", AA_CHAR_ALNUM, .min = 16 },
	{ "token: stripe", "rk_live_", AA_CHAR_ALNUM, .min = 16 },
	{ "token: stripe", "rk_test_", AA_CHAR_ALNUM, .min = 16 },
	{ "token: stripe", "whsec_", AA_CHAR_BASE, .min = 24 },
	{ "token: sendgrid", "SG.", AA_CHAR_DOTS, .min = 50, .digit = true },
	{ "token: digitalocean", "dop_v1_", AA_CHAR_ALNUM, .min = 32 },
	{ "token: digitalocean", "doo_v1_", AA_CHAR_ALNUM, .min = 32 },
	{ "token: digitalocean", "dor_v1_", AA_CHAR_ALNUM, .min = 32 },
	{ "token: vault", "hvs.", AA_CHAR_WORD, .min = 24 },
	{ "token: groq", "gsk_", AA_CHAR_ALNUM, .min = 40 },
	{ "token: xai", "xai-", AA_CHAR_ALNUM, .min = 60 },
	{ "token: perplexity", "pplx-", AA_CHAR_ALNUM, .min = 40 },
	{ "token: replicate", "r8_", AA_CHAR_ALNUM, .min = 36 },
	{ "token: databricks", "dapi", AA_CHAR_ALNUM, .min = 32, .digit = true },
	{ "token: linear", "lin_api_", AA_CHAR_ALNUM, .min = 32 },
	{ "token: docker", "dckr_pat_", AA_CHAR_WORD, .min = 20 },
	{ "token: tailscale", "tskey-", AA_CHAR_WORD, .min = 16 },
	{ "token: notion", "ntn_", AA_CHAR_ALNUM, .min = 40 },
	{ "token: supabase", "sbp_", AA_CHAR_ALNUM, .min = 40 },
	{ "token: grafana", "glsa_", AA_CHAR_WORD, .min = 32 },
	{ "token: postman", "PMAK-", AA_CHAR_WORD, .min = 40 },
	/* RFC 6750, wherever it stands: in a program's text, in a log. */
	{ "token: bearer", "Bearer ", AA_CHAR_BASE, .min = 20, .digit = true, .apart = true },
	{ "token: bearer", "bearer ", AA_CHAR_BASE, .min = 20, .digit = true, .apart = true },
	/* RFC 7519: base64url of {" begins with eyJ. */
	{ "token: jwt", "eyJ", AA_CHAR_DOTS, .min = 24, .form = AA_FORM_JWT },
	/* RFC 7468, OpenSSH's PROTOCOL.key, RFC 9580 */
	PEM("PRIVATE KEY"),
	PEM("RSA PRIVATE KEY"),
	PEM("EC PRIVATE KEY"),
	PEM("DSA PRIVATE KEY"),
	PEM("ENCRYPTED PRIVATE KEY"),
	PEM("OPENSSH PRIVATE KEY"),
	PEM("PGP PRIVATE KEY BLOCK"),
};
const size_t aa_shape_count = sizeof(aa_shapes) / sizeof(aa_shapes[0]);

/* scheme://user:password@host, RFC 3986, 3.2.1 */
const struct aa_shape aa_shape_url = { "url password", "",	   AA_CHAR_USER,
				       .min = 1,       .max = 256, .form = AA_FORM_URL };

#define LOWER (AA_CHAR_ALNUM | AA_CHAR_WORD | AA_CHAR_DOTS | AA_CHAR_BASE | AA_CHAR_PEM | AA_CHAR_USER)
#define UPPER (LOWER | AA_CHAR_UPPER)
#define JOINS (AA_CHAR_WORD | AA_CHAR_DOTS | AA_CHAR_BASE | AA_CHAR_USER)

static const uint8_t chars[256] = {
	/* clang-format off */
	['A'] = UPPER, ['B'] = UPPER, ['C'] = UPPER, ['D'] = UPPER, ['E'] = UPPER, ['F'] = UPPER,
	['G'] = UPPER, ['H'] = UPPER, ['I'] = UPPER, ['J'] = UPPER, ['K'] = UPPER, ['L'] = UPPER,
	['M'] = UPPER, ['N'] = UPPER, ['O'] = UPPER, ['P'] = UPPER, ['Q'] = UPPER, ['R'] = UPPER,
	['S'] = UPPER, ['T'] = UPPER, ['U'] = UPPER, ['V'] = UPPER, ['W'] = UPPER, ['X'] = UPPER,
	['Y'] = UPPER, ['Z'] = UPPER, ['0'] = UPPER, ['1'] = UPPER, ['2'] = UPPER, ['3'] = UPPER,
	['4'] = UPPER, ['5'] = UPPER, ['6'] = UPPER, ['7'] = UPPER, ['8'] = UPPER, ['9'] = UPPER,
	['a'] = LOWER, ['b'] = LOWER, ['c'] = LOWER, ['d'] = LOWER, ['e'] = LOWER, ['f'] = LOWER,
	['g'] = LOWER, ['h'] = LOWER, ['i'] = LOWER, ['j'] = LOWER, ['k'] = LOWER, ['l'] = LOWER,
	['m'] = LOWER, ['n'] = LOWER, ['o'] = LOWER, ['p'] = LOWER, ['q'] = LOWER, ['r'] = LOWER,
	['s'] = LOWER, ['t'] = LOWER, ['u'] = LOWER, ['v'] = LOWER, ['w'] = LOWER, ['x'] = LOWER,
	['y'] = LOWER, ['z'] = LOWER,
	['_'] = JOINS,
	['.'] = AA_CHAR_DOTS | AA_CHAR_BASE | AA_CHAR_USER | AA_CHAR_PEM,
	['~'] = AA_CHAR_BASE | AA_CHAR_USER,
	['+'] = AA_CHAR_BASE | AA_CHAR_USER | AA_CHAR_PEM | AA_CHAR_LEAD,
	['/'] = AA_CHAR_BASE | AA_CHAR_PEM,
	['='] = AA_CHAR_BASE | AA_CHAR_PEM | AA_CHAR_USER,
	[' '] = AA_CHAR_PEM | AA_CHAR_LEAD,
	['\t'] = AA_CHAR_PEM | AA_CHAR_LEAD,
	['\r'] = AA_CHAR_PEM,
	['\n'] = AA_CHAR_PEM,
	['\\'] = AA_CHAR_PEM,
	[':'] = AA_CHAR_PEM | AA_CHAR_USER,
	[','] = AA_CHAR_PEM | AA_CHAR_USER,
	['-'] = JOINS | AA_CHAR_LEAD | AA_CHAR_PEM,
	['>'] = AA_CHAR_LEAD, ['<'] = AA_CHAR_LEAD, ['|'] = AA_CHAR_LEAD, ['#'] = AA_CHAR_LEAD,
	['!'] = AA_CHAR_USER, ['$'] = AA_CHAR_USER, ['&'] = AA_CHAR_USER, ['%'] = AA_CHAR_USER,
	['('] = AA_CHAR_USER, [')'] = AA_CHAR_USER, ['*'] = AA_CHAR_USER | AA_CHAR_LEAD, [';'] = AA_CHAR_USER,
	['^'] = AA_CHAR_USER,
	/* clang-format on */
};
const uint8_t *const aa_chars = chars;
