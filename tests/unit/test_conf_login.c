/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the kafka block by which waybill fetches a token: what goes together. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/load.h"

/* value structs with arrays, as Criterion's parameters have to be */
struct login_case {
	char block[320];
	char words[160]; /* "": it is right */
};

#define OAUTH "sasl_mechanism = \"OAUTHBEARER\"; "
#define METHOD "sasl_oauthbearer_method = "
#define URL "sasl_oauthbearer_token_endpoint_url = "
#define CLIENT \
	"sasl_oauthbearer_client_id = \"a\"; sasl_oauthbearer_client_secret = \"env:WB_TEST\"; "

static struct login_case cases[] = {
	{OAUTH "oauth_token_file = \"/t\";", ""},
	{OAUTH "oauth_token_command = [ \"/c\", \"a b\" ];", ""},
	{OAUTH "oauth_token_command = \"/c\";", ""},
	{OAUTH METHOD "\"oidc\"; " URL "\"https://x\"; " CLIENT, ""},
	{OAUTH METHOD "\"oidc\"; " URL "\"http://127.0.0.1/\"; " CLIENT, ""},
	{OAUTH METHOD "\"aws_msk_iam\";", ""},
	{OAUTH "enable_sasl_oauthbearer_unsecure_jwt = true;", ""},
	{OAUTH, "needs a token: set oauth_token_file"},
	{OAUTH METHOD "\"default\";", "needs a token"},
	{OAUTH METHOD "\"magic\";", "must be \"default\", \"oidc\" or \"aws_msk_iam\""},
	{OAUTH "oauth_token_file = \"t\";", "needs an absolute path"},
	{OAUTH "oauth_token_command = [ \"c\" ];", "needs an absolute path"},
	{OAUTH "oauth_token_command = ( { a = 1; } );", "must be a string"},
	{OAUTH "oauth_token_file = \"/t\"; " METHOD "\"oidc\";", "give one of them"},
	{OAUTH METHOD "\"oidc\"; " CLIENT, "token_endpoint_url must be given"},
	{OAUTH METHOD "\"oidc\"; " URL "\"https://x\";", "client_secret are needed"},
	{OAUTH METHOD "\"oidc\"; " URL "\"http://x.example\"; " CLIENT, "whoever listens"},
	{OAUTH METHOD "\"oidc\"; " URL "\"https://x\"; sasl_oauthbearer_client_id = \"a\"; "
		      "sasl_oauthbearer_client_secret = \"env:WB_NOT_THERE\"; ",
	 "WB_NOT_THERE is not set"},
	{OAUTH METHOD "\"oidc\"; " URL
		      "\"https://x\"; sasl_oauthbearer_grant_type = \"password\"; ",
	 "grant_type must be"},
	{OAUTH METHOD "\"oidc\"; " URL "\"https://x\"; sasl_oauthbearer_grant_type = "
		      "\"urn:ietf:params:oauth:grant-type:jwt-bearer\"; ",
	 "_private_key_pem or _file is needed"},
	{"oauth_token_file = \"/t\";", "a token is for sasl_mechanism = \"OAUTHBEARER\" only"},
	{"sasl_mechanism = \"AWS_MSK_IAM\";", "is what Java calls it"},
};

ParameterizedTestParameters(conf_login, settings)
{
	return cr_make_param_array(struct login_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct login_case *c, conf_login, settings)
{
	char path[] = "/tmp/conf-login.XXXXXX", *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);
	struct conf *conf = NULL;
	int fd = mkstemp(path);

	setenv("WB_TEST", "secret", 1);
	cr_assert_geq(fd, 0);
	dprintf(fd,
		"kafka: { bootstrap_servers = \"a:1\"; security_protocol = \"sasl_ssl\"; %s };\n",
		c->block);
	close(fd);
	(void)!conf_load(path, out, &conf);
	fclose(out);
	unlink(path);
	if (*c->words)
		cr_expect(strstr(said, c->words), "%s\n%s", c->block, said);
	else
		cr_expect(conf && !strstr(said, "kafka"), "%s\n%s", c->block, said);
	cr_expect(!strstr(said, "\"secret\""), "%s", said);
	conf_unref(conf);
	free(said);
}
