//! Memory that is not there is one message and exit code 1; what bombs hold is never unpacked whole.

use std::io::Write;
use std::process::Command;
use std::time::Instant;

use super::{breaches, case, hold, limited, numbers};
use crate::program::{Place, Said};

/// Kibibytes of address space with which a small run just fits; the program alone needs less than half of it.
const ENOUGH: u32 = 1_500_000;

fn run(place: &Place, kibibytes: u32) -> Said {
    limited(place, &["run".to_owned(), "p.yaml".to_owned()], kibibytes)
}

#[test]
fn a_run_out_of_memory_says_so_at_any_limit() {
    let place = Place::new();
    // wide enough that the work, not the program, is what does not fit
    place.file("t.csv", numbers(400, 3000)).file(
        "p.yaml",
        "version: 1\ninput: {path: t.csv}\nautoencoder: {code_size: 8, hidden: [2000], training: {max_epochs: 1}}\ntsne: none\nevaluate: none\noutput: run\n",
    );
    let mut failed = 0;
    for step in 0..20 {
        let said = run(&place, 90_000 + step * 25_000);
        if said.code == 0 {
            continue;
        }
        failed += 1;
        let code = if said.code == 2 { 2 } else { 1 };
        assert!(
            breaches(&said, code).is_empty(),
            "at {} KiB: {:?}\n{}",
            90_000 + step * 25_000,
            breaches(&said, code),
            said.stderr
        );
        let half = place.names().into_iter().filter(|name| name.ends_with(".tmp")).collect::<Vec<_>>();
        assert!(half.is_empty(), "{half:?}");
    }
    assert!(failed >= 5, "only {failed} of the limits were too low");
}

#[test]
fn what_a_bomb_holds_is_not_unpacked_whole() {
    let place = Place::new();
    let mut packer = flate2::write::GzEncoder::new(
        std::fs::File::create(place.join("bomb.csv.gz")).expect("a file"),
        flate2::Compression::fast(),
    );
    packer.write_all(b"a,b\n").expect("packs");
    let block = "1,2\n".repeat(1 << 18);
    for _ in 0..600 {
        packer.write_all(block.as_bytes()).expect("packs");
    }
    packer.finish().expect("packs");
    let mut packer =
        zstd::Encoder::new(std::fs::File::create(place.join("line.csv.zst")).expect("a file"), 1).expect("packs");
    for _ in 0..600 {
        packer.write_all(&vec![b'x'; 1 << 20]).expect("packs");
    }
    packer.finish().expect("packs");
    for (file, word) in [("bomb.csv.gz", "available"), ("line.csv.zst", "longer than")] {
        let began = Instant::now();
        let said = limited(&place, &["inspect".to_owned(), file.to_owned()], ENOUGH);
        assert!(breaches(&said, 2).is_empty() && said.stderr.contains(word), "{file}: {}", said.stderr);
        assert!(began.elapsed().as_secs() < 60, "{file}: {:?}", began.elapsed());
    }
}

#[test]
fn a_parquet_file_of_kilobytes_that_holds_gigabytes_is_refused_by_its_counts() {
    // 10 columns of 20,000,000 equal values: run-length encoded they are next to nothing
    let place = Place::new();
    place.file("rows.parquet", include_bytes!("../../bombs/rows.parquet"));
    let began = Instant::now();
    let said = limited(&place, &["inspect".to_owned(), "rows.parquet".to_owned()], ENOUGH);
    assert!(breaches(&said, 2).is_empty() && said.stderr.contains("20000000 rows × 10 columns"), "{}", said.stderr);
    assert!(began.elapsed().as_secs() < 5);
}

#[test]
fn wide_and_long_lines_are_bounded() {
    hold(vec![
        case("a line of a gigabyte")
            .before("head -c 1073741824 /dev/zero | tr '\\0' 'x' > t.csv")
            .run(&["inspect", "t.csv"])
            .says(&["line 1", "256 MiB"]),
        case("a gigabyte of nothing").before("truncate -s 1G t.csv").run(&["inspect", "t.csv"]).says(&["t.csv"]),
        case("300 MB of quotes")
            .before("head -c 314572800 /dev/zero | tr '\\0' '\"' > t.csv")
            .run(&["inspect", "t.csv"])
            .says(&["line 1"]),
        case("60 million columns")
            .before("{ yes a, | head -c 180000000 | tr -d '\\n'; printf '\\n1\\n'; } > t.csv")
            .run(&["inspect", "t.csv"])
            .says(&["available"]),
    ]);
}

#[test]
fn a_hundred_thousand_columns_are_read() {
    let place = Place::new();
    let names: Vec<String> = (0..100_000).map(|column| format!("c{column}")).collect();
    let row = |value: &str| vec![value; 100_000].join(",");
    place.file("t.csv", format!("{}\n{}\n{}\n", names.join(","), row("1"), row("2")));
    let said = limited(&place, &["inspect".to_owned(), "t.csv".to_owned()], ENOUGH).done();
    assert!(said.stdout.contains("2 rows × 100000 columns") && said.stdout.len() < 20_000, "{}", said.stdout);
}

#[test]
fn a_panic_is_one_line_wherever_it_is() {
    // damaged so that the library that reads it panics; whoever has set RUST_BACKTRACE sees no more of it
    let place = Place::new();
    place.file("t.parquet", include_bytes!("../../../fuzz/corpus/columnar/panics.parquet"));
    let output = Command::new(env!("CARGO_BIN_EXE_reduce"))
        .args(["inspect", "t.parquet"])
        .current_dir(place.path())
        .env("RUST_BACKTRACE", "full")
        .output();
    let said = Said::of(output.expect("the program starts"));
    assert!(breaches(&said, 2).is_empty(), "{:?}\n{}", breaches(&said, 2), said.stderr);
}
