//! A database as bytes: for a store that somebody else will own, such as the one in an image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use frazil_model::StoreDir;
use rusqlite::{Connection, MAIN_DB};

use super::{Database, DatabaseError, schema};
use crate::fs::Disk;
use crate::path_info::PathInfo;

/// What the database is called in errors; it has no file.
const NO_FILE: &str = ":memory:";

/// A database in which these paths, and no others, are valid since `time` (seconds since 1970).
/// Their references must be among them. The same paths in the same order give the same bytes.
pub fn snapshot(
    store_dir: &StoreDir,
    paths: Vec<PathInfo>,
    time: i64,
) -> Result<Vec<u8>, DatabaseError> {
    let failed =
        |action| move |source| DatabaseError::Sql { action, file: PathBuf::from(NO_FILE), source };
    let connection = Connection::open_in_memory().map_err(failed("create"))?;
    connection.execute_batch(schema::CREATE).map_err(failed("create"))?;
    let (file, disk) = (PathBuf::from(NO_FILE), Disk::default());
    let mut database = Database { connection, file, store_dir: store_dir.clone(), disk };
    let paths: Vec<_> = paths.into_iter().map(|info| (info, BTreeMap::new())).collect();
    database.register(&paths, time)?;
    // Without pages that are free, or that hold what was there before.
    database.connection.execute_batch("vacuum").map_err(failed("write to"))?;
    let bytes = database.connection.serialize(MAIN_DB).map_err(failed("read"))?;
    Ok(bytes.to_vec())
}
