//! What can be wrong with a table. Those of src/table/catalogue* are read in the program; these go through it.

use std::io::Write;

use super::{Case, case, hold, numbers};

/// A table that a small pipeline is run over.
fn table(name: &'static str, file: &str, content: impl AsRef<[u8]>) -> Case {
    let pipeline = format!("version: 1\ninput: {{path: {file}}}\nautoencoder: {{code_size: 2}}\noutput: run\n");
    case(name).file(file, content).file("p.yaml", pipeline).run(&["run", "p.yaml"])
}

fn inspected(name: &'static str, file: &str, content: impl AsRef<[u8]>) -> Case {
    case(name).file(file, content).run(&["inspect", file])
}

fn with_row(row: &str) -> String {
    format!("{}\n{row}\n", numbers(20, 4))
}

pub(super) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn mtx(kind: &str, sizes: &str, entries: &str) -> String {
    format!("%%MatrixMarket matrix coordinate {kind} general\n{sizes}\n{entries}")
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(content).expect("packs");
    packer.finish().expect("packs")
}

#[test]
fn text_tables() {
    let count = hold(vec![
        table("no byte", "t.csv", "").says(&["no rows", "t.csv"]),
        table("line breaks", "t.csv", "\n\n\n").says(&["no rows"]),
        table("a header alone", "t.csv", "a,b,c").says(&["no rows"]),
        table("one row", "t.csv", "a,b,c\n1,2,3\n").says(&["row"]),
        table("two rows", "t.csv", "a,b,c\n1,2,3\n3,2,1\n").says(&["row"]),
        table("one column", "t.csv", "a\n1\n2\n3\n4\n5\n6\n7\n8\n9\n").says(&["1"]),
        table("no number", "t.csv", "a\nx1\nx2\nx3\n").says(&[]),
        table("all rows alike", "t.csv", format!("a,b,c\n{}", "1,2,3\n".repeat(40))).says(&["c"]),
        table("infinite", "t.csv", with_row("inf,1,2,3")).says(&["c0", "row 21"]),
        table("minus infinite", "t.csv", with_row("1,-Infinity,2,3")).says(&["c1", "row 21"]),
        table("beyond double precision", "t.csv", with_row("1e309,1,2,3")).says(&["1e309", "c0"]),
        table("beyond single precision", "t.csv", with_row("1e39,1,2,3")).says(&["1e39", "c0"]),
        table("a number of 400 digits", "t.csv", with_row(&format!("{},1,2,3", "9".repeat(400)))).says(&["c0"]),
        table("text among numbers", "t.csv", with_row("abc,1,2,3")).says(&["abc", "c0", "row 21"]),
        table("markup among numbers", "t.csv", with_row("<script>alert(1)</script>,1,2,3")).says(&["c0"]),
        table("an escape among numbers", "t.csv", with_row("\u{1b}[31m,1,2,3")).says(&["c0", "\u{fffd}"]),
        table("a text of a megabyte among numbers", "t.csv", with_row(&format!("{},1,2,3", "x".repeat(1_000_000))))
            .says(&["c0", "…"]),
        table("thousands", "t.csv", with_row("\"1,234\",1,2,3")).says(&["1,234"]),
        table("money", "t.csv", with_row("$5,1,2,3")).says(&["$5"]),
        table("hexadecimal", "t.csv", with_row("0x10,1,2,3")).says(&["0x10"]),
        table("missing", "t.csv", with_row("NA,1,2,3")).says(&["c0", "missing", "input.missing.numeric"]),
        table("missing by a blank", "t.csv", with_row(",1,2,3")).says(&["c0", "missing"]),
        table("a column of nothing", "t.csv", "a,b,c\n1,,2\n2,,3\n3,,5\n4,,7\n").says(&["`b`"]),
        table("two columns of one name, named as the label", "t.csv", "a,b,a\n1,2,3\n2,3,4\n")
            .file("p.yaml", "version: 1\ninput: {path: t.csv, labels: [a]}\noutput: run\n")
            .says(&["`a`", "1 and 3"]),
        table("a date that is none", "t.csv", "a,when\n".to_owned() + &"1,2026-01-01\n".repeat(1000) + "2,soon\n")
            .file("p.yaml", "version: 1\ninput: {path: t.csv, times: number}\noutput: run\n")
            .says(&["`when` holds `soon` in row 1001, which is no date"]),
        table("a column without a name", "t.csv", "a,,c\n1,2,3\n2,3,4\n").says(&["column 2"]),
        table("a comma too many", "t.csv", "a,b,\n1,2,\n2,3,\n").says(&["column 3"]),
        table("no header", "t.csv", "1.5,2,3\n4,5,6\n7,8,9\n").says(&["header"]),
        table("a short row", "t.csv", with_row("1,2")).says(&["2 fields"]),
        table("a long row", "t.csv", with_row("1,2,3,4,5")).says(&["5 fields"]),
        table("an open quote", "t.csv", with_row("\"1,2,3,4")).says(&["line 22", "never closed"]),
        table("text after a quote", "t.csv", with_row("\"1\"x,2,3,4")).says(&["line 22"]),
        table("Latin-1", "t.csv", b"na\xefve,b\n1,2\n2,3\n").says(&["UTF-8"]),
        table("UTF-16", "t.csv", b"\xff\xfea\0,\0b\0\n\0").says(&["UTF-16"]),
        table("zero bytes", "t.csv", b"a\0b,c\n1,2\n").says(&["binary"]),
        table("carriage returns only", "t.csv", "a,b\r1,2\r3,4\r").says(&["carriage returns"]),
        table("ids twice", "t.csv", "id,a,b\nx,1,2\nx,2,3\ny,3,4\n")
            .file("p.yaml", "version: 1\ninput: {path: t.csv, id: id}\noutput: run\n")
            .says(&["`x`", "rows 1 and 2"]),
        table("ids that steer the terminal", "t.csv", "id,a,b\n\u{1b}]0;x\u{7},1,2\n\u{1b}]0;x\u{7},2,3\n")
            .file("p.yaml", "version: 1\ninput: {path: t.csv, id: id}\noutput: run\n")
            .says(&["rows 1 and 2"]),
        table("an id that is missing", "t.csv", "id,a,b\nx,1,2\n,2,3\n")
            .file("p.yaml", "version: 1\ninput: {path: t.csv, id: id}\noutput: run\n")
            .says(&["row 2"]),
        table("other columns in the second file", "t1.csv", numbers(20, 4))
            .file("t2.csv", numbers(20, 3))
            .file("p.yaml", "version: 1\ninput: {path: \"t*.csv\"}\noutput: run\n")
            .says(&["t2.csv", "c3"]),
        table("a workbook", "t.xlsx", b"PK\x03\x04......").says(&["CSV"]),
        table("a database", "t.csv", b"SQLite format 3\0").says(&["SQLite"]),
        table("a picture", "t.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").says(&["t.csv"]),
        table("packed and cut", "t.csv.gz", &gz(numbers(20, 4).as_bytes())[..40]).says(&["damaged"]),
        table("packed, with a changed byte", "t.csv.gz", {
            let mut bytes = gz(numbers(200, 4).as_bytes());
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            bytes
        })
        .says(&["t.csv.gz"]),
        table("packed twice", "t.csv.gz", gz(&gz(numbers(20, 4).as_bytes()))).says(&["t.csv.gz"]),
        table("packed nothing", "t.csv.gz", gz(b"")).says(&["no rows"]),
        table("packed otherwise and cut", "t.csv.zst", b"\x28\xb5\x2f\xfd\x00").says(&["t.csv.zst"]),
    ]);
    assert!(count >= 45, "{count} cases");
}

#[test]
fn binary_tables() {
    let parquet = std::fs::read(crate::program::repository().join("sample_data/genes.parquet")).expect("genes");
    let flipped = |at: usize| {
        let mut bytes = parquet.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let footer = parquet.len() - 8;
    let length = |bytes: [u8; 4]| {
        let mut changed = parquet[..60_000].to_vec();
        changed.extend(bytes);
        changed.extend(b"PAR1");
        changed
    };
    let count = hold(vec![
        table("Parquet: nothing but its name", "t.parquet", "a,b\n1,2\n").says(&["no Parquet file"]),
        table("Parquet: four bytes", "t.parquet", "PAR1").says(&["damaged"]),
        table("Parquet: cut", "t.parquet", &parquet[..parquet.len() / 2]).says(&["damaged"]),
        table("Parquet: without its last byte", "t.parquet", &parquet[..parquet.len() - 1]).says(&["damaged"]),
        table("Parquet: without its first byte", "t.parquet", &parquet[1..]).says(&["t.parquet"]),
        table("Parquet: a footer of 2 GiB", "t.parquet", length([0xff, 0xff, 0xff, 0x7f])).says(&["damaged"]),
        table("Parquet: a footer of nothing", "t.parquet", length([0; 4])).says(&["damaged"]),
        table("Parquet: a footer of data", "t.parquet", length([0x00, 0x40, 0, 0])).says(&["damaged"]),
        table("Parquet: a changed footer", "t.parquet", flipped(footer - 2000)).says(&["t.parquet"]),
        table("Parquet: encrypted", "t.parquet", b"PARE\x15\x04\x15PARE").says(&["encrypted"]),
        table("Arrow: cut", "t.arrow", b"ARROW1\0\0\xff\xff").says(&["damaged"]),
        table("Arrow: a footer that leads nowhere", "t.arrow", b"ARROW1\0\0\xff\xff\xff\xff\xff\xff\xff\x7fARROW1")
            .says(&["damaged"]),
        table("NDJSON: a line cut", "t.ndjson", "{\"a\": 1}\n{\"a\": \n").says(&["line 2"]),
        table("NDJSON: no objects", "t.ndjson", "[1, 2]\n[3, 4]\n").says(&["line 1"]),
        table(
            "NDJSON: lists 100,000 deep",
            "t.ndjson",
            format!("{{\"a\": {}{}}}\n", "[".repeat(100_000), "]".repeat(100_000)),
        )
        .says(&["nested"]),
        table(
            "NDJSON: objects 100,000 deep",
            "t.ndjson",
            format!("{}1{}\n", "{\"a\": ".repeat(100_000), "}".repeat(100_000)),
        )
        .says(&["nested"]),
        table("NDJSON: deep over many lines", "t.ndjson", format!("{{\"a\": {}", "[\n".repeat(100_000)))
            .says(&["NDJSON"]),
        inspected("npy: a terabyte of columns", "t.npy", npy("<f4", "(0, 1099511627776)", &[])).says(&["available"]),
        inspected("npy: a terabyte of rows", "t.npy", npy("<f4", "(1099511627776, 0)", &[])).says(&["available"]),
        inspected("npy: sizes that overflow", "t.npy", npy("<f4", "(18446744073709551615, 18446744073709551615)", &[]))
            .says(&["available"]),
        inspected("npy: sizes beyond 64 bits", "t.npy", npy("<f4", "(99999999999999999999999, 2)", &[]))
            .says(&["shape"]),
        inspected("npy: negative sizes", "t.npy", npy("<f4", "(-1, 2)", &[])).says(&["shape"]),
        inspected("npy: 100 million columns", "t.npy", npy("<f4", "(1, 100000000)", &[])).says(&["available"]),
        inspected("npy: objects", "t.npy", npy("|O", "(2, 2)", &[0; 32])).says(&["|O"]),
        inspected("npy: three sides", "t.npy", npy("<f4", "(1, 1, 1)", &[0; 4])).says(&["3 dimensions"]),
        inspected("npy: cut", "t.npy", npy("<f4", "(2, 2)", &[0; 12])).says(&["last element"]),
        inspected("npy: a header of nothing", "t.npy", b"\x93NUMPY\x01\0\0\0").says(&["records"]),
        inspected("npy: a header of 4 GiB", "t.npy", b"\x93NUMPY\x02\0\xff\xff\xff\xff").says(&["header"]),
        inspected("npz: no list", "t.npz", b"PK\x03\x04............").says(&["list of its entries"]),
        inspected("npz: a list outside", "t.npz", {
            let mut bytes = b"PK\x03\x04PK\x05\x06".to_vec();
            bytes.extend([0xff; 18]);
            bytes
        })
        .says(&["outside"]),
        inspected("mtx: four billion columns", "t.mtx", mtx("real", "1 4000000000 1", "1 1 1\n")).says(&["available"]),
        inspected("mtx: four billion rows", "t.mtx", mtx("real", "4000000000 1 1", "1 1 1\n")).says(&["available"]),
        inspected("mtx: more entries than there are", "t.mtx", mtx("real", "5 5 18446744073709551615", "1 1 1\n"))
            .says(&["announced"]),
        inspected("mtx: row 0", "t.mtx", mtx("real", "5 5 1", "0 1 1\n")).says(&["line 3"]),
        inspected("mtx: a row beyond", "t.mtx", mtx("real", "5 5 1", "6 1 1\n")).says(&["line 3"]),
        inspected("mtx: an entry twice", "t.mtx", mtx("real", "5 5 2", "1 1 1\n1 1 1\n")).says(&["twice"]),
        inspected("mtx: no sizes", "t.mtx", mtx("real", "a b c", "")).says(&["sizes"]),
        inspected("mtx: complex", "t.mtx", mtx("complex", "1 1 1", "1 1 1 0\n")).says(&["complex"]),
        inspected("mtx: empty", "t.mtx", mtx("real", "0 0 0", "")).says(&["no rows"]),
        inspected("HDF5: cut", "t.h5ad", b"\x89HDF\r\n\x1a\n....").says(&["HDF5"]),
        inspected("HDF5: a superblock of noise", "t.h5ad", {
            let mut bytes = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".to_vec();
            bytes.extend([0xee; 400]);
            bytes
        })
        .says(&["HDF5"]),
    ]);
    assert!(count >= 40, "{count} cases");
}
