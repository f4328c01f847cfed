/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The macros that people know, by what they are to match, and not by the letter of anybody's file.
 * Where the usual text lets through what is none (an hour of 29, an address of 999.1.1.1) this
 * does not. DATA and GREEDYDATA are what they are.
 */
#include <string.h>

#include "base/result.h"
#include "parsers/grok.h"

#define OCTET "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define HEX4 "[0-9A-Fa-f]{1,4}"

static const struct {
	const char *name, *text;
} ROWS[] = {
	/* text */
	{"WORD", "\\b\\w+\\b"},
	{"NOTSPACE", "\\S+"},
	{"SPACE", "\\s*"},
	{"DATA", ".*?"},
	{"GREEDYDATA", ".*"},
	{"QUOTEDSTRING", "\"(?:[^\"\\\\]|\\\\.)*+\"|'(?:[^'\\\\]|\\\\.)*+'"},
	{"QS", "%{QUOTEDSTRING}"},
	{"UUID", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"},
	{"URN", "urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:[\\w()+,.:=@;$!*'%/?#-]+"},
	{"USERNAME", "[a-zA-Z0-9._-]+"},
	{"USER", "%{USERNAME}"},
	{"EMAILLOCALPART",
	 "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*"},
	{"EMAILADDRESS", "%{EMAILLOCALPART}@%{HOSTNAME}"},
	/* numbers */
	{"INT", "[+-]?[0-9]+"},
	{"BASE10NUM", "(?<![0-9.+-])[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)"},
	{"NUMBER", "%{BASE10NUM}"},
	{"BASE16NUM", "(?<![0-9A-Fa-f])[+-]?(?:0x)?[0-9A-Fa-f]+"},
	{"BASE16FLOAT", "\\b[+-]?(?:0x)?(?:[0-9A-Fa-f]+(?:\\.[0-9A-Fa-f]*)?|\\.[0-9A-Fa-f]+)\\b"},
	{"POSINT", "\\b[1-9][0-9]*\\b"},
	{"NONNEGINT", "\\b[0-9]+\\b"},
	/* hosts and paths */
	{"CISCOMAC", "(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}"},
	{"WINDOWSMAC", "(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"},
	{"COMMONMAC", "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"},
	{"MAC", "%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}"},
	{"IPV4", "(?<![0-9.])" OCTET "(?:\\." OCTET "){3}(?![0-9])"},
	{"IPV6", "(?<![0-9A-Fa-f:])(?:(?:" HEX4 ":){7}(?:" HEX4 "|:)"
		 "|(?:" HEX4 ":){6}(?:" OCTET "(?:\\." OCTET "){3}|:" HEX4 "|:)"
		 "|(?=(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*)(?:" HEX4 "(?::" HEX4 "){0,6})?::"
		 "(?:(?:" HEX4 ":){0,6}(?:" OCTET "(?:\\." OCTET "){3}|" HEX4 "))?)"
		 "(?:%[0-9A-Za-z]+)?(?![0-9A-Fa-f:])"},
	{"IP", "%{IPV6}|%{IPV4}"},
	{"HOSTNAME", "\\b[0-9A-Za-z][0-9A-Za-z_-]{0,62}(?:\\.[0-9A-Za-z][0-9A-Za-z_-]{0,62})*\\.?"},
	{"HOST", "%{HOSTNAME}"},
	{"IPORHOST", "%{IP}|%{HOSTNAME}"},
	{"HOSTPORT", "%{IPORHOST}:%{POSINT}"},
	{"UNIXPATH", "(?:/[^\\s/]*)+"},
	{"WINPATH", "(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\?*\\s]*)+"},
	{"PATH", "%{UNIXPATH}|%{WINPATH}"},
	{"TTY", "/dev/(?:pts/[0-9]+|tty\\w*)"},
	{"URIPROTO", "[A-Za-z][A-Za-z0-9+.-]*"},
	{"URIHOST", "%{IPORHOST}(?::%{POSINT})?"},
	{"URIPATH", "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+"},
	{"URIQUERY", "[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\\[\\]<>-]*"},
	{"URIPARAM", "\\?%{URIQUERY}"},
	{"URIPATHPARAM", "%{URIPATH}(?:%{URIPARAM})?"},
	{"URI", "%{URIPROTO}://(?:%{USER}(?::[^@\\s]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?"},
	/* times */
	{"MONTH", "\\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay"
		  "|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo]ct(?:ober)?"
		  "|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\\b"},
	{"MONTHNUM", "0?[1-9]|1[0-2]"},
	{"MONTHNUM2", "0[1-9]|1[0-2]"},
	{"MONTHDAY", "0[1-9]|[12][0-9]|3[01]|[1-9]"},
	{"DAY", "\\b(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?"
		"|Sat(?:urday)?|Sun(?:day)?)\\b"},
	{"YEAR", "[0-9]{4}|[0-9]{2}"},
	{"HOUR", "2[0-3]|[01]?[0-9]"},
	{"MINUTE", "[0-5][0-9]"},
	{"SECOND", "(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?"},
	{"TIME", "(?<![0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})?(?![0-9])"},
	{"DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"},
	{"DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"},
	{"DATE", "%{DATE_US}|%{DATE_EU}"},
	{"DATESTAMP", "%{DATE}[- ]%{TIME}"},
	{"ISO8601_TIMEZONE", "Z|[+-]%{HOUR}(?::?%{MINUTE})?"},
	{"ISO8601_SECOND", "%{SECOND}"},
	{"TIMESTAMP_ISO8601", "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}"
			      "(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?"},
	{"TZ", "[A-Z]{3,5}"},
	{"DATESTAMP_RFC822", "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}"},
	{"DATESTAMP_RFC2822", "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}"},
	{"DATESTAMP_OTHER", "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}"},
	{"DATESTAMP_EVENTLOG", "%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}"},
	{"HTTPDATE", "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} [+-][0-9]{4}"},
	{"SYSLOGTIMESTAMP", "%{MONTH} +%{MONTHDAY} %{TIME}"},
	{"SYSLOGTIMESTAMP8601", "%{TIMESTAMP_ISO8601}"},
	/* programs */
	{"PROG", "[\\x21-\\x5a\\x5c\\x5e-\\x7e]+"},
	{"SYSLOGPROG", "%{PROG:program}(?:\\[%{POSINT:pid}\\])?"},
	{"SYSLOGHOST", "%{IPORHOST}"},
	{"SYSLOGFACILITY", "<%{NONNEGINT:facility}.%{NONNEGINT:priority}>"},
	{"SYSLOGBASE", "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?"
		       "%{SYSLOGHOST:logsource} %{SYSLOGPROG}:"},
	{"SYSLOGLINE", "%{SYSLOGBASE} %{GREEDYDATA:message}"},
	{"CRON_ACTION", "[A-Z ]+"},
	{"LOGLEVEL", "(?i:trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?"
		     "|crit(?:ical)?|fatal|severe|emerg(?:ency)?|alert)"},
	{"JAVACLASS", "(?:[a-zA-Z$_][a-zA-Z$_0-9]*\\.)*[a-zA-Z$_][a-zA-Z$_0-9]*"},
	{"JAVAFILE", "[a-zA-Z$_0-9. -]+"},
	{"JAVAMETHOD", "<(?:cl)?init>|[a-zA-Z$_][a-zA-Z$_0-9]*"},
	{"JAVATHREAD", "[A-Z]{2}-Processor[0-9]+"},
	{"JAVALOGMESSAGE", ".*"},
	{"JAVASTACKTRACEPART", "%{SPACE}at %{JAVACLASS:class}\\.%{JAVAMETHOD:method}"
			       "\\(%{JAVAFILE:file}(?::%{INT:line})?\\)"},
	{"HTTPDUSER", "%{EMAILADDRESS}|%{USER}"},
	{"COMMONAPACHELOG",
	 "%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \\[%{HTTPDATE:timestamp}\\] "
	 "\"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?"
	 "|%{DATA:rawrequest})\" (?:-|%{NUMBER:response}) (?:-|%{NUMBER:bytes})"},
	{"COMBINEDAPACHELOG", "%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}"},
	{"HTTPD_COMMONLOG", "%{COMMONAPACHELOG}"},
	{"HTTPD_COMBINEDLOG", "%{COMBINEDAPACHELOG}"},
};

const char *grok_usual(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		if (slice_eq(name, slice_of(ROWS[i].name)))
			return ROWS[i].text;
	}
	return NULL;
}

const char *grok_usual_name(size_t index)
{
	return index < ARRAY_LEN(ROWS) ? ROWS[index].name : NULL;
}
