/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of the store in one place, so that a reader sees the tables and what is done to them
 * without the code in between.
 *
 * What changes every second (positions) is apart from what hardly ever does (files), so that a
 * checkpoint of many files writes few pages. Unsigned 64-bit values are kept as the signed integer
 * of the same bits, the only kind SQLite has. Paths are text for whoever looks in with the sqlite3
 * tool, although their bytes need not be UTF-8: they are stored and given back as they are.
 */
#include "state/schema.h"

#include "base/result.h"

/*
 * Step n leads from version n to n + 1, in one transaction. Steps are added, never changed. Those
 * so far change no row; the first that does must copy the database aside before. There is no way
 * back: an older program refuses a newer database, and leaves it as it is.
 *
 * Older databases hold a table `topics` of another kind as well, which nothing ever read or wrote.
 */
const char *const schema_migrations[] = {
	"CREATE TABLE files(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT "
	"NULL,"
	" born_ns INTEGER NOT NULL, head_len INTEGER NOT NULL, head_hash INTEGER NOT NULL,"
	" path TEXT NOT NULL, lineage TEXT NOT NULL, seal INTEGER NOT NULL);"
	"CREATE TABLE positions(file INTEGER PRIMARY KEY, committed INTEGER NOT NULL,"
	" tail_len INTEGER NOT NULL, tail_hash INTEGER NOT NULL, discarding INTEGER NOT NULL,"
	" ahead BLOB, seal INTEGER NOT NULL);"
	"CREATE TABLE sources(name TEXT PRIMARY KEY, seal INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE dead_letters(id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL,"
	" position INTEGER NOT NULL, path TEXT, topic TEXT, reason TEXT,"
	" time_ms INTEGER NOT NULL, key BLOB, value BLOB);",
	"ALTER TABLE files ADD COLUMN content_id INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE agent(id TEXT NOT NULL, seal INTEGER NOT NULL);",
	"ALTER TABLE files ADD COLUMN real TEXT;"
	"ALTER TABLE files ADD COLUMN went TEXT;"
	"ALTER TABLE files ADD COLUMN packed INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE files ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN chain_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN chain BLOB;"
	"ALTER TABLE positions ADD COLUMN rest_hash INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN mtime_ns INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE positions ADD COLUMN reach INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dead_letters ADD COLUMN source TEXT;",
	"DROP TABLE IF EXISTS topics;"
	"CREATE TABLE topics(name TEXT PRIMARY KEY, partitions INTEGER NOT NULL,"
	" seal INTEGER NOT NULL) WITHOUT ROWID;",
	"ALTER TABLE dead_letters ADD COLUMN partition INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE dead_letters ADD COLUMN headers BLOB;",
	"ALTER TABLE positions ADD COLUMN branches BLOB;",
	"ALTER TABLE dead_letters ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;",
};

const int schema_version = ARRAY_LEN(schema_migrations);

/*
 * An equal seal means an equal row, so a checkpoint does not dirty the page of an unchanged file.
 */
const char *const schema_queries[QUERY_COUNT] = {
	[QUERY_BEGIN] = "BEGIN IMMEDIATE",
	[QUERY_COMMIT] = "COMMIT",
	[QUERY_ROLLBACK] = "ROLLBACK",
	[QUERY_FILE] = "INSERT INTO files(id, device, inode, born_ns, head_len, head_hash,"
		       " content_id, packed, flags, path, lineage, real, went, seal)"
		       " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
		       " ON CONFLICT(id) DO UPDATE SET"
		       " device = excluded.device, inode = excluded.inode,"
		       " born_ns = excluded.born_ns, head_len = excluded.head_len,"
		       " head_hash = excluded.head_hash,"
		       " content_id = excluded.content_id, path = excluded.path,"
		       " lineage = excluded.lineage, real = excluded.real,"
		       " went = excluded.went, packed = excluded.packed,"
		       " flags = excluded.flags, seal = excluded.seal"
		       " WHERE seal <> excluded.seal",
	[QUERY_POSITION] = "INSERT INTO positions(file, committed, tail_len, tail_hash, discarding,"
			   " chain_at, rest_hash, size, mtime_ns, ctime_ns, reach, chain, ahead,"
			   " branches, seal)"
			   " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(file) DO UPDATE SET"
			   " committed = excluded.committed, tail_len = excluded.tail_len,"
			   " tail_hash = excluded.tail_hash, discarding = excluded.discarding,"
			   " chain_at = excluded.chain_at, chain = excluded.chain,"
			   " rest_hash = excluded.rest_hash, size = excluded.size,"
			   " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,"
			   " reach = excluded.reach,"
			   " ahead = excluded.ahead, branches = excluded.branches,"
			   " seal = excluded.seal"
			   " WHERE seal <> excluded.seal",
	[QUERY_DROP_FILE] = "DELETE FROM files WHERE id = ?",
	[QUERY_DROP_POSITION] = "DELETE FROM positions WHERE file = ?",
	[QUERY_LETTER] = "INSERT INTO dead_letters(file, position, source, path, topic, reason,"
			 " time_ms, partition, headers, key, value)"
			 " VALUES(?,?,?,?,?,?,?,?,?,?,?)",
	[QUERY_DROP_LETTER] = "DELETE FROM dead_letters WHERE id = ?",
	[QUERY_COPIED] = "UPDATE dead_letters SET copied = 1 WHERE id = ?",
	[QUERY_NEXT_LETTER] = "SELECT id, file, position, time_ms, partition, source, path, topic,"
			      " reason, key, value, headers, copied FROM dead_letters"
			      " WHERE id > ? ORDER BY id LIMIT 1",
	[QUERY_OLDEST_LETTER] = "SELECT id, coalesce(length(key), 0) + coalesce(length(value), 0)"
				" FROM dead_letters WHERE source = ? AND id > ? AND copied >= ?"
				" ORDER BY id LIMIT 1",
	[QUERY_AGENT] = "INSERT INTO agent(id, seal) VALUES(?,?)",
	[QUERY_SOURCE] = "INSERT OR IGNORE INTO sources(name, seal) VALUES(?,?)",
	[QUERY_TOPIC] = "INSERT OR REPLACE INTO topics(name, partitions, seal) VALUES(?,?,?)",
};

const char schema_load_files[] =
	"SELECT id, device, inode, born_ns, head_len, head_hash, content_id, path, lineage,"
	" files.seal, committed, tail_len, tail_hash, discarding, ahead, positions.seal,"
	" packed, flags, real, went, chain_at, chain, rest_hash, size, mtime_ns,"
	" ctime_ns, reach, branches FROM files LEFT JOIN positions ON file = id ORDER BY id";

const char schema_load_sources[] = "SELECT name, seal FROM sources";

const char schema_load_topics[] = "SELECT name, partitions, seal FROM topics";

const char schema_load_agent[] = "SELECT id, seal FROM agent";

/* A position without its file is a row that nobody would read: a sign of damage. */
const char schema_count_orphans[] =
	"SELECT count(*) FROM positions WHERE file NOT IN (SELECT id FROM files)";

/* A view may take for ever to read, and a trigger to write; both may give and take rows. */
const char schema_find_foreign[] =
	"SELECT type || ' ' || name FROM sqlite_schema WHERE tbl_name IN ('files', 'positions',"
	" 'sources', 'dead_letters', 'agent', 'topics') AND (type NOT IN ('table', 'index') OR"
	" sql LIKE 'CREATE VIRTUAL%') LIMIT 1";

const char schema_count_letters[] = "SELECT count(*) FROM dead_letters";

const char schema_sum_letters[] =
	"SELECT total(coalesce(length(key), 0) + coalesce(length(value), 0)) FROM dead_letters";

/* Letters of older versions do not say of which source they are. */
const char schema_sum_source_letters[] =
	"SELECT source, total(coalesce(length(key), 0) + coalesce(length(value), 0)),"
	" total(copied * (coalesce(length(key), 0) + coalesce(length(value), 0)))"
	" FROM dead_letters WHERE source IS NOT NULL GROUP BY source";

const char schema_find_letter[] =
	"SELECT reason FROM dead_letters WHERE file = ? AND position = ? ORDER BY id DESC LIMIT 1";
