/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made by tests/messages.py --write, of the headings of docs/messages.md. A journal keeps these
 * numbers for years, and who looks for them writes them down: they follow from the id alone.
 */
#include "ops/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/result.h"

struct row {
	const char *id;
	const char *journal_id;
};

/* clang-format off */
static const struct row rows[] = {
	{"acknowledged", "8e59a067bb41586eb141ee2fb342d08e"},
	{"acks-closed", "655fb67931cb574aab76e8a119e2b436"},
	{"acks-flow", "4bcb61d4071a52d88cead5959eacffe9"},
	{"acks-given-up", "e691d7a8e0cc5dc8b308cf20dc0628e7"},
	{"acks-lost", "1b05bd8c87615520bd9fb674f25ae684"},
	{"acks-patient", "1b117787b33154e0bc319b7f7d77f555"},
	{"authentication", "bf5b39c6135c50f595e49e6dfc488624"},
	{"batch-limit", "718daf885e7254668bc0f26ae5786f09"},
	{"batch-refused", "962d8babf0d9523e8f2e6d9337b49181"},
	{"brokers-reachable", "fdd8b78f7b36579f861927a4189aa9a4"},
	{"brokers-unreachable", "22a0a445b36151159a09afdba09f97cd"},
	{"cannot-go-on", "0043b4d04e54518eb6c9ead928948046"},
	{"caught-up", "9d2140466d49518fa26c25133e0030f7"},
	{"certificate-expired", "106e22c153eb509e92603b9705cc309e"},
	{"certificate-expires", "0553415d9d9757a299224829c3176c78"},
	{"changes-lost", "5a53565f430e594d8174830b5c4c975a"},
	{"changes-not-told", "cf902d1dbc475bb3860989d2b7b2b690"},
	{"checkpoint-failed", "8c3496b2421254eeac655f8cd2317a23"},
	{"checkpoint-last-failed", "c378f8e433da5129a3e5906a5a2f4cac"},
	{"checkpoint-slow", "903de7fe7b8d5d60a592587ad2a6bc4b"},
	{"checkpoint-written", "c70bf79229155cf9a82493b8adbfcb2c"},
	{"compressed-late", "dfca13344c0d5c24bc1d96c04195a5e5"},
	{"compression-refused", "eea8e2fce2535b84ab106b26a2d318bb"},
	{"configuration-doubtful", "e68aecfe3fc75b5f851e4d756f657232"},
	{"configuration-unreadable", "4845cea9386b5cbabe5f6a897990dcf5"},
	{"configuration-wrong", "65cfe1cfef235ff2923bcc84f3c69f09"},
	{"control-group", "149ab48e36f85659a0714c585e068c20"},
	{"control-socket", "107331e4547f518a817b39529af70be3"},
	{"copy", "c77f69f974dd5dcfacacfce28f7045a0"},
	{"copy-claimed", "945a5e9bcca0514ea8d3737c502184c6"},
	{"copy-unseen", "d4f06fc7b0645e898b580fa78793571c"},
	{"counters", "7363de039e975418a24b7d07d2fbe4ba"},
	{"dead-letter", "c00bd22ba8a15d2195de7728f5756c42"},
	{"descriptors", "fb1eb8b99e145b03ade8982c3f075918"},
	{"directories-wait", "e913b646c21356f49cc34e4d8e7424a6"},
	{"directory-denied", "7dd4eeb6ee4e51139ffe9241b23aa8af"},
	{"directory-link", "2eec366d61b757c6bc978d43501e3e3a"},
	{"directory-unreadable", "fc7a49ce94eb55b7bbd12b50d74aa8ef"},
	{"durability", "4323f93384fe5366899a0ef7d5a1bcd8"},
	{"enough-partitions", "f2017557e5d45be4a052ab54e47720da"},
	{"file-compressed", "e0690d99363b5147b5dff506df5496ef"},
	{"file-denied", "e061056d0e4e5651873a17c6c69d1628"},
	{"file-found", "8d13c64d4ea45be3962c9e7104e82b7b"},
	{"file-gone", "70f6411c5e995c17adf68a7e8484b882"},
	{"file-is-device", "fcb42a6a06d15aec88d1c04f22251974"},
	{"file-is-directory", "c088f9e0ae3d549ebb4d271184e5cac8"},
	{"file-is-fifo", "3be9b0ef8ee15f2e918ca2d4fdffbeea"},
	{"file-is-socket", "4671e592090c5234b40ea63d843d74bd"},
	{"file-lost", "a436609303335610adab18ebc2b512c8"},
	{"file-missed", "7b287d64eb9a59d59e7d4497a024e313"},
	{"file-overwritten", "022f26a3ec865114a88a8c8bbc1c0132"},
	{"file-polled", "5bc547eb44535d12a1055d9c3008f79f"},
	{"file-readable", "7575050250d850de85a3b0f0e6441dbc"},
	{"file-replaced", "b1c5a01caa5b55ac92329d82e44cbd56"},
	{"file-rewritten", "7d6342f3c59951d6be467fd014bbae9c"},
	{"file-second-name", "bb6d5edd9e9251c9a2db353973049f03"},
	{"file-unreadable", "86d8803f386659bead0cf69dbbec1d72"},
	{"files-left-out", "ad73599bd78f5fb988594ccc3ed5319e"},
	{"files-wait", "cd6b1cd0c23d575786bd3359a383c93f"},
	{"generation-excluded", "1ef025eadd4759d7b0d0da48a4f9b42f"},
	{"generation-unseen", "98f5baf1534456a39e29135cb193b339"},
	{"generations-too-many", "b58a6bc369ee5141b4e8a0636de80005"},
	{"http-listen", "0417bc7910d95d9691862340d59fcb53"},
	{"ignore-older", "0b7a5281559a5fe1883d9ae9948fe440"},
	{"kafka-properties", "c80dc4ed9eae58119caa1538c694f913"},
	{"letters-displaced", "2c907907fd22517f9aeeb6f74f5e75c4"},
	{"letters-full", "cb47047709915238bc0b3b7d4e7e931e"},
	{"letters-left-behind", "f7e6afe08316541fa3975ad03eff0e48"},
	{"letters-topic-fails", "981f01be446854ae9506ab55434889de"},
	{"letters-topic-refuses", "30996bf770425b359e6b9001cbc4b408"},
	{"letters-topic-takes", "62f6c0a9892353b7a6aad4254e1f73cc"},
	{"letters-unread", "0cf8a655736a5d7c896537bed586ff24"},
	{"librdkafka", "1e82467eaf82528ebf93f31699f09183"},
	{"link-refused", "07e36fbdfe01547f80e2528a69e5c2ed"},
	{"many-brokers", "ed6a66b6d8c5528192297e1719b884c8"},
	{"messages-dropped", "332c636d355b53d396b6b25d3bd2b10a"},
	{"no-memory-at-end", "7827735e9a7851d394ce26811a9545d2"},
	{"order-done", "c3d90cc9bae75e918b982c2f922ce0bb"},
	{"order-failed", "4be14c80f6cc59fd86f87e6dd8e33801"},
	{"order-given", "8565e8e9d4dd5cba931f6f4af6763e3e"},
	{"own-log", "0e6c97e49bd65b3faf12b99ff811f56d"},
	{"packed-broken", "f04ac1b93c515211a8735b4627937127"},
	{"partition-stuck", "d9e648f242a7556c95a6bd8c6e2dd55a"},
	{"partitions-accepted", "58c7df4a51b15cccbcd477ea642334dc"},
	{"partitions-changed", "c504d09123a65ebe80b55b97a19efe7e"},
	{"pattern-wrong", "2a364830a85f5c91b728cbef5a0a1b59"},
	{"producer-fatal", "e8313c42efa7553bafedd954bb0705c9"},
	{"producer-purged", "aa8010c1ac2551dfadfa51a815ac47fe"},
	{"producer-refused", "0f96e997c045585380920a6787cb5835"},
	{"producer-renumbers", "f6bb17c3d1a05535b69d0a4be3bcd3b9"},
	{"producer-replaced", "adca58938ee05f3cb3db58197c5048a3"},
	{"producer-stalled", "d15590b5c20053c7af5cb09d6420dc34"},
	{"producer-state", "55e4966bcbbd5ca3b49e6b7f62f733a2"},
	{"ranges-damaged", "ea308527feba5b0cbab5ec4bdb61dbd6"},
	{"records-came-back", "edbf7996417e5fa2a9f33756687ee6ad"},
	{"records-go-on", "3454b24c312152f694bab8460e07d434"},
	{"records-refused", "a3da34895660563abdfedbd7a9208c5f"},
	{"records-wait", "4a0ca435a25058358553152cc324878b"},
	{"reload-no-program", "2c8b6cf9a74c523fa441c5cc8ec9010c"},
	{"reload-not-taken", "599634bfce825e86b2486791396c2832"},
	{"reload-producer", "73320c43bc145246b8ac912b97e935d7"},
	{"reload-refused", "fd094303526b5c78931d963a9b622fd4"},
	{"reload-restarts", "eda254bc520f5594aa37a4ed5660bef7"},
	{"reload-sources-taken", "8d848349a4bf5c87b461403b2ca6e2fa"},
	{"reload-state-dir", "ca43dbee817a51949a17ded476f64090"},
	{"reload-taken", "ad8bd8cd2f765b0ab511a502fdb2c4b4"},
	{"reload-unchanged", "cfe6f05a70fb57ff8d54be8040b22f69"},
	{"reload-unsaved", "396aa95d54325924afa9b3d6ad0bb4fe"},
	{"reload-waits", "23956748bd2756528911cadcf4e7e9f5"},
	{"renewal-found", "8861a8cd5b5854dd8e812f26e37de40c"},
	{"renewal-invalid", "cf31caa79f0551be8930cb7b6f233215"},
	{"renewal-refused", "942d24f93c9a58c6b9ac98b6237bd880"},
	{"renewal-unavailable", "508774416cc8584a815388a63373b6aa"},
	{"renewal-unreached", "e76c5572cf225effb2725b9d80d30d5f"},
	{"renewed", "41e424b6d37d5254b6275fb044da8dbc"},
	{"shutdown-timeout", "d8719f07bc075b828babbaf6592a0fb4"},
	{"started", "71640495b5ba522b83d7e2bcd857c469"},
	{"state-damaged", "76a15681c3195d4fbe0cbe8c2a28f321"},
	{"state-set-aside", "78f1a3ad5717585dbc43ffd45ad61fc1"},
	{"state-unusable", "da237249375c545a96a0d1d317014e96"},
	{"stopped-at-once", "a3fe7672164158a2b9348b68d502a776"},
	{"stopping", "80e8a33179e5599883179e8bf22dda3a"},
	{"token-expires", "bd3a490426f157a7adc2e6b5ae43dcb8"},
	{"told-max", "67ac5021e1fb56f7b2c8031ffd474f35"},
	{"too-few-partitions", "41fc3df8fc01584ca7034e83fa1ee7c0"},
	{"topic-created", "0089370ed2f15a1d86f6f21e5021df29"},
	{"topic-denied", "b672b5b754dc57a6a1217999da05b9f5"},
	{"topic-found", "c6dd1ec572f25094bfd72b299d1e4a7f"},
	{"topic-missing", "baed05869a2b5661844dd29b8cc0ee92"},
	{"watches-exhausted", "673cfd3fdde35ee18096bd96ed680953"},
};
/* clang-format on */

static int compare(const void *id, const void *row)
{
	return strcmp(id, ((const struct row *)row)->id);
}

const char *message_journal_id(const char *id)
{
	const struct row *row = bsearch(id, rows, ARRAY_LEN(rows), sizeof rows[0], compare);

	return row ? row->journal_id : NULL;
}
