/* SPDX-License-Identifier: Apache-2.0 */
/* What tokens are made of: encodings, signatures, files, commands. The servers are in pytest. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/object.h"
#include "login/assertion.h"
#include "login/aws_credentials.h"
#include "login/base64.h"
#include "login/command.h"
#include "login/crypto.h"
#include "login/login.h"
#include "login/sigv4.h"
#include "login/token.h"

/* ---- base64url: RFC 4648, 10, without padding ---- */

Test(login, base64_both_ways)
{
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg"},
		{"fo", "Zm8"},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff", "-_8"},
	};
	size_t len;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		char *text = base64_encode(pairs[i][0], strlen(pairs[i][0]));
		char *bytes = base64_decode(slice_of(pairs[i][1]), &len);

		cr_expect_str_eq(text, pairs[i][1]);
		cr_assert_not_null(bytes);
		cr_expect_eq(len, strlen(pairs[i][0]));
		cr_expect_str_eq(bytes, pairs[i][0]);
		free(text);
		free(bytes);
	}
	cr_expect_null(base64_decode(slice_of("Zg=="), &len));
	cr_expect_null(base64_decode((struct slice){"Z\0", 2}, &len));
}

/* ---- tokens ---- */

#define NOW_MS 1700000000000

static struct token read_good(const char *claims)
{
	char *encoded = base64_encode(claims, strlen(claims)), text[512], why[128] = "";
	struct token token;

	snprintf(text, sizeof text, " eyJhbGciOiJub25lIn0.%s.sig\n", encoded);
	free(encoded);
	cr_assert_eq(token_read(slice_of(text), NOW_MS, 5000, &token, why, sizeof why), 0, "%s",
		     why);
	return token;
}

Test(login, a_jwt_says_until_when_and_whose_it_is)
{
	struct token token = read_good("{\"sub\":\"me\",\"exp\":1700000100,\"aud\":[\"a\",\"b\"]}");

	cr_expect_eq(token.expires_ms, 1700000100000);
	cr_expect_str_eq(token.principal, "me");
	cr_expect_eq(token.text[0], 'e');
	cr_expect_eq(token.text[strlen(token.text) - 1], 'g');
	token_deinit(&token);
	token = read_good("{\"iss\":\"x\"}");
	cr_expect_eq(token.expires_ms, NOW_MS + 5000);
	cr_expect_str_eq(token.principal, "waybill");
	token_deinit(&token);
	token_deinit(&token);
}

static void expect_bad(const char *text, size_t len, const char *reason)
{
	char why[128];
	struct token token;

	cr_expect_eq(token_read((struct slice){text, len}, NOW_MS, 5000, &token, why, sizeof why),
		     TOKEN_E_INVALID);
	cr_expect(strstr(why, reason), "%s", why);
}

Test(login, what_is_no_token)
{
	/* {"exp":1699999999} */
	static const char expired[] = "e30.eyJleHAiOjE2OTk5OTk5OTl9.x";

	expect_bad(" \n", 2, "empty");
	expect_bad("two words", 9, "at 4");
	expect_bad("nul\0", 4, "at 4");
	expect_bad(expired, strlen(expired), "expired, 1 s ago");
}

Test(login, extensions_are_pairs)
{
	struct token token = {0};
	char why[128];

	cr_assert_eq(
		token_extend(&token, "logicalCluster=lkc-1,identityPoolId=pool=x", why, sizeof why),
		0);
	cr_assert_eq(token.n_extensions, 4);
	cr_expect_str_eq(token.extensions[1], "lkc-1");
	cr_expect_str_eq(token.extensions[3], "pool=x");
	cr_expect_eq(token_extend(&token, "=x", why, sizeof why), TOKEN_E_INVALID);
	token_deinit(&token);
}

/* ---- signatures of AWS ---- */

/* "Authenticating Requests: Using Query Parameters", the example of the documentation of S3. */
Test(login, sigv4_of_the_documentation)
{
	struct sigv4 request = {
		.id = "AKIAIOSFODNN7EXAMPLE",
		.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		.region = "us-east-1",
		.service = "s3",
		.host = "examplebucket.s3.amazonaws.com",
		.path = "/test.txt",
		.content_hash = "UNSIGNED-PAYLOAD",
		.time_s = 1369353600,
		.valid_s = 86400,
	};
	char *url;

	cr_assert_eq(sigv4_presign(&request, &url), 0);
	cr_expect_str_eq(
		url,
		"https://examplebucket.s3.amazonaws.com/test.txt"
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256"
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature="
		"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	free(url);
}

/* ---- assertions ---- */

/* Made by openssl when the test runs: no key lies about. */
static char *make_key(const char *options)
{
	char command[256], *pem = calloc(1, 8192);
	FILE *pipe;

	snprintf(command, sizeof command, "openssl genpkey %s 2>/dev/null", options);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	cr_assert_gt(fread(pem, 1, 8191, pipe), 100);
	cr_assert_eq(pclose(pipe), 0);
	return pem;
}

static void expect_claims(const char *text)
{
	const char *first = strchr(text, '.') + 1, *second = strchr(first, '.');
	struct object *claims;
	char why[128], *json;
	size_t len;

	json = base64_decode((struct slice){first, (size_t)(second - first)}, &len);
	cr_assert_eq(object_read((struct slice){json, len}, &claims, why, sizeof why), 0, "%s",
		     json);
	cr_expect_str_eq(object_text(claims, "iss"), "me \"quoted\"");
	cr_expect_str_eq(object_text(claims, "aud"), "https://idp");
	cr_expect_null(object_text(claims, "sub"));
	cr_expect_eq(object_number(claims, "exp", 0), 1300);
	cr_expect_eq(object_number(claims, "nbf", 0), 940);
	cr_expect_eq(strlen(object_text(claims, "jti")), 22);
	object_free(claims);
	free(json);
}

Test(login, assertions_are_signed)
{
	char *rsa = make_key("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
	char *elliptic = make_key("-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
	struct assertion a = {.algorithm = "RS256",
			      .key = rsa,
			      .issuer = "me \"quoted\"",
			      .audience = "https://idp",
			      .valid_s = 300,
			      .early_s = 60,
			      .with_id = true};
	char why[128], *text;

	cr_assert_eq(assertion_make(&a, 1000, &text, why, sizeof why), 0);
	expect_claims(text);
	/* 256 bytes of a key of 2048 bits, and 64 of P-256. */
	cr_expect_eq(strlen(strrchr(text, '.') + 1), 342);
	free(text);
	a.algorithm = "ES256";
	cr_expect_eq(assertion_make(&a, 1000, &text, why, sizeof why), ASSERTION_E_INVALID);
	cr_expect(strstr(why, "not one for ES256"));
	a.key = elliptic;
	cr_assert_eq(assertion_make(&a, 1000, &text, why, sizeof why), 0);
	expect_claims(text);
	cr_expect_eq(strlen(strrchr(text, '.') + 1), 86);
	free(text);
	a.key = "no key";
	cr_expect_eq(assertion_make(&a, 1000, &text, why, sizeof why), ASSERTION_E_INVALID);
	free(rsa);
	free(elliptic);
}

/* ---- commands ---- */

static int run(const char *script, int timeout_ms, char **ret_text, char *why, size_t len)
{
	char *const argv[] = {"/bin/sh", "-c", (char *)script, NULL};

	return command_run(argv, timeout_ms, ret_text, why, len);
}

Test(login, a_command_prints_a_token)
{
	char why[256], *text;

	cr_assert_eq(run("printf abc; echo noise >&2", 20000, &text, why, sizeof why), 0);
	cr_expect_str_eq(text, "abc");
	free(text);
	cr_expect_eq(run("echo first >&2; echo second >&2; exit 3", 20000, &text, why, sizeof why),
		     COMMAND_E_FAILED);
	cr_expect_str_eq(why, "exit status 3: first");
	cr_expect_eq(run("kill -9 $$", 20000, &text, why, sizeof why), COMMAND_E_FAILED);
	cr_expect_str_eq(why, "was ended by signal 9");
	cr_expect_eq(run("head -c 70000 /dev/zero", 20000, &text, why, sizeof why),
		     COMMAND_E_FAILED);
	cr_expect_str_eq(why, "printed more than 65536 bytes");
}

Test(login, a_command_that_is_not_there)
{
	char *const argv[] = {"/no/such/command", NULL};
	char why[256], *text;

	cr_expect_eq(command_run(argv, 1000, &text, why, sizeof why), COMMAND_E_FAILED);
	cr_expect(strstr(why, "No such file"), "%s", why);
}

/* What it started keeps the pipe open, and ends with it. */
Test(login, a_command_that_does_not_end)
{
	char why[256], *text;

	cr_expect_eq(run("sleep 1000 & wait", 300, &text, why, sizeof why), COMMAND_E_FAILED);
	cr_expect_str_eq(why, "did not end within 0 s, and was killed");
	cr_expect_eq(run("exec >&- 2>&-; sleep 1000", 300, &text, why, sizeof why),
		     COMMAND_E_FAILED);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
}

/* The library's threads have all signals blocked; a program does not expect that. */
Test(login, a_command_has_the_usual_signals)
{
	char why[256], *text;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	cr_assert_eq(run("grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l", 20000, &text,
			 why, sizeof why),
		     0);
	cr_expect(strstr(text, "SigBlk:\t0000000000000000\n"), "%s", text);
	free(text);
}

/* ---- credentials ---- */

Test(login, credentials_of_a_profile)
{
	static const char text[] = "# a comment\n[default]\naws_access_key_id = A\n"
				   "aws_secret_access_key=B=\n\n[ other ]\r\n"
				   "aws_access_key_id=C\r\naws_secret_access_key = D\r\n"
				   "aws_session_token=E\n[empty]\naws_access_key_id=\n";
	struct aws_credentials c;

	cr_assert_eq(aws_credentials_read(slice_of(text), "default", &c), 0);
	cr_expect_str_eq(c.id, "A");
	cr_expect_str_eq(c.secret, "B=");
	cr_expect_null(c.session);
	aws_credentials_deinit(&c);
	cr_assert_eq(aws_credentials_read(slice_of(text), "other", &c), 0);
	cr_expect_str_eq(c.secret, "D");
	cr_expect_str_eq(c.session, "E");
	aws_credentials_deinit(&c);
	cr_expect_eq(aws_credentials_read(slice_of(text), "empty", &c), AWS_E_NONE);
	cr_expect_eq(aws_credentials_read(slice_of(text), "none", &c), AWS_E_NONE);
}

/* The token of a container goes to it alone. */
Test(login, credentials_are_asked_for_nearby_only)
{
	struct aws_credentials c;
	char why[256];

	setenv("HOME", "/nonexistent", 1);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/x", 1);
	cr_expect_eq(aws_credentials_find(NULL, NULL, "eu-west-1", 1000, &c, why, sizeof why),
		     AWS_E_NONE);
	cr_expect(strstr(why, "neither https"), "%s", why);
}

/* ---- settings ---- */

static int make(const struct login_setting *settings, size_t n, char *why, struct login **ret)
{
	*ret = NULL;
	return login_new(settings, n, why, 256, ret);
}

Test(login, settings_that_do_not_go_together)
{
	struct login_setting two[] = {{"oauth.token.file", "/t"}, {"oauth.token.command", "/c"}};
	struct login_setting relative[] = {{"oauth.token.file", "t"}};
	struct login_setting method[] = {{"sasl.oauthbearer.method", "magic"}};
	struct login_setting oidc[] = {{"sasl.oauthbearer.method", "oidc"},
				       {"sasl.oauthbearer.token.endpoint.url", "https://x"}};
	struct login *login;
	char why[256];

	cr_expect_eq(make(two, 2, why, &login), LOGIN_E_INVALID);
	cr_expect(strstr(why, "give one of them"));
	cr_expect_eq(make(relative, 1, why, &login), LOGIN_E_INVALID);
	cr_expect_eq(make(method, 1, why, &login), LOGIN_E_INVALID);
	cr_expect_eq(make(oidc, 2, why, &login), LOGIN_E_INVALID);
	cr_expect(strstr(why, "client_id"));
	cr_expect_eq(make(oidc, 0, why, &login), 0);
	cr_expect_null(login);
}

Test(login, a_token_from_a_file_is_read_each_time)
{
	char path[] = "/tmp/login.XXXXXX", why[256];
	struct login_setting setting = {"oauth.token.file", path};
	struct login *login;
	struct token token;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(make(&setting, 1, why, &login), 0);
	cr_expect_eq(login_token(login, &token, why, sizeof why), LOGIN_E_FAILED);
	cr_expect(strstr(why, path) && strstr(why, "is empty"), "%s", why);
	cr_assert_eq(write(fd, "first", 5), 5);
	cr_assert_eq(login_token(login, &token, why, sizeof why), 0);
	cr_expect_str_eq(token.text, "first");
	token_deinit(&token);
	unlink(path);
	cr_expect_eq(login_token(login, &token, why, sizeof why), LOGIN_E_FAILED);
	close(fd);
	login_unref(login);
}

/* ---- how long they are good ---- */

#define HOUR_MS 3600000

Test(login, a_token_is_told_when_a_tenth_of_its_life_is_left)
{
	struct life life = {.begins_ms = NOW_MS, .expires_ms = NOW_MS + HOUR_MS};
	const int64_t tenth_ms = HOUR_MS / 10, long_ms = 14 * 24 * (int64_t)HOUR_MS;

	/* Whoever renews has not done it by four fifths, perhaps. */
	cr_expect(!life_ends_soon(&life, NOW_MS + HOUR_MS * 4 / 5, long_ms));
	cr_expect(!life_ends_soon(&life, life.expires_ms - tenth_ms - 1, long_ms));
	cr_expect(life_ends_soon(&life, life.expires_ms - tenth_ms, long_ms));
	cr_expect(life_ends_soon(&life, life.expires_ms - 1, long_ms));
	/* Then it is told by who cannot log in. */
	cr_expect(!life_ends_soon(&life, life.expires_ms, long_ms));
	/* Of a very long life not weeks before, and where nothing is to be told never. */
	cr_expect(!life_ends_soon(&life, life.expires_ms - 60000, 60000));
	cr_expect(life_ends_soon(&life, life.expires_ms - 59999, 60000));
	cr_expect(!life_ends_soon(&life, life.expires_ms - 1, 0));
	life.expires_ms = 0;
	cr_expect(!life_ends_soon(&life, NOW_MS, long_ms));
}

Test(login, what_is_left_of_a_life)
{
	static const struct {
		int64_t s;
		const char *words;
	} cases[] = {{1, "1 s"},        {119, "119 s"},    {120, "2 min"},
		     {7199, "119 min"}, {7200, "2 hours"}, {172800, "2 days"}};
	struct life life = {.expires_ms = NOW_MS};
	char text[LIFE_LEFT_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(life_print_left(&life, NOW_MS - cases[i].s * 1000, text),
				 cases[i].words);
}

Test(login, what_is_known_of_the_last_token)
{
	struct token token = {.expires_ms = NOW_MS + HOUR_MS, .dated = true};
	struct lives lives;
	struct life life;

	lives_init(&lives);
	lives_note(&lives, &token, NOW_MS);
	lives_note_trouble(&lives, "no ticket");
	lives_last(&lives, &life);
	cr_expect_eq(life.expires_ms, NOW_MS + HOUR_MS);
	cr_expect_str_eq(life.trouble, "no ticket");
	/* The same again, which does not say when it began: it is no younger for that. */
	lives_note(&lives, &token, NOW_MS + HOUR_MS / 2);
	lives_last(&lives, &life);
	cr_expect_eq(life.begins_ms, NOW_MS);
	cr_expect_str_eq(life.trouble, "");
	/* Another, which was issued before it came. */
	token.expires_ms += HOUR_MS;
	token.begins_ms = NOW_MS + 1000;
	lives_note(&lives, &token, NOW_MS + HOUR_MS);
	lives_last(&lives, &life);
	cr_expect_eq(life.begins_ms, NOW_MS + 1000);
	/* The clock of who issued it is ahead. */
	token.expires_ms++;
	token.begins_ms = NOW_MS + 2 * HOUR_MS;
	lives_note(&lives, &token, NOW_MS + HOUR_MS);
	lives_last(&lives, &life);
	cr_expect_eq(life.begins_ms, NOW_MS + HOUR_MS);
	/* One that says nothing ends when we guess, which nobody is told. */
	token.dated = false;
	lives_note(&lives, &token, NOW_MS + HOUR_MS);
	lives_last(&lives, &life);
	cr_expect_eq(life.expires_ms, 0);
	lives_deinit(&lives);
}

/* Criterion's processes have the test's file for themselves. */
static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

Test(login, a_login_knows_how_long_its_token_is_good)
{
	char path[] = "/tmp/login.XXXXXX", why[256], claims[64], text[256];
	struct login_setting setting = {"oauth.token.file", path};
	int64_t now_s = clock_real_ms() / 1000;
	struct login *login;
	struct token token;
	struct life life;
	char *encoded;

	close(mkstemp(path));
	cr_assert_eq(make(&setting, 1, why, &login), 0);
	cr_expect_str_eq(login_setting(login), "oauth.token.file");
	login_life(login, &life);
	cr_expect_eq(life.expires_ms, 0);
	snprintf(claims, sizeof claims, "{\"iat\":%lld,\"exp\":%lld}", (long long)now_s - 50,
		 (long long)now_s + 600);
	encoded = base64_encode(claims, strlen(claims));
	snprintf(text, sizeof text, "eyJhbGciOiJub25lIn0.%s.sig", encoded);
	free(encoded);
	put(path, text);
	cr_assert_eq(login_token(login, &token, why, sizeof why), 0);
	token_deinit(&token);
	login_life(login, &life);
	cr_expect_eq(life.begins_ms, (now_s - 50) * 1000);
	cr_expect_eq(life.expires_ms, (now_s + 600) * 1000);
	put(path, "");
	cr_expect_eq(login_token(login, &token, why, sizeof why), LOGIN_E_FAILED);
	login_life(login, &life);
	cr_expect_eq(life.expires_ms, (now_s + 600) * 1000, "it is still the one in use");
	cr_expect(strstr(life.trouble, path) && strstr(life.trouble, "is empty"), "%s",
		  life.trouble);
	unlink(path);
	login_unref(login);
}

/* ---- certificates ---- */

Test(login, the_first_of_the_certificates_that_expires)
{
	char *pem = calloc(1, 16384), name[64];
	FILE *pipe = popen("for days in 20 10; do openssl req -x509 -newkey ec -pkeyopt "
			   "ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=of-$days "
			   "-days $days 2>/dev/null; done",
			   "r");
	int64_t expires_s = 0, now_s = clock_real_ms() / 1000;

	cr_assert_gt(fread(pem, 1, 16383, pipe), 100);
	cr_assert_eq(pclose(pipe), 0);
	cr_assert_eq(crypto_expiry(slice_of(pem), false, &expires_s, name, sizeof name), 0);
	cr_expect_str_eq(name, "CN = of-10");
	cr_expect(expires_s > now_s + 9 * 86400 && expires_s < now_s + 11 * 86400);
	cr_expect_eq(crypto_expiry(slice_of("none"), false, &expires_s, name, sizeof name),
		     CRYPTO_E_INVALID);
	free(pem);
}
