//! Every trace kept: SQLite and JSON documents.
