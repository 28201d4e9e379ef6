-- A store as version 1 of its tables made it (sqlite3's .dump). Never edit: files like it are on users' disks.
BEGIN TRANSACTION;
CREATE TABLE artifact_inputs (
    artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (artifact, digest)) WITHOUT ROWID;
INSERT INTO "artifact_inputs" VALUES(1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    step TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
    digest TEXT NOT NULL, size INTEGER NOT NULL, summary TEXT NOT NULL,
    UNIQUE (run, step, name));
INSERT INTO "artifacts" VALUES(1,1,'load','df','table','pandas.DataFrame','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1000,'DataFrame 150 × 4');
CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    "offset" INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL, step TEXT, data TEXT NOT NULL,
    PRIMARY KEY (run, "offset")) WITHOUT ROWID;
INSERT INTO "events" VALUES(1,1,1700000000.0,'run',NULL,'{"state":"queued"}');
INSERT INTO "events" VALUES(1,2,1700000000.0,'step','load','{"state":"succeeded","cached":false}');
INSERT INTO "events" VALUES(1,3,1700000000.0,'run',NULL,'{"state":"succeeded"}');
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, time REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('kfjlab','0.1.0');
CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    step TEXT NOT NULL, name TEXT NOT NULL, value REAL,
    PRIMARY KEY (run, step, name)) WITHOUT ROWID;
INSERT INTO "metrics" VALUES(1,'fit','accuracy',0.9);
CREATE TABLE pipelines (
    run INTEGER PRIMARY KEY REFERENCES runs (seq) ON DELETE CASCADE,
    pipeline TEXT NOT NULL);
INSERT INTO "pipelines" VALUES(1,'{"name":"Iris","steps":["load","fit"]}');
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL,
    size INTEGER NOT NULL, record TEXT NOT NULL);
INSERT INTO "records" VALUES(1,'kkkkkkkk','v1fixture9','load',1700000000.0,1700000000.0,1000,'{"record":{"writes":{"var:df":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}}');
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, notebook TEXT NOT NULL, target TEXT NOT NULL, experiment TEXT, owner TEXT NOT NULL,
    state TEXT NOT NULL, created REAL NOT NULL, queued REAL NOT NULL, started REAL, ended REAL, error TEXT,
    parameters TEXT NOT NULL, options TEXT NOT NULL, search TEXT NOT NULL,
    supervised INTEGER NOT NULL, supervisor TEXT, token TEXT, heartbeat REAL, cancel INTEGER NOT NULL DEFAULT 0);
INSERT INTO "runs" VALUES(1,'v1fixture9','Iris','/notebooks/iris.ipynb','local','first','jo','succeeded',1700000000.0,1700000000.0,1700000000.5,1700000000.0,NULL,'{"alpha":0.5}','{"cache":true}','iris
/notebooks/iris.ipynb
alpha=0.5',1,NULL,NULL,NULL,0);
CREATE TABLE steps (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    name TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, cached INTEGER NOT NULL,
    attempt INTEGER NOT NULL, started REAL, ended REAL, seconds REAL, peak_memory INTEGER,
    record TEXT, error TEXT, notebook TEXT, log TEXT,
    PRIMARY KEY (run, name));
INSERT INTO "steps" VALUES(1,'load',0,'succeeded',0,1,1700000001.0,1700000002.0,0.5,NULL,'{"state":"succeeded","writes":{"var:df":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(1,'fit',1,'waiting',0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX runs_by_state ON runs (state);
CREATE INDEX runs_by_notebook ON runs (notebook);
CREATE INDEX runs_by_experiment ON runs (experiment);
CREATE INDEX artifacts_by_digest ON artifacts (digest);
CREATE INDEX artifact_inputs_by_digest ON artifact_inputs (digest);
CREATE INDEX records_by_key ON records (key, id);
CREATE INDEX records_by_run ON records (run, key);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('records',1);
COMMIT;
PRAGMA application_id=1801874028;
PRAGMA user_version=1;
