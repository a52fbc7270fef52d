//! The zip archive that an `.npz` file is.

use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;

use super::damaged;
use crate::error::Error;
use crate::error::Result;

/// A file within a zip archive.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    packed: bool,
    /// Where its own header starts.
    start: u64,
    length: u64,
}

impl Entry {
    pub(super) fn open(&self, path: &Path) -> Result<Box<dyn Read>> {
        let io = |error| Error::io("read", path, &error);
        let mut file = File::open(path).map_err(io)?;
        file.seek(SeekFrom::Start(self.start)).map_err(io)?;
        let mut header = [0_u8; 30];
        file.read_exact(&mut header).map_err(|_| damaged("the archive ends within an entry"))?;
        if &header[..4] != b"PK\x03\x04" {
            return Err(damaged("an entry is not where the archive says"));
        }
        let skip = i64::from(short(&header, 26)) + i64::from(short(&header, 28));
        file.seek(SeekFrom::Current(skip)).map_err(io)?;
        let bytes = std::io::BufReader::with_capacity(1 << 18, file.take(self.length));
        Ok(if self.packed { Box::new(flate2::bufread::DeflateDecoder::new(bytes)) } else { Box::new(bytes) })
    }
}

/// The entries of a zip archive, by its central directory (APPNOTE 6.3, with 64-bit sizes).
pub(super) fn entries(path: &Path) -> Result<Vec<Entry>> {
    const TAIL: u64 = 66_000;
    const MOST: u64 = 64 << 20;
    let io = |error| Error::io("read", path, &error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(io)?;
    file.by_ref().take(TAIL).read_to_end(&mut tail).map_err(io)?;
    let Some(end) = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").filter(|end| end + 22 <= tail.len())
    else {
        return Err(damaged("the archive has no list of its entries"));
    };
    let (mut size, mut start) = (u64::from(long(&tail, end + 12)), u64::from(long(&tail, end + 16)));
    if let Some(wide) =
        tail[..end].windows(4).rposition(|bytes| bytes == b"PK\x06\x06").filter(|wide| wide + 56 <= tail.len())
    {
        (size, start) = (longest(&tail, wide + 40), longest(&tail, wide + 48));
    }
    if size > MOST || start.saturating_add(size) > length {
        return Err(damaged("the archive's list of entries lies outside of it"));
    }
    let mut list = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    file.take(size).read_to_end(&mut list).map_err(io)?;
    let mut found = Vec::new();
    let mut at = 0;
    while at + 46 <= list.len() && &list[at..at + 4] == b"PK\x01\x02" {
        let (name, extra, comment) =
            (short(&list, at + 28) as usize, short(&list, at + 30) as usize, short(&list, at + 32) as usize);
        let (mut packed_length, plain_length, mut start) =
            (u64::from(long(&list, at + 20)), u64::from(long(&list, at + 24)), u64::from(long(&list, at + 42)));
        let Some(text) = list.get(at + 46..at + 46 + name) else { break };
        let text = String::from_utf8_lossy(text).into_owned();
        let extras = list.get(at + 46 + name..at + 46 + name + extra).unwrap_or_default();
        if let Some(wide) = wide_field(extras) {
            let mut fields = wide.chunks_exact(8).map(|bytes| longest(bytes, 0));
            if plain_length == u64::from(u32::MAX) {
                fields.next();
            }
            if packed_length == u64::from(u32::MAX) {
                packed_length = fields.next().unwrap_or(0);
            }
            if start == u64::from(u32::MAX) {
                start = fields.next().unwrap_or(0);
            }
        }
        let packed = match short(&list, at + 10) {
            0 => false,
            8 => true,
            _ => return Err(damaged("an entry is packed in a way that numpy does not use")),
        };
        let name = text.strip_suffix(".npy").unwrap_or(&text).to_owned();
        found.push(Entry { name, packed, start, length: packed_length });
        at += 46 + name_length(&list, at) + extra + comment;
    }
    Ok(found)
}

fn name_length(list: &[u8], at: usize) -> usize {
    short(list, at + 28) as usize
}

/// The extra field with 64-bit sizes.
fn wide_field(mut extras: &[u8]) -> Option<&[u8]> {
    while extras.len() >= 4 {
        let (kind, length) = (short(extras, 0), short(extras, 2) as usize);
        let body = extras.get(4..4 + length)?;
        if kind == 1 {
            return Some(body);
        }
        extras = &extras[4 + length..];
    }
    None
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn longest(bytes: &[u8], at: usize) -> u64 {
    u64::from(long(bytes, at)) | (u64::from(long(bytes, at + 4)) << 32)
}
