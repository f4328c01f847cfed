// SPDX-License-Identifier: Apache-2.0
//
// A broker that takes the tokens of Amazon MSK as MSK does, for the credentials of the tests: the token is
// an address of the action kafka-cluster:Connect, and its signature is made again here.

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;

import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

public class SignedByUs implements AuthenticateCallbackHandler {
	static final String SECRET = System.getProperty("tests.aws.secret");
	static final String SESSION = System.getProperty("tests.aws.session");

	record Token(String value, String principalName, long lifetimeMs) implements OAuthBearerToken {
		public Set<String> scope() {
			return Set.of();
		}

		public Long startTimeMs() {
			return null;
		}
	}

	static byte[] hmac(byte[] key, String text) throws Exception {
		Mac mac = Mac.getInstance("HmacSHA256");
		mac.init(new SecretKeySpec(key, "HmacSHA256"));
		return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
	}

	static String hash(String text) throws Exception {
		byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
		return HexFormat.of().formatHex(hash);
	}

	static void want(boolean holds, String what) {
		if (!holds)
			throw new IllegalArgumentException(what);
	}

	// The names of the query in their order, as they are written, without the two that are not signed.
	static String signedPart(Map<String, String> query) {
		return query.entrySet().stream()
			.filter(e -> !e.getKey().equals("X-Amz-Signature") && !e.getKey().equals("User-Agent"))
			.map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining("&"));
	}

	static String signature(String host, Map<String, String> query, String[] scope) throws Exception {
		String request = "GET\n/\n" + signedPart(query) + "\nhost:" + host + "\n\nhost\n" + hash("");
		String text = "AWS4-HMAC-SHA256\n" + query.get("X-Amz-Date") + "\n"
			+ String.join("/", List.of(scope).subList(1, 5)) + "\n" + hash(request);
		byte[] key = ("AWS4" + SECRET).getBytes(StandardCharsets.UTF_8);
		for (int i = 1; i < 5; i++)
			key = hmac(key, scope[i]);
		return HexFormat.of().formatHex(hmac(key, text));
	}

	static Token verify(String token) throws Exception {
		URI uri = new URI(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
		Map<String, String> query = new TreeMap<>();
		for (String pair : uri.getRawQuery().split("&"))
			query.put(pair.split("=", 2)[0], pair.split("=", 2)[1]);
		String[] scope = URLDecoder.decode(query.get("X-Amz-Credential"), StandardCharsets.UTF_8).split("/");
		want(uri.getScheme().equals("https") && uri.getPath().equals("/"), "address");
		want(uri.getHost().equals("kafka." + scope[2] + ".amazonaws.com"), "host");
		want(query.get("Action").equals("kafka-cluster%3AConnect"), "action");
		want(scope[3].equals("kafka-cluster") && scope[4].equals("aws4_request"), "scope");
		want(query.containsKey("User-Agent"), "user agent");
		want(!token.endsWith("="), "padding");
		String session = query.get("X-Amz-Security-Token");
		want(SESSION.equals(session == null ? "" : URLDecoder.decode(session, StandardCharsets.UTF_8)), "session");
		want(query.get("X-Amz-Signature").equals(signature(uri.getHost(), query, scope)), "signature");
		Instant made = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC)
			.parse(query.get("X-Amz-Date"), Instant::from);
		long until = made.toEpochMilli() + 1000 * Long.parseLong(query.get("X-Amz-Expires"));
		want(until > System.currentTimeMillis() && query.get("X-Amz-Expires").equals("900"), "time");
		return new Token(token, scope[0], until);
	}

	public void handle(Callback[] callbacks) {
		for (Callback callback : callbacks) {
			if (!(callback instanceof OAuthBearerValidatorCallback asked))
				continue;
			try {
				asked.token(verify(asked.tokenValue()));
			} catch (Exception e) {
				asked.error("not taken: " + e.getMessage(), null, null);
			}
		}
	}

	public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
	}

	public void close() {
	}
}
