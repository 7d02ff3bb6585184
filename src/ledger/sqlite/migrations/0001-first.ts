/**
 * Ids of links and history entries start at `mapping.id * 2^32` and `mapping.id * 2^40`, so that one mapping's rows lie
 * together and are walked without another index. Ids are counted in `mapping` and never given twice.
 */
export const first = `
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('seq', 0), ('intent', 0), ('step', 0), ('arrival', 0);

-- layout is null: known by name only, because something waits for one of its records.
CREATE TABLE mapping (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  layout INTEGER,
  last_link INTEGER NOT NULL DEFAULT 0,
  last_history INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0,
  live_links INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE layout (
  id INTEGER PRIMARY KEY,
  mapping INTEGER NOT NULL REFERENCES mapping(id),
  fields TEXT NOT NULL,
  UNIQUE (mapping, fields)
) STRICT;

CREATE TABLE cursor (
  mapping INTEGER NOT NULL REFERENCES mapping(id),
  side INTEGER NOT NULL,
  position TEXT NOT NULL,
  PRIMARY KEY (mapping, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
  id INTEGER PRIMARY KEY,
  mapping INTEGER NOT NULL,
  odoo_id TEXT NOT NULL,
  external_id TEXT NOT NULL,
  key TEXT,
  state INTEGER NOT NULL,
  layout INTEGER NOT NULL,
  odoo_version TEXT,
  external_version TEXT,
  odoo_seen TEXT NOT NULL,
  external_seen TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX link_odoo ON link (mapping, odoo_id);
CREATE UNIQUE INDEX link_external ON link (mapping, external_id);
CREATE INDEX link_key ON link (mapping, key) WHERE key IS NOT NULL;

-- What a link joined before it was deleted or changed: history is found by it.
CREATE TABLE former_link (
  id INTEGER PRIMARY KEY,
  mapping INTEGER NOT NULL,
  link INTEGER NOT NULL,
  odoo_id TEXT NOT NULL,
  external_id TEXT NOT NULL,
  key TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX former_link_link ON former_link (link);
CREATE INDEX former_link_odoo ON former_link (mapping, odoo_id);
CREATE INDEX former_link_external ON former_link (mapping, external_id);
CREATE INDEX former_link_key ON former_link (mapping, key) WHERE key IS NOT NULL;

-- Records that were merged into others: what refers to them means the records of this link.
CREATE TABLE alias (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  record TEXT NOT NULL,
  link INTEGER NOT NULL,
  PRIMARY KEY (mapping, side, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_link ON alias (link);

-- lane: 0 a state, 1 gone from Odoo, 2 gone from the external side. turn: the order in the queue, the seq of the first
-- capture for a state and of the last one for a delete, so that "agreed up to seq" is a range.
CREATE TABLE change (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  record TEXT NOT NULL,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_captured INTEGER NOT NULL,
  version TEXT,
  changed_at INTEGER,
  by_us INTEGER,
  extra TEXT,
  fields TEXT NOT NULL,
  PRIMARY KEY (mapping, side, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_due ON change (mapping, lane, not_before, turn) WHERE state = 0;
CREATE INDEX change_kept ON change (mapping, state, first_captured) WHERE state <> 0;
CREATE INDEX change_listed ON change (mapping, state, seq) WHERE state <> 0;

-- What systems told by themselves, and no run has looked at yet.
CREATE TABLE arrival (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  record TEXT NOT NULL,
  seq INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (mapping, side, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX arrival_due ON arrival (mapping, not_before, seq);
-- How far a line that a system tells over was heard.
CREATE TABLE heard (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  position TEXT NOT NULL,
  PRIMARY KEY (mapping, side)
) STRICT, WITHOUT ROWID;

-- Events that were received: one that comes again is known. event: its connection and its name, hashed.
CREATE TABLE event (
  event TEXT PRIMARY KEY,
  received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX event_received ON event (received_at);

-- Whom a waiting change waits for.
CREATE TABLE wait (
  awaited_mapping INTEGER NOT NULL,
  awaited_side INTEGER NOT NULL,
  awaited TEXT NOT NULL,
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (awaited_mapping, awaited_side, awaited, mapping, side, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX wait_waiting ON wait (mapping, side, record);

-- Intents that were written together. records: for each intent the records that it concerns, as their side's code and id
-- ("0123"), null when it is closed.
CREATE TABLE intent_batch (
  first INTEGER PRIMARY KEY,
  mapping INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  records TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX intent_batch_mapping ON intent_batch (mapping);

-- Where a link stands with its mapping's steps. called_at: the step may have been called then.
CREATE TABLE step (
  link INTEGER PRIMARY KEY,
  mapping INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  due_since INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  step TEXT,
  called_at INTEGER,
  fault TEXT,
  marks TEXT NOT NULL
) STRICT;
CREATE INDEX step_due ON step (mapping, seq) WHERE state = 0;
CREATE INDEX step_parked ON step (mapping, state, seq) WHERE state > 1;

CREATE TABLE tally (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  captured INTEGER NOT NULL DEFAULT 0,
  applied INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  superseded INTEGER NOT NULL DEFAULT 0,
  pending_state INTEGER NOT NULL DEFAULT 0,
  waiting_state INTEGER NOT NULL DEFAULT 0,
  conflict_state INTEGER NOT NULL DEFAULT 0,
  dead_state INTEGER NOT NULL DEFAULT 0,
  discarded_state INTEGER NOT NULL DEFAULT 0,
  pending_gone INTEGER NOT NULL DEFAULT 0,
  waiting_gone INTEGER NOT NULL DEFAULT 0,
  conflict_gone INTEGER NOT NULL DEFAULT 0,
  dead_gone INTEGER NOT NULL DEFAULT 0,
  discarded_gone INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (mapping, side)
) STRICT, WITHOUT ROWID;

-- How much was captured and applied in each slice of time: slot is the time divided by the length of a slice.
CREATE TABLE throughput (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  captured INTEGER NOT NULL,
  applied INTEGER NOT NULL,
  PRIMARY KEY (mapping, side, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  side INTEGER NOT NULL,
  event TEXT NOT NULL,
  odoo_id TEXT,
  external_id TEXT,
  key TEXT,
  detail TEXT NOT NULL
) STRICT;
-- For each 256 history ids: two hashes for each entry, of its record and of its key. chunk: the ids divided by 256.
CREATE TABLE history_mark (chunk INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
-- Entries that say no more than the links made with them: for size links in turn as many history ids.
CREATE TABLE creation (
  first_link INTEGER PRIMARY KEY,
  first_history INTEGER NOT NULL,
  size INTEGER NOT NULL,
  at INTEGER NOT NULL,
  side INTEGER NOT NULL
) STRICT;

CREATE TABLE sweep (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  position TEXT,
  last_link INTEGER NOT NULL,
  listed INTEGER NOT NULL,
  PRIMARY KEY (mapping, side)
) STRICT, WITHOUT ROWID;
-- A bit for each link that was listed.
CREATE TABLE sweep_mark (
  mapping INTEGER NOT NULL,
  side INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (mapping, side, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (name TEXT PRIMARY KEY, notes TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  args TEXT NOT NULL,
  state INTEGER NOT NULL,
  answer TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX request_open ON request (id) WHERE state < 2;
`
