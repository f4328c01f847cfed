/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libcurl, for the few requests that a token takes: small, bounded in time and in bytes,
 * by http and https alone, and never led elsewhere, since what they carry is a secret for one
 * server. The library's words for what went wrong hold no secret: they name hosts and certificates.
 */
#include "login/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/result.h"

#define CONNECT_MS 5000L

struct answer {
	char *text;
	size_t len;
};

static size_t on_bytes(char *at, size_t size, size_t n, void *userdata)
{
	struct answer *answer = userdata;

	n *= size;
	if (n > FETCH_MAX_BYTES - answer->len)
		return 0;
	memcpy(answer->text + answer->len, at, n);
	answer->len += n;
	answer->text[answer->len] = '\0';
	return n;
}

static void set_what(CURL *curl, const struct fetch *request)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	if (request->body)
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request->body);
	if (request->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, request->secret ? request->secret : "");
	}
	if (request->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	if (request->direct)
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static void set_limits(CURL *curl, const struct fetch *request)
{
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	/* No alarm(2) for the resolver: other threads would get it. */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "waybill");
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

static struct curl_slist *list_headers(const struct fetch *request)
{
	struct curl_slist *list = NULL, *longer;

	for (size_t i = 0; i < ARRAY_LEN(request->headers) && request->headers[i]; i++) {
		longer = curl_slist_append(list, request->headers[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static int perform(CURL *curl, const struct fetch *request, struct answer *answer,
		   char *ret_message, size_t len)
{
	char words[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = list_headers(request);
	CURLcode code;

	if (request->headers[0] && !headers)
		return -ENOMEM;
	set_what(curl, request);
	set_limits(curl, request);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	if (code == CURLE_OK)
		return 0;
	snprintf(ret_message, len, "%s", *words ? words : curl_easy_strerror(code));
	return FETCH_E_FAILED;
}

int fetch(const struct fetch *request, long *ret_status, char **ret_body, char *ret_message,
	  size_t len)
{
	struct answer answer = {calloc(1, FETCH_MAX_BYTES + 1), 0};
	CURL *curl = answer.text ? curl_easy_init() : NULL;
	int r = -ENOMEM;

	if (curl)
		r = perform(curl, request, &answer, ret_message, len);
	if (r == 0)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	if (r) {
		free(answer.text);
		return r;
	}
	*ret_body = answer.text;
	return 0;
}

char *fetch_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
	char *copy = escaped ? strdup(escaped) : NULL;

	curl_free(escaped);
	return copy;
}
