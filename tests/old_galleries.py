"""Galleries as earlier versions of facecluster made them, from the schema that they had."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

VERSION_1 = """
CREATE TABLE sources (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL, name TEXT NOT NULL,
                      UNIQUE (kind, location));
CREATE TABLE photos (id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources, path TEXT NOT NULL,
                     sha256 TEXT NOT NULL, size INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
                     status TEXT NOT NULL, reason TEXT, person TEXT, settings TEXT NOT NULL,
                     indexed_at TEXT NOT NULL DEFAULT (datetime('now')), UNIQUE (source_id, path));
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

FROM_1_TO_3 = """
ALTER TABLE sources ADD COLUMN people_from TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN settings TEXT NOT NULL DEFAULT '';
ALTER TABLE photos ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN note TEXT;
ALTER TABLE photos ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN page INTEGER;
CREATE TABLE copies (path TEXT PRIMARY KEY, part TEXT NOT NULL, sha256 TEXT, doomed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE deletions (id INTEGER PRIMARY KEY, person TEXT, everything INTEGER NOT NULL DEFAULT 0,
                        traces INTEGER NOT NULL DEFAULT 0);
CREATE TABLE left_out_files (source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE, kind TEXT NOT NULL,
                             files INTEGER NOT NULL, example TEXT NOT NULL, PRIMARY KEY (source_id, kind));
PRAGMA application_id = 0x46616345;
PRAGMA user_version = 3;
"""


def gallery_of_version_1(folder: Path, location: Path, people: list[str]) -> Path:
    """The folder, with a gallery that indexed a photo `PERSON/1.jpg` of each person from `location`, in one cluster."""
    (folder / "uploads").mkdir(parents=True)
    file = folder / "gallery.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(VERSION_1)
        db.execute(
            "INSERT INTO meta VALUES ('revision', '7'), ('model', 'casia-webface'), ('weights', 'casia-webface')"
        )
        db.execute("INSERT INTO sources VALUES (1, 'folder', ?, 'party')", (str(location),))
        db.execute(
            "INSERT INTO clusterings VALUES (1, 'kmeans', '{}', 0, 'casia-webface', '{}', 1, 0.1, 1, ?, '2026-01-01')",
            (np.ones(512, "<f4").tobytes(),),
        )
        db.execute("INSERT INTO cluster_names VALUES (1, 0, 'The band')")
        for number, person in enumerate(people, start=1):
            photo = location / person / "1.jpg"
            photo.parent.mkdir(parents=True, exist_ok=True)
            photo.write_bytes(person.encode())
            vector = np.eye(512, dtype="<f4")[number].tobytes()
            db.execute(
                "INSERT INTO photos (id, source_id, path, sha256, size, width, height, status, person, settings) "
                "VALUES (?, 1, ?, ?, ?, 90, 80, 'indexed', ?, 'largest/40')",
                (number, f"{person}/1.jpg", hashlib.sha256(person.encode()).hexdigest(), len(person.encode()), person),
            )
            db.execute(
                "INSERT INTO faces VALUES (?, ?, ?, 1, 0, 0, 50, 50, ?, 0.99, 'casia-webface', 'openvino-f32')",
                (number, number, person, np.zeros((5, 2), "<f4").tobytes()),
            )
            db.execute("INSERT INTO crops VALUES (?, ?)", (number, b"jpeg of " + person.encode()))
            db.execute("INSERT INTO embeddings VALUES (?, ?)", (number, vector))
            db.execute("INSERT INTO assignments VALUES (1, 0, 0.9, ?)", (number,))
        db.execute("PRAGMA user_version = 1")
        db.commit()
    file.chmod(0o644)
    return folder


def gallery_of_version_3(folder: Path, location: Path, people: list[str]) -> Path:
    """The gallery of `gallery_of_version_1` as version 3 had brought it forward."""
    gallery_of_version_1(folder, location, people)
    with closing(sqlite3.connect(folder / "gallery.db")) as db:
        db.executescript(FROM_1_TO_3)
        db.commit()
    return folder
