//! gzip as people have it: several members one after the other, and zeros behind the last one.

use std::io::{Error, ErrorKind, Read, Result};

use flate2::bufread::GzDecoder;

/// The first bytes of every gzip file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether `bytes` begin as gzip does. Headers of a server and endings of names are not asked: they differ.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Decompresses all members of a gzip file. Tapes, and what pads a file to whole blocks, leave zeros behind
/// the last member; `gzip -d` ignores them, and so does this.
pub(super) struct Members<'a>(GzDecoder<&'a [u8]>);

impl<'a> Members<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(GzDecoder::new(bytes))
    }
}

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let rest: &[u8] = self.0.get_ref();
            if rest.iter().all(|byte| *byte == 0) {
                return Ok(0);
            }
            if !is_gzip(rest) {
                let problem = "other bytes follow its end";
                return Err(Error::new(ErrorKind::InvalidData, problem));
            }
            self.0 = GzDecoder::new(rest);
        }
    }
}
