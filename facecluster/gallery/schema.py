"""What the tables of a gallery hold: the schema that a new gallery gets."""

from __future__ import annotations

SCHEMA_VERSION = 4
APPLICATION_ID = 0x46616345
"""Tells a gallery from other programs' SQLite files: `FacE` in the header (sqlite.org/fileformat2.html, 1.3.16)."""

# A displaced source holds the photos of the source at the same location whose paths other photos took, until a whole
# run over that source has found them elsewhere, or not at all.
SOURCES_TABLE = """
CREATE TABLE sources (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL, name TEXT NOT NULL,
                      people_from TEXT NOT NULL DEFAULT '', unfinished INTEGER NOT NULL DEFAULT 0,
                      settings TEXT NOT NULL DEFAULT '', displaced INTEGER NOT NULL DEFAULT 0,
                      UNIQUE (kind, location, displaced))"""

# Crops and embeddings lie in tables of their own, so that a list of faces is read without paging through them.
PHOTO_TABLES = f"""
{SOURCES_TABLE};
CREATE TABLE photos (id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources, path TEXT NOT NULL,
                     sha256 TEXT NOT NULL, size INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
                     status TEXT NOT NULL, reason TEXT, person TEXT, settings TEXT NOT NULL,
                     indexed_at TEXT NOT NULL DEFAULT (datetime('now')), turn INTEGER NOT NULL DEFAULT 0, note TEXT,
                     missing INTEGER NOT NULL DEFAULT 0, page INTEGER, UNIQUE (source_id, path));
CREATE INDEX photos_by_content ON photos (sha256);
CREATE INDEX photos_by_status ON photos (status, person);
CREATE TABLE faces (id INTEGER PRIMARY KEY AUTOINCREMENT, photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
                    person TEXT, is_main INTEGER NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL,
                    y2 REAL NOT NULL, landmarks BLOB NOT NULL, detection_score REAL NOT NULL,
                    model TEXT NOT NULL, runtime TEXT NOT NULL);
CREATE INDEX faces_by_photo ON faces (photo_id);
CREATE INDEX faces_by_person ON faces (person);
CREATE TABLE crops (face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, jpeg BLOB NOT NULL);
CREATE TABLE embeddings (face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, vector BLOB NOT NULL);
"""

CLUSTER_TABLES = """
CREATE TABLE clusterings (id INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, parameters TEXT NOT NULL,
                          seed INTEGER NOT NULL, model TEXT NOT NULL, versions TEXT NOT NULL, inertia REAL NOT NULL,
                          seconds REAL NOT NULL, n_clusters INTEGER NOT NULL, centers BLOB NOT NULL,
                          created TEXT NOT NULL DEFAULT (datetime('now')));
CREATE TABLE assignments (clustering_id INTEGER NOT NULL REFERENCES clusterings ON DELETE CASCADE,
                          cluster INTEGER NOT NULL, similarity REAL NOT NULL,
                          face_id INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
                          PRIMARY KEY (clustering_id, cluster, similarity, face_id)) WITHOUT ROWID;
CREATE INDEX assignments_by_face ON assignments (face_id, clustering_id);
CREATE TABLE cluster_names (clustering_id INTEGER NOT NULL REFERENCES clusterings ON DELETE CASCADE,
                            cluster INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (clustering_id, cluster));
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# Every file that facecluster writes into a gallery's folder beside the gallery itself, by its path in that folder.
# `part` is where the file is written until it is whole, under a name that nobody else thinks of; `sha256` is stored
# before the file gets its own name. A deletion marks as doomed what it will remove. Of a deletion that was begun its
# row says of whom, or that of everything, until all is out of the tables; then, without a name, that traces are left.
COPY_TABLES = """
CREATE TABLE copies (path TEXT PRIMARY KEY, part TEXT NOT NULL, sha256 TEXT, doomed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE deletions (id INTEGER PRIMARY KEY, person TEXT, everything INTEGER NOT NULL DEFAULT 0,
                        traces INTEGER NOT NULL DEFAULT 0);
CREATE TABLE left_out_files (source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE, kind TEXT NOT NULL,
                             files INTEGER NOT NULL, example TEXT NOT NULL, PRIMARY KEY (source_id, kind));
"""

SCHEMA = PHOTO_TABLES + CLUSTER_TABLES + COPY_TABLES
