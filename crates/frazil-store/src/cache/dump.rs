//! The NAR of a valid path.

use std::io::Write;

use frazil_model::StorePath;
use frazil_model::nar::Encoder;

use crate::store::Store;
use crate::tree::{TreeError, dump};

impl Store {
    /// Writes the NAR of a path to `out`. It is not compared with what was registered.
    pub fn write_nar(&self, path: &StorePath, out: &mut dyn Write) -> Result<(), TreeError> {
        let mut encoder = Encoder::new(out)?;
        dump(&self.layout.path(path), &mut |event| Ok(encoder.put(event)?))?;
        Ok(encoder.finish()?)
    }
}
