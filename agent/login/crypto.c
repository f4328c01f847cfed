/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that knows OpenSSL, which librdkafka brings anyway. An elliptic signature is DER
 * there and two plain numbers in a JWT; of RSA both are the same. A key never asks at a terminal
 * for its passphrase: without one it is unreadable.
 */
#include "login/crypto.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of a number of P-256. */
#define ES256_BYTES 32

int crypto_hash(struct slice text, unsigned char ret_hash[CRYPTO_HASH_BYTES])
{
	return EVP_Digest(text.at, text.len, ret_hash, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

int crypto_keyed_hash(struct slice key, struct slice text,
		      unsigned char ret_hash[CRYPTO_HASH_BYTES])
{
	const unsigned char *at = (const unsigned char *)text.at;

	return HMAC(EVP_sha256(), key.at, (int)key.len, at, text.len, ret_hash, NULL) ? 0 : -ENOMEM;
}

int crypto_random(void *ret_bytes, size_t len)
{
	return RAND_bytes(ret_bytes, (int)len) == 1 ? 0 : -EIO;
}

/* What OpenSSL said last, in its words; its list of errors is emptied. */
static void take_words(char *ret_message, size_t len, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *words = code ? ERR_reason_error_string(code) : NULL;

	snprintf(ret_message, len, "%s%s%s", what, words ? ": " : "", words ? words : "");
	ERR_clear_error();
}

/* Without a passphrase of ours none is asked for. */
static int on_passphrase(char *buffer, int size, int writes, void *passphrase)
{
	(void)writes;
	if (!passphrase)
		return -1;
	return snprintf(buffer, (size_t)size, "%s", (const char *)passphrase);
}

static EVP_PKEY *read_key(const char *pem, const char *passphrase)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = NULL;

	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, (void *)passphrase);
	BIO_free(bio);
	return key;
}

/* The two numbers of a DER signature, one behind the other: RFC 7518, 3.4. */
static int flatten(unsigned char **signature, size_t *len)
{
	const unsigned char *at = *signature;
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)*len);
	unsigned char *flat = malloc((size_t)2 * ES256_BYTES);
	int r = -ENOMEM;

	if (parts && flat &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(parts), flat, ES256_BYTES) == ES256_BYTES &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(parts), flat + ES256_BYTES, ES256_BYTES) == ES256_BYTES) {
		free(*signature);
		*signature = flat;
		*len = (size_t)2 * ES256_BYTES;
		flat = NULL;
		r = 0;
	}
	free(flat);
	ECDSA_SIG_free(parts);
	return r;
}

/* 0, or -ENOMEM for whatever the library has against it. */
static int sign(EVP_PKEY *key, struct slice text, unsigned char **ret_signature, size_t *ret_len)
{
	const unsigned char *at = (const unsigned char *)text.at;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *signature = NULL;
	size_t len = 0;
	bool done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(context, NULL, &len, at, text.len) == 1;

	if (done)
		signature = malloc(len);
	done = signature && EVP_DigestSign(context, signature, &len, at, text.len) == 1;
	EVP_MD_CTX_free(context);
	if (!done) {
		free(signature);
		return -ENOMEM;
	}
	*ret_signature = signature;
	*ret_len = len;
	return 0;
}

int crypto_sign(const char *algorithm, const char *pem, const char *passphrase, struct slice text,
		unsigned char **ret_signature, size_t *ret_len, char *ret_message, size_t len)
{
	EVP_PKEY *key = read_key(pem, passphrase);
	bool elliptic = strcmp(algorithm, "ES256") == 0;
	int r;

	if (!key) {
		take_words(ret_message, len, "the private key cannot be read");
		return CRYPTO_E_INVALID;
	}
	if (EVP_PKEY_base_id(key) != (elliptic ? EVP_PKEY_EC : EVP_PKEY_RSA) ||
	    (elliptic && EVP_PKEY_bits(key) != 8 * ES256_BYTES)) {
		EVP_PKEY_free(key);
		snprintf(ret_message, len, "the private key is not one for %s", algorithm);
		return CRYPTO_E_INVALID;
	}
	r = sign(key, text, ret_signature, ret_len);
	if (r == 0 && elliptic)
		r = flatten(ret_signature, ret_len);
	EVP_PKEY_free(key);
	return r;
}

static void name_of(X509 *certificate, char *ret_name, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	ret_name[0] = '\0';
	if (!bio)
		return;
	X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
	n = BIO_get_mem_data(bio, &text);
	snprintf(ret_name, len, "%.*s", (int)n, text);
	BIO_free(bio);
}

/* What counts of certificates that are looked at one after the other. r: 0 once one was. */
struct ending {
	bool last; /* the last that ends, and not the first */
	int r;
	int64_t *ret_expires_s;
	char *ret_name;
	size_t len;
};

static void look_at(struct ending *ending, X509 *certificate)
{
	struct tm tm;
	bool dated = certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1;
	int64_t at_s = dated ? timegm(&tm) : 0;

	if (!dated || (ending->r == 0 && (ending->last ? at_s <= *ending->ret_expires_s :
							 at_s >= *ending->ret_expires_s)))
		return;
	*ending->ret_expires_s = at_s;
	name_of(certificate, ending->ret_name, ending->len);
	ending->r = 0;
}

int crypto_expiry(struct slice pem, bool last, int64_t *ret_expires_s, char *ret_name, size_t len)
{
	struct ending ending = {last, CRYPTO_E_INVALID, ret_expires_s, ret_name, len};
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *certificate;

	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, on_passphrase, NULL))) {
		look_at(&ending, certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error();
	return ending.r;
}

int crypto_keystore_expiry(struct slice keystore, const char *password, int64_t *ret_expires_s,
			   char *ret_name, size_t len)
{
	struct ending ending = {false, CRYPTO_E_INVALID, ret_expires_s, ret_name, len};
	const unsigned char *at = (const unsigned char *)keystore.at;
	PKCS12 *store = d2i_PKCS12(NULL, &at, (long)keystore.len);
	STACK_OF(X509) *chain = NULL;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;

	if (store && PKCS12_parse(store, password, &key, &certificate, &chain) == 1) {
		look_at(&ending, certificate);
		for (int i = 0; i < sk_X509_num(chain); i++)
			look_at(&ending, sk_X509_value(chain, i));
	}
	EVP_PKEY_free(key);
	X509_free(certificate);
	sk_X509_pop_free(chain, X509_free);
	PKCS12_free(store);
	ERR_clear_error();
	return ending.r;
}
