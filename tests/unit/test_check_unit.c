/* SPDX-License-Identifier: Apache-2.0 */
/* The command by which check runs within a unit, made of what systemctl show prints. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check/unit.h"

#define START                                                                                    \
	"ExecStart={ path=/usr/sbin/waybill ; argv[]=/usr/sbin/waybill run --config "            \
	"/etc/waybill/b/waybill.conf --state-dir /var/lib/waybill/b ; ignore_errors=no ; pid=7 " \
	"}\n"

static char line[8192];

/* All words behind each other, each in brackets. */
static const char *command_of(const struct check_unit_order *order, const char *shown)
{
	char **argv;

	cr_assert_eq(check_unit_command(order, shown, &argv), 0);
	line[0] = '\0';
	for (char **word = argv; *word; word++)
		sprintf(line + strlen(line), "[%s]", *word);
	check_unit_free(argv);
	return line;
}

static void assert_has(const char *words)
{
	cr_assert(strstr(line, words), "%s in %s", words, line);
}

Test(check_unit, the_units_program_configuration_and_state)
{
	const char *const strict[] = {"--strict", "--quiet", NULL};
	struct check_unit_order order = {.unit = "waybill@b.service", .options = strict};

	command_of(&order, "User=waybill\n" START);
	cr_assert_eq(strncmp(line, "[systemd-run][--quiet][--wait][--pipe][--collect]", 49), 0,
		     "%s", line);
	assert_has("[--property=User=waybill]");
	assert_has("[--setenv=WAYBILL_CHECK_UNIT=waybill@b.service]");
	assert_has("[--][/usr/sbin/waybill][check][--config=/etc/waybill/b/waybill.conf]"
		   "[--state-dir=/var/lib/waybill/b][--strict][--quiet]");
	order.config = "/x.conf";
	order.state_dir = "/s";
	command_of(&order, START);
	assert_has("[check][--config=/x.conf][--state-dir=/s]");
}

Test(check_unit, what_decides_what_is_seen)
{
	struct check_unit_order order = {.unit = "waybill.service"};

	command_of(&order,
		   "Restart=on-failure\nPrivateTmp=yes\nProtectHome=tmpfs\nPrivateUsers=no\n"
		   "CapabilityBoundingSet=\nAmbientCapabilities=\n"
		   "RestrictAddressFamilies=~\nEnvironment=A=1 \"B=2 3\"\n"
		   "EnvironmentFiles=/etc/a (ignore_errors=no)\n"
		   "EnvironmentFiles=/etc/b (ignore_errors=yes)\n"
		   "StateDirectory=waybill waybill/b\nLoadCredential=k:/a\nLoadCredential=l:/b\n"
		   "StateDirectoryMode=0750\n" START);
	assert_has("[--property=PrivateTmp=yes]");
	assert_has("[--property=CapabilityBoundingSet=]");
	assert_has("[--property=Environment=A=1 \"B=2 3\"]");
	assert_has("[--property=EnvironmentFile=/etc/a][--property=EnvironmentFile=-/etc/b]");
	assert_has("[--property=LoadCredential=k:/a][--property=LoadCredential=l:/b]");
	/* A check makes no directory. */
	assert_has("[--property=ReadWritePaths=-/var/lib/waybill]"
		   "[--property=ReadWritePaths=-/var/lib/waybill/b]");
	assert_has(
		"[--setenv=WAYBILL_CHECK_UNIT=waybill.service ProtectHome=tmpfs PrivateTmp=yes]");
	cr_assert_not(strstr(line, "Restart="), "%s", line);
	cr_assert_not(strstr(line, "StateDirectory="), "%s", line);
	cr_assert_not(strstr(line, "AmbientCapabilities"), "%s", line);
	cr_assert_not(strstr(line, "AddressFamilies"), "%s", line);
}

Test(check_unit, a_unit_that_is_none_of_ours)
{
	static const char *const rows[] = {
		"",
		"User=root\nLoadState=not-found\n",
		"ExecStart={ path=/bin/true ; argv[]=/bin/true ; ignore_errors=no }\n",
		"ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c x ; ignore_errors=no }\n",
		"ExecStart=",
		"ExecStart={ argv[]=",
		"ExecStart={ argv[]=x run --config",
	};
	struct check_unit_order order = {.unit = "waybill.service"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char **argv = NULL;
		int r = check_unit_command(&order, rows[i], &argv);

		cr_expect_eq(r, i + 1 < ARRAY_LEN(rows) ? CHECK_UNIT_E_NONE : 0, "%s", rows[i]);
		check_unit_free(argv);
	}
}

Test(check_unit, names)
{
	static const char *const bad[] = {"", "-x", "a b", "/etc/x", "a\n"};
	char unit[256], long_name[400];

	cr_assert(check_unit_name("waybill@b", unit));
	cr_expect_str_eq(unit, "waybill@b.service");
	cr_assert(check_unit_name("waybill.service", unit));
	cr_expect_str_eq(unit, "waybill.service");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(check_unit_name(bad[i], unit), "%s", bad[i]);
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	cr_expect_not(check_unit_name(long_name, unit));
}

Test(check_unit, what_the_inner_check_knows)
{
	cr_expect_null(check_unit_inside());
	cr_expect_not(check_unit_has("PrivateTmp=yes"));
	setenv("WAYBILL_CHECK_UNIT", "waybill.service PrivateTmp=yes ProtectHome=yes", 1);
	cr_expect(check_unit_has("PrivateTmp=yes"));
	cr_expect(check_unit_has("ProtectHome=yes"));
	cr_expect_not(check_unit_has("ProtectHome=y"));
	cr_expect_not(check_unit_has("Tmp=yes"));
	cr_expect_not(check_unit_has("waybill.service"));
}
