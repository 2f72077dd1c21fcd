//! Archives as Teleporter saves them.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};
use rusqlite::Connection;

/// A .zip of these parts.
pub(super) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, part) in parts {
        let deflate = CompressionMethod::DEFLATE;
        let (mut entry, config) =
            archive.new_file(*name).compression_method(deflate).start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
        writer.write_all(part).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

/// A .tar.gz of these parts.
pub(super) fn tar(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, part) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(part.len() as u64);
        header.set_cksum();
        archive.append_data(&mut header, name, part.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// A database as Teleporter makes one: tables without any of their constraints.
pub(super) fn gravity(folder: &Path, rows: &str) -> Vec<u8> {
    let path = folder.join("made.db");
    let database = Connection::open(&path).unwrap();
    let tables = "CREATE TABLE \"group\" (id INTEGER, enabled INTEGER, name TEXT);
         CREATE TABLE adlist (id INTEGER, address TEXT, enabled INTEGER, comment TEXT, type INTEGER);
         CREATE TABLE adlist_by_group (adlist_id INTEGER, group_id INTEGER);
         CREATE TABLE domainlist (id INTEGER, type INTEGER, domain TEXT, enabled INTEGER);
         CREATE TABLE domainlist_by_group (domainlist_id INTEGER, group_id INTEGER);
         CREATE TABLE client (id INTEGER, ip TEXT, comment TEXT);
         CREATE TABLE client_by_group (client_id INTEGER, group_id INTEGER);";
    database.execute_batch(tables).unwrap();
    database.execute_batch(rows).unwrap();
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    bytes
}
