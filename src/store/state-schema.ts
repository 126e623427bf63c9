/**
 * The tables of the state file. Each entry lifts a file from the version of its index to the next (SQLite's
 * user_version counts them), so an entry is never changed once it was released: a part that keeps something new adds
 * an entry at the end. Instants are milliseconds since 1970.
 */
export const STATE_SCHEMA: readonly string[] = [
  `CREATE TABLE sequence_number (
     impi TEXT NOT NULL PRIMARY KEY,
     sqn INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE created_user (
     impi TEXT NOT NULL PRIMARY KEY,
     imsi TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE binding (
     impi TEXT NOT NULL,
     id TEXT NOT NULL,
     contact TEXT NOT NULL,
     instance TEXT,
     q REAL NOT NULL,
     identity TEXT NOT NULL,
     call_id TEXT NOT NULL,
     cseq INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     registered_at INTEGER NOT NULL,
     event TEXT NOT NULL,
     path TEXT NOT NULL,
     user_agent TEXT,
     features TEXT NOT NULL,
     transport TEXT NOT NULL,
     local TEXT NOT NULL,
     bound TEXT,
     remote TEXT NOT NULL,
     listening_port INTEGER,
     PRIMARY KEY (impi, id)
   ) WITHOUT ROWID;
   CREATE TABLE subscription (
     call_id TEXT NOT NULL,
     local_party TEXT NOT NULL,
     impi TEXT NOT NULL,
     remote_party TEXT NOT NULL,
     routes TEXT NOT NULL,
     target TEXT NOT NULL,
     local_cseq INTEGER NOT NULL,
     remote_cseq INTEGER,
     expires_at INTEGER NOT NULL,
     granted INTEGER NOT NULL,
     event_id TEXT,
     version INTEGER NOT NULL,
     untold INTEGER NOT NULL,
     ending TEXT,
     transport TEXT NOT NULL,
     local TEXT NOT NULL,
     bound TEXT,
     remote TEXT NOT NULL,
     listening_port INTEGER,
     PRIMARY KEY (call_id, local_party)
   ) WITHOUT ROWID;`,
  `ALTER TABLE binding ADD COLUMN association INTEGER;
   ALTER TABLE subscription ADD COLUMN association INTEGER;
   CREATE TABLE association_set (
     number INTEGER NOT NULL PRIMARY KEY,
     association INTEGER NOT NULL,
     owner TEXT NOT NULL,
     role TEXT NOT NULL,
     ends_at INTEGER NOT NULL,
     our_address TEXT NOT NULL,
     our_spi_c INTEGER NOT NULL,
     our_spi_s INTEGER NOT NULL,
     our_port_c INTEGER NOT NULL,
     our_port_s INTEGER NOT NULL,
     handset_address TEXT NOT NULL,
     handset_spi_c INTEGER NOT NULL,
     handset_spi_s INTEGER NOT NULL,
     handset_port_c INTEGER NOT NULL,
     handset_port_s INTEGER NOT NULL,
     integrity TEXT NOT NULL,
     encryption TEXT NOT NULL,
     ck TEXT NOT NULL,
     ik TEXT NOT NULL,
     security_server TEXT NOT NULL,
     restarts INTEGER NOT NULL
   );`,
  `CREATE TABLE short_message (
     id INTEGER NOT NULL PRIMARY KEY,
     impi TEXT NOT NULL,
     called TEXT NOT NULL,
     tpdu BLOB NOT NULL,
     taken_at INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     single_shot INTEGER NOT NULL,
     reference INTEGER,
     attempts INTEGER NOT NULL,
     sender TEXT,
     sender_identity TEXT,
     sender_reference INTEGER,
     destination BLOB,
     report INTEGER NOT NULL,
     submission_key TEXT
   );
   CREATE TABLE sms_reference (
     impi TEXT NOT NULL PRIMARY KEY,
     reference INTEGER NOT NULL
   ) WITHOUT ROWID;`,
  `CREATE TABLE outside_user (
     impi TEXT NOT NULL PRIMARY KEY,
     level TEXT NOT NULL,
     identities TEXT NOT NULL,
     barred TEXT NOT NULL
   ) WITHOUT ROWID;`,
];
