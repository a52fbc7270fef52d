//! Tables read in parts, and samples drawn while reading: the same whatever the format.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use crate::event::silent;
use crate::table::Input;
use crate::table::LabelValues;
use crate::table::Rows;
use crate::table::Table;
use crate::table::parts::parts_of;
use crate::table::read;

const ROWS: i64 = 5003;
const FILES: [&str; 6] = ["t.csv", "t.csv.gz", "t.parquet", "t.arrow", "t.ndjson", "t.ndjson.gz"];

/// The same table as text, Parquet, Arrow and NDJSON: an id, amounts that look like classes at first, classes, numbers.
fn written(folder: &Path) {
    let rows: Vec<i64> = (0..ROWS).collect();
    let ids: Vec<String> = rows.iter().map(|row| format!("r{row}")).collect();
    let ages: Vec<i64> = rows.iter().map(|row| row / 100).collect();
    let sites: Vec<String> = rows.iter().map(|row| format!("s{}", row / 1000)).collect();
    let numbers: Vec<f64> = rows.iter().map(|row| *row as f64 / 8.0).collect();
    let mut text = "id,age,site,a,b\n".to_owned();
    let mut lines = String::new();
    for row in 0..rows.len() {
        let (id, age, site, a, b) = (&ids[row], ages[row], &sites[row], numbers[row], -rows[row]);
        text += &format!("{id},{age},{site},{a},{b}\n");
        lines += &format!("{{\"id\": \"{id}\", \"age\": {age}, \"site\": \"{site}\", \"a\": {a}, \"b\": {b}}}\n");
    }
    let packed = |bytes: &str| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    std::fs::write(folder.join("t.csv"), &text).unwrap();
    std::fs::write(folder.join("t.csv.gz"), packed(&text)).unwrap();
    std::fs::write(folder.join("t.ndjson"), &lines).unwrap();
    std::fs::write(folder.join("t.ndjson.gz"), packed(&lines)).unwrap();
    let mut frame = df!["id" => ids, "age" => ages, "site" => sites, "a" => numbers,
        "b" => rows.iter().map(|row| -row).collect::<Vec<_>>()]
    .unwrap();
    let file = || File::create(folder.join("t.parquet")).unwrap();
    ParquetWriter::new(file()).with_row_group_size(Some(700)).finish(&mut frame).unwrap();
    let mut batches = IpcWriter::new(File::create(folder.join("t.arrow")).unwrap());
    batches.finish(&mut frame).unwrap();
}

fn input(file: &str) -> Input {
    Input { id: Some("id".into()), labels: vec!["age".into(), "site".into()], ..Input::new(file) }
}

fn in_parts(folder: &Path, file: &str, rows: usize) -> Vec<Table> {
    let mut tables = Vec::new();
    parts_of(&input(file), folder, &|_| rows, &mut silent, &mut |table| {
        tables.push(table);
        Ok(())
    })
    .unwrap();
    tables
}

#[test]
fn parts_together_are_the_whole_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let whole = read::read(&input("t.csv"), folder.path(), &mut silent).unwrap();
    for file in FILES {
        assert_eq!(read::read(&input(file), folder.path(), &mut silent).unwrap().frame, whole.frame, "{file}");
        let parts = in_parts(folder.path(), file, 1000);
        assert!(parts.len() >= 5 && parts.iter().all(|part| part.ids.len() <= 1000), "{file}: {}", parts.len());
        let ids: Vec<&String> = parts.iter().flat_map(|part| &part.ids).collect();
        assert_eq!(ids, whole.ids.iter().collect::<Vec<_>>(), "{file}");
        let values: Vec<f32> = parts.iter().flat_map(|part| part.frame.values.iter().copied()).collect();
        assert_eq!(values, whole.frame.values.iter().copied().collect::<Vec<_>>(), "{file}");
        let rows: Vec<usize> = parts.iter().flat_map(|part| part.rows.iter().copied()).collect();
        assert_eq!(rows, whole.rows, "{file}");
    }
}

#[test]
fn a_label_is_of_one_kind_in_all_parts() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    for file in FILES {
        // 51 ages are classes; the 51st is seen in the last part only
        for part in in_parts(folder.path(), file, 500) {
            assert!(matches!(part.labels[0].values, LabelValues::Classes { .. }), "{file}");
            assert!(matches!(part.labels[1].values, LabelValues::Classes { .. }), "{file}");
        }
    }
    let text: String = std::iter::once("id,age,site,a\n".to_owned())
        .chain((0..300).map(|row| format!("r{row},{},s,1.5\n", row / 3)))
        .collect();
    std::fs::write(folder.path().join("many.csv"), text).unwrap();
    for part in in_parts(folder.path(), "many.csv", 64) {
        assert!(matches!(part.labels[0].values, LabelValues::Numbers(_)));
    }
}

#[test]
fn a_sample_of_rows_is_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let sampled = |file: &str| {
        let input = Input { rows: Some(Rows { sample: 50, seed: 7 }), ..input(file) };
        read::read(&input, folder.path(), &mut silent).unwrap()
    };
    let text = sampled("t.csv");
    assert!(text.rows.len() == 50 && text.rows.windows(2).all(|pair| pair[0] < pair[1]) && text.rows[49] > 4000);
    assert!(text.ids.iter().zip(&text.rows).all(|(id, row)| *id == format!("r{row}")));
    for file in FILES {
        let table = sampled(file);
        assert_eq!(
            (table.frame, table.ids, table.rows),
            (text.frame.clone(), text.ids.clone(), text.rows.clone()),
            "{file}"
        );
    }
}

#[test]
fn sampled_rows_without_ids_keep_their_numbers_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let rows = Some(Rows { sample: 20, seed: 1 });
    let input = Input { rows, ..Input::new("t.parquet") };
    let table = read::read(&input, folder.path(), &mut silent).unwrap();
    assert_eq!(table.ids, table.rows.iter().map(usize::to_string).collect::<Vec<_>>());
    assert_eq!(table.frame.values[(3, 0)], (table.rows[3] / 100) as f32);
}

#[test]
fn a_repeated_id_is_an_error_in_a_whole_table_and_passes_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "id,age,site,a\nx,1,s,1\nx,2,s,2\n").unwrap();
    let said = read::read(&input("t.csv"), folder.path(), &mut silent).unwrap_err().to_string();
    assert!(said.starts_with("id `x` occurs twice"), "{said}");
    assert_eq!(in_parts(folder.path(), "t.csv", 1).len(), 2);
}
