//! The pages of a column under zstd, decompressed by decompressors that are kept.
//!
//! The reader of pages makes a decompressor for every column. In a file of many short columns that takes as long as the
//! decompression: each asks the processor what it is, which on a virtual machine is answered by the host.

use std::io::Cursor;
use std::sync::Mutex;

use polars_parquet_format::PageHeader;
use polars_parquet_format::PageType;
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use zstd::bulk::Decompressor;

/// Decompressors that are not in use.
#[derive(Default)]
pub(super) struct Inflaters(Mutex<Vec<Decompressor<'static>>>);

impl Inflaters {
    /// The same pages, not compressed, behind headers that say so; `None` where they are not as a column of `values` values
    /// should be, which the reader of pages then says better.
    pub(super) fn inflated(&self, pages: &[u8], values: i64) -> Option<Vec<u8>> {
        let idle = self.0.lock().ok()?.pop();
        let mut inflater = match idle {
            Some(inflater) => inflater,
            None => Decompressor::new().ok()?,
        };
        let inflated = inflate(pages, values, &mut inflater);
        self.0.lock().ok()?.push(inflater);
        inflated
    }
}

fn inflate(mut pages: &[u8], values: i64, inflater: &mut Decompressor<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut seen = 0;
    while seen < values {
        let mut cursor = Cursor::new(pages);
        let header =
            PageHeader::read_from_in_protocol(&mut TCompactInputProtocol::new(&mut cursor, pages.len())).ok()?;
        let rest = pages.get(usize::try_from(cursor.position()).ok()?..)?;
        let (page, behind) = rest.split_at_checked(usize::try_from(header.compressed_page_size).ok()?)?;
        pages = behind;
        // the levels of a page of the second kind are never compressed
        let (count, plain) = match (header.type_, &header.data_page_header, &header.data_page_header_v2) {
            (PageType::DICTIONARY_PAGE, ..) => (0, 0),
            (PageType::DATA_PAGE, Some(about), _) => (about.num_values, 0),
            (PageType::DATA_PAGE_V2, _, Some(about)) if about.is_compressed == Some(false) => {
                (about.num_values, page.len())
            }
            (PageType::DATA_PAGE_V2, _, Some(about)) => {
                let levels = about.definition_levels_byte_length.checked_add(about.repetition_levels_byte_length)?;
                (about.num_values, usize::try_from(levels).ok()?)
            }
            _ => return None,
        };
        seen += i64::from(count);
        let size = usize::try_from(header.uncompressed_page_size).ok()?;
        let mut told = PageHeader { compressed_page_size: header.uncompressed_page_size, crc: None, ..header };
        if let Some(about) = &mut told.data_page_header_v2 {
            about.is_compressed = Some(false);
        }
        told.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut out)).ok()?;
        let (levels, packed) = page.split_at_checked(plain)?;
        let start = out.len();
        out.resize(start.checked_add(size)?, 0);
        let (front, back) = out[start..].split_at_mut_checked(plain)?;
        front.copy_from_slice(levels);
        let filled = if packed.is_empty() { 0 } else { inflater.decompress_to_buffer(packed, back).ok()? };
        if filled != back.len() {
            return None;
        }
    }
    Some(out)
}
