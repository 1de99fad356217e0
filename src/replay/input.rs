//! An input of a replay: a file of JSON lines, plain, gzip or zstd, or standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Read buffer in bytes: large enough that a line rarely crosses its end.
const BUFFER: usize = 1 << 18;

/// A file with the scope of its alerts that bring none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The scope; `None`: the replay's.
    pub scope: Option<String>,
    /// The file; `-` is standard input.
    pub path: PathBuf,
}

/// Tells how many bytes of a file were read.
struct Counted<'a, R> {
    inner: R,
    progress: &'a dyn Fn(u64),
}

impl Input {
    /// The name by which rows refer to the file: its last part, `-` for standard input.
    #[must_use]
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(|| "-".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Its size in bytes as stored, where that is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        std::fs::metadata(&self.path).ok().map(|meta| meta.len())
    }

    /// A reader of its plain bytes. The compression is told from the name's end.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub(crate) fn open<'a>(&self, progress: &'a dyn Fn(u64)) -> io::Result<Box<dyn BufRead + 'a>> {
        if self.path == Path::new("-") {
            return Ok(Box::new(BufReader::with_capacity(BUFFER, io::stdin())));
        }
        let file = Counted {
            inner: File::open(&self.path)?,
            progress,
        };
        Ok(match self.path.extension().and_then(|end| end.to_str()) {
            Some("gz") => buffered(flate2::read::MultiGzDecoder::new(file)),
            Some("zst" | "zstd") => buffered(zstd::stream::read::Decoder::new(file)?),
            _ => buffered(file),
        })
    }
}

fn buffered<'a>(reader: impl Read + 'a) -> Box<dyn BufRead + 'a> {
    Box::new(BufReader::with_capacity(BUFFER, reader))
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        (self.progress)(count as u64);
        Ok(count)
    }
}
