//! Inflate: gzip and zstd values, told by their first bytes, within bounds that a bomb can't pass.

use std::io::Read;

use super::super::limits::Limits;
use super::super::reject::Reject;

/// How much larger than its compressed form a value may be. Real alerts compress 3 to 12 times; deflate reaches 1,032.
const RATIO_MAX: usize = 32;
/// Up to this the ratio doesn't matter: few small alerts may repeat themselves that much.
const SMALL_BYTES: usize = 64 * 1024;

/// A compression told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    pub(in super::super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The bytes inside.
    ///
    /// # Errors
    /// [`Reject::BadCompression`], or [`Reject::TooLarge`] for what grows beyond a message's size or 32 times its own.
    pub(in super::super) fn inflate(
        self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Vec<u8>, Reject> {
        let max = (bytes.len().saturating_mul(RATIO_MAX))
            .max(SMALL_BYTES)
            .min(limits.message_bytes_max);
        let mut inflated = Vec::new();
        // One byte more than allowed tells that there is more.
        let room = max as u64 + 1;
        let read = match self {
            Self::Gzip => flate2::read::MultiGzDecoder::new(bytes)
                .take(room)
                .read_to_end(&mut inflated),
            Self::Zstd => zstd(bytes, room, &mut inflated),
        };
        if inflated.len() > max {
            return Err(Reject::TooLarge {
                bytes: inflated.len(),
                max,
            });
        }
        match read {
            Ok(_) => Ok(inflated),
            Err(_) => Err(Reject::BadCompression {
                name: self.as_str(),
            }),
        }
    }
}

/// One frame: producers compress a message into one, and a second could ask for a window of 100 MiB at once.
fn zstd(bytes: &[u8], room: u64, inflated: &mut Vec<u8>) -> std::io::Result<usize> {
    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(std::io::Error::other)?;
    decoder.take(room).read_to_end(inflated)
}
