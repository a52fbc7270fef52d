//! Dirty tables, one by one: what is said, or what they are read as.

mod together;
mod words;

use std::path::Path;

use crate::event::silent;
use crate::table::Input;
use crate::table::LabelValues;
use crate::table::Table;
use crate::table::read;

/// Writes `bytes` as `name`, reads it with `options` (JSON over the defaults).
fn attempt(name: &str, bytes: &[u8], options: &str) -> Result<Table, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    read_with(folder.path(), name, options)
}

fn read_with(folder: &Path, path: &str, options: &str) -> Result<Table, String> {
    let mut input = serde_json::to_value(Input::new(path)).unwrap();
    let options: serde_json::Value = serde_json::from_str(&format!("{{{options}}}")).unwrap();
    for (key, value) in options.as_object().unwrap() {
        input[key] = value.clone();
    }
    let input: Input = serde_json::from_value(input).unwrap();
    read::read(&input, folder, &mut silent).map_err(|error| error.to_string().replace(&*folder.to_string_lossy(), "."))
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Refused {
    name: &'static str,
    bytes: Vec<u8>,
    options: &'static str,
    says: &'static str,
}

fn refused(name: &'static str, bytes: impl AsRef<[u8]>, options: &'static str, says: &'static str) -> Refused {
    Refused { name, bytes: bytes.as_ref().to_vec(), options, says }
}

#[test]
fn every_bad_table_is_refused_with_its_message() {
    let cases = include!("catalogue_refused.in");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let said = match attempt(case.name, &case.bytes, case.options) {
            Ok(table) => format!("READ as {:?}, {:?}", table.frame, table.labels),
            Err(said) => said,
        };
        if said != case.says {
            wrong += &format!("\n{} {}\nexpected {:?}\nsaid     {:?}\n", case.name, case.options, case.says, said);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Numbers for longer than anyone looks ahead or reads at once, then a text.
fn late_text() -> String {
    let mut text = "a,b\n".to_owned();
    for row in 0..40_000 {
        text += &format!("{row},{}\n", row % 7);
    }
    text + "40000,seven\n"
}

/// A numpy array with this header.
pub(super) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn a_table_that_cannot_fit_is_refused_before_it_is_read() {
    let said = attempt("huge.npy", &npy("<f4", "(1000000, 900000000)", &[0; 12]), "").unwrap_err();
    assert!(said.contains("1000000 rows × 900000000 columns need 3.2 PiB"), "{said}");
}

/// The numbers of a table, row after row, a dash where missing.
fn numbers(table: &Table) -> String {
    let show = |value: &f32| if value.is_nan() { "-".to_owned() } else { value.to_string() };
    let rows = table.frame.values.rows().into_iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" "));
    rows.collect::<Vec<_>>().join(" / ")
}

fn accepted(name: &str, bytes: &[u8], options: &str) -> Table {
    attempt(name, bytes, options).unwrap_or_else(|said| panic!("{name}: {said}"))
}

const ANY: &str = r#""missing": {"numeric": "mean"}"#;

#[test]
fn separators_and_decimal_commas_are_found_and_said() {
    for (text, note) in
        [("a;b\n1,5;2\n3;4\n", "`;`"), ("a\tb\n1,5\t2\n3\t4\n", "tabulators"), ("a|b\n1,5|2\n3|4\n", "`|`")]
    {
        let table = accepted("separated.csv", text.as_bytes(), "");
        assert_eq!(numbers(&table), "1.5 2 / 3 4", "{note}");
        assert!(table.account.notes[0].contains(note) && table.account.notes[1].contains("decimal comma"));
    }
}

#[test]
fn byte_order_marks_line_ends_and_blank_lines_do_no_harm() {
    let table = accepted("windows.csv", "\u{feff}a,b\r\n1,2\r\n\r\n3,4".as_bytes(), "");
    assert_eq!(table.frame.features, ["a", "b"]);
    assert_eq!(numbers(&table), "1 2 / 3 4");
}

#[test]
fn packed_tables_are_known_by_their_content() {
    let text = b"a,b\n1,2\n3,4\n";
    for bytes in [gz(text), zstd::encode_all(&text[..], 3).unwrap()] {
        assert_eq!(numbers(&accepted("plain.csv", &bytes, "")), "1 2 / 3 4");
    }
    let parquet = tempfile::NamedTempFile::new().unwrap();
    super::write::parquet(parquet.as_file(), vec![super::write::Column::single("a", [1.0, 2.0])]).unwrap();
    assert_eq!(numbers(&accepted("named.csv", &std::fs::read(parquet.path()).unwrap(), "")), "1 / 2");
}

#[test]
fn row_names_of_r_and_pandas_serve_as_ids() {
    for text in ["a,b\nx,1,2\ny,3,4\n", ",a,b\nx,1,2\ny,3,4\n", "\"\",\"a\",\"b\"\n\"x\",1,2\n\"y\",3,4\n"] {
        let table = accepted("rownames.csv", text.as_bytes(), "");
        assert_eq!(
            (table.ids, table.frame.features),
            (vec!["x".to_owned(), "y".into()], vec!["a".to_owned(), "b".into()])
        );
    }
    let table = accepted("repeated.csv", b",a\nx,1\nx,3\n", "");
    assert_eq!((table.id_name.as_str(), &table.ids[1]), ("row", &"1".to_owned()));
}

#[test]
fn columns_numbered_from_zero_are_names_and_headerless_files_can_be_read() {
    let table = accepted("pixels.csv", b"0,1,2\n5,6,7\n8,9,10\n", "");
    assert_eq!((table.frame.features.as_slice(), table.frame.rows()), (&["0", "1", "2"].map(String::from)[..], 2));
    let table = accepted("headerless.csv", b"5.5,6\n8,9\n", r#""header": "absent""#);
    assert_eq!(
        (table.frame.features.as_slice(), table.frame.rows()),
        (&["column_1", "column_2"].map(String::from)[..], 2)
    );
}

#[test]
fn a_column_without_a_value_at_first_takes_the_kind_of_its_first_value() {
    let mut text = "a,b,c\n".to_owned();
    for _ in 0..2000 {
        text += "1,,\n";
    }
    text += "1,x,5\n1,y,\n";
    let table = accepted("late.csv", text.as_bytes(), ANY);
    assert_eq!(table.frame.features, ["a", "c"]);
    assert_eq!(table.frame.categories[0].levels, ["x", "y"]);
    assert_eq!(table.frame.categories[0].of_row[2000..], [Some(0), Some(1)]);
    assert_eq!(table.frame.values[(2000, 1)], 5.0);
}

#[test]
fn quoted_fields_hold_separators_line_breaks_and_quotes() {
    let table = accepted("quoted.csv", b"name,a\n\"x, \"\"y\"\"\nz\",1\n5\" pipe,2\n", r#""id": "name""#);
    assert_eq!(table.ids, ["x, \"y\"\nz", "5\" pipe"]);
}

#[test]
fn labels_are_classes_or_amounts() {
    let mut text = "age,grade,site,odd,a\n".to_owned();
    for row in 0..200 {
        text += &format!("{}.5,{},s{},{row},1\n", row, row % 12, row % 3);
    }
    let table = accepted("labels.csv", text.as_bytes(), r#""labels": ["site", "grade", "age", "odd"]"#);
    let names: Vec<&str> = table.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["site", "grade", "age", "odd"]);
    assert!(matches!(&table.labels[0].values, LabelValues::Classes { levels, .. } if levels.len() == 3));
    assert!(matches!(&table.labels[1].values, LabelValues::Classes { levels, .. } if levels[10] == "10"));
    assert!(matches!(&table.labels[2].values, LabelValues::Numbers(_)));
    assert!(matches!(&table.labels[3].values, LabelValues::Numbers(_)));
}

#[test]
fn every_column_is_accounted_for() {
    let mut text = "id,when,note,kind,code,a,b,none\n".to_owned();
    for row in 0..100 {
        text += &format!("r{row},2020-01-{:02},text number {row},k{},{},{row},2,\n", row % 28 + 1, row % 4, row % 5);
    }
    let options = r#""id": "id", "labels": ["kind"], "features": {"exclude": ["^b$"]},
        "categorical": {"columns": ["code"]}, "missing": {"drop_feature_above": 0.5}"#;
    let table = accepted("account.csv", text.as_bytes(), options);
    assert_eq!(table.frame.features, ["a"]);
    assert_eq!(table.frame.categories.iter().map(|category| category.name.as_str()).collect::<Vec<_>>(), ["code"]);
    let unused: Vec<&str> = table.account.unused.iter().map(|unused| unused.name.as_str()).collect();
    assert_eq!(unused, ["when", "b", "none", "note"]);
    assert_eq!((table.account.columns_in, table.account.columns_used), (8, 2));
    assert_eq!(
        table.account.sentence(),
        "100 rows; 2 of 8 columns train; 1 left out (a date or time, and `input.times` is leave_out): `when`; \
         1 left out (a different text in every row, as ids have): `note`; \
         1 left out (excluded by `input.features.exclude`): `b`; 1 left out (without a value in any row): `none`"
    );
}

#[test]
fn features_in_rows_are_turned_and_named_once() {
    let text = b"gene\tdescription\ts1\ts2\nA\tfirst\t1\t2\nB\tsecond\t3\t4\nA\tthird\t5\t6\n";
    let table = accepted("turned.tsv", text, r#""layout": "features_in_rows", "features": {"exclude": ["^B$"]}"#);
    assert_eq!(
        (table.ids.as_slice(), table.frame.features.as_slice()),
        (&["s1", "s2"].map(String::from)[..], &["A", "A-1"].map(String::from)[..])
    );
    assert_eq!(numbers(&table), "1 5 / 2 6");
}

#[test]
fn a_file_that_seems_to_lie_the_other_way_is_warned_of() {
    let text = "gene,AAACATACAACCAC-1,AAACATTGAGCTAC-1,AAACATTGATCAGC-1,AAACCGTGCTTCCG-1\n";
    let rows: String = (0..60).map(|row| format!("RPL{row},1,2,3,4\n")).collect();
    let table = accepted("genes.csv", (text.to_owned() + &rows).as_bytes(), "");
    assert!(table.account.warnings[0].contains("features_in_rows"), "{:?}", table.account.warnings);
    let turned = accepted("genes.csv", (text.to_owned() + &rows).as_bytes(), r#""layout": "features_in_rows""#);
    assert!(turned.account.warnings.is_empty());
}

#[test]
fn many_files_are_one_table_whatever_the_order_of_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a1.csv"), "x,y\n1,2\n").unwrap();
    std::fs::write(folder.path().join("a2.csv"), "y,x\n4,3\n").unwrap();
    std::fs::write(folder.path().join("b1.csv"), "y,z\n4,3\n").unwrap();
    std::fs::write(folder.path().join("odd[1].csv"), "x\n9\n").unwrap();
    assert_eq!(numbers(&read_with(folder.path(), "a*.csv", "").unwrap()), "1 2 / 3 4");
    assert_eq!(numbers(&read_with(folder.path(), "odd[1].csv", "").unwrap()), "9");
    let said = read_with(folder.path(), "*1.csv", "").unwrap_err();
    assert_eq!(
        said,
        "`./b1.csv` has other columns than the first file: it lacks `x` and it has `z` besides\nhint: give the files the same columns, in any order"
    );
    let said = read_with(folder.path(), "c*.csv", "").unwrap_err();
    assert_eq!(said, "no file matches `c*.csv`\nhint: patterns know *, ? and [abc]; ** crosses folders");
    let said = read_with(folder.path(), "a3.csv", "").unwrap_err();
    assert_eq!(said, "cannot read `./a3.csv`: no such file or folder");
    let said = read_with(folder.path(), "https://example.org/a.csv", "").unwrap_err();
    assert!(said.contains("only local files"), "{said}");
    let said = read_with(folder.path(), ".", "").unwrap_err();
    assert!(said.contains("holds no `matrix.mtx`"), "{said}");
}

#[test]
fn metadata_are_joined_by_id() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "id,a\nx,1\ny,2\nz,3\n").unwrap();
    std::fs::write(folder.path().join("m.csv"), "key,site,age\nz,north,7.5\nx,south,8\nw,west,9\n").unwrap();
    std::fs::write(folder.path().join("twice.csv"), "key,site\nz,north\nz,south\n").unwrap();
    let read = |options: &str| read_with(folder.path(), "t.csv", &format!(r#""id": "id", {options}"#));
    let said = read(r#""metadata": {"path": "m.csv"}"#).unwrap_err();
    assert_eq!(
        said,
        "1 of 3 rows have no match in the metadata: `y`\n  --> ./t.csv\nhint: set `input.metadata.unmatched` to drop or keep, or mend the ids"
    );
    let kept = read(r#""metadata": {"path": "m.csv", "unmatched": "keep"}"#).unwrap();
    assert_eq!(kept.labels.len(), 2);
    assert!(
        matches!(&kept.labels[0].values, LabelValues::Classes { of_row, .. } if of_row[..] == [Some(1), None, Some(0)])
    );
    let dropped = read(r#""labels": ["age"], "metadata": {"path": "m.csv", "unmatched": "drop"}"#).unwrap();
    assert_eq!((dropped.ids.join(" "), numbers(&dropped)), ("x z".to_owned(), "1 / 3".to_owned()));
    assert_eq!(dropped.labels[0].values, LabelValues::Numbers(vec![Some(8.0), Some(7.5)]));
    let said = read(r#""labels": ["sites"], "metadata": {"path": "m.csv", "unmatched": "drop"}"#).unwrap_err();
    assert!(
        said.starts_with("label column `sites` is not in the table") && said.contains("did you mean `site`?"),
        "{said}"
    );
    let said = read(r#""metadata": {"path": "twice.csv"}"#).unwrap_err();
    assert!(said.starts_with("id `z` occurs twice, in rows 1 and 2\n  --> ./twice.csv"), "{said}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut text = "id,a,b,c\n".to_owned();
    for row in 0..30_000 {
        text += &format!("r{row},{},{},t{}\n", f64::from(row) / 7.0, row % 11, row % 5);
    }
    let read = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| accepted("threads.csv", text.as_bytes(), r#""id": "id""#))
    };
    assert!(read(1) == read(2) && read(1) == read(4));
}

#[test]
fn numpy_arrays_of_any_type_and_order_are_read() {
    let little: Vec<u8> = [1.5_f64, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(numbers(&accepted("a.npy", &npy("<f8", "(2, 2)", &little), "")), "1.5 2 / 3 4");
    let big: Vec<u8> = [-1_i16, 2, 3, 4, 5, 6].iter().flat_map(|value| value.to_be_bytes()).collect();
    assert_eq!(numbers(&accepted("b.npy", &npy(">i2", "(3, 2)", &big), "")), "-1 2 / 3 4 / 5 6");
    assert_eq!(numbers(&accepted("c.npy", &npy("|u1", "(1, 2)", &[7, 255]), "")), "7 255");
}

#[test]
fn a_matrix_without_names_numbers_its_features() {
    let text = b"%%MatrixMarket matrix coordinate real general\n% made by hand\n2 3 2\n1 1 1.5\n2 3 7\n";
    let table = accepted("bare.mtx", text, "");
    assert_eq!(numbers(&table), "1.5 0 0 / 0 0 7");
}

#[test]
fn json_lines_are_read_and_a_missing_key_is_a_missing_value() {
    let text =
        b"{\"a\": 1, \"s\": \"x\", \"l\": [1]}\n{\"a\": 2.5, \"s\": \"y\", \"l\": [2]}\n{\"s\": \"x\", \"l\": []}\n";
    let table = accepted("lines.ndjson", text, ANY);
    assert_eq!(numbers(&table), "1 / 2.5 / -");
    assert_eq!(table.frame.categories[0].levels, ["x", "y"]);
    assert_eq!(table.account.unused[0].reason, "its type cannot train");
}

#[test]
fn a_column_without_values_comes_back_for_the_model_that_knows_it() {
    let table = accepted("new.csv", b"a,b,s\n1,,\n2,,\n", r#""missing": {"numeric": "median"}"#);
    assert_eq!(table.frame.features, ["a"]);
    let aligned = table.aligned_to(&["b".into(), "a".into()], &["s".into()]).unwrap();
    assert_eq!(numbers(&aligned), "- 1 / - 2");
    assert_eq!(aligned.frame.categories[0].of_row, [None, None]);
}

#[test]
fn repeated_column_names_are_numbered_and_said() {
    let table = accepted("repeated.csv", b"x,x,x-1,x,y\n1,2,3,4,5\n6,7,8,9,10\n", "");
    assert_eq!(table.frame.features, ["x", "x-2", "x-1", "x-3", "y"]);
    assert_eq!(numbers(&table), "1 2 3 4 5 / 6 7 8 9 10");
    let note = "2 column names occur more than once and got a number: `x-2`, `x-3`";
    assert!(table.account.notes.iter().any(|said| said == note), "{:?}", table.account.notes);
    let without = accepted("repeated.csv", b"x,x,y\n1,2,3\n", r#""features": {"exclude": ["x"]}"#);
    assert_eq!(without.frame.features, ["y"]);
}

#[test]
fn dates_and_times_in_texts_are_left_out_or_numbers_by_option() {
    let csv = "day,at,clock,a\n1970-01-03,1970-01-02T00:00:01Z,00:01,1\n,1970-01-01 01:00:00+01:00,00:00:30,2\n";
    let json = "{\"day\": \"1970-01-03\", \"at\": \"1970-01-02T00:00:01Z\", \"clock\": \"00:01\", \"a\": 1}\n\
                {\"at\": \"1970-01-01 01:00:00+01:00\", \"clock\": \"00:00:30\", \"a\": 2}\n";
    for (name, text) in [("t.csv", csv), ("t.ndjson", json)] {
        let table = accepted(name, text.as_bytes(), "");
        assert_eq!(table.frame.features, ["a"], "{name}");
        let kinds: Vec<&str> = table.account.unused.iter().map(|unused| unused.kind.as_str()).collect();
        assert_eq!(kinds, ["date", "datetime", "time of day"], "{name}");
        assert!(table.account.unused.iter().all(|unused| unused.reason.contains("`input.times` is leave_out")));
        let table = accepted(name, text.as_bytes(), r#""times": "number", "missing": {"numeric": "mean"}"#);
        assert_eq!(numbers(&table), "2 86401 60 1 / - 0 30 2", "{name}");
        assert!(table.account.notes.iter().any(|note| note.ends_with(": `day`, `at`, `clock`")), "{name}");
        let table = accepted(name, text.as_bytes(), r#""id": "at", "categorical": {"columns": ["clock"]}"#);
        assert_eq!((table.ids[1].as_str(), table.frame.categories.len()), ("1970-01-01 01:00:00+01:00", 1), "{name}");
    }
    let late = "{\"day\": \"1970-01-03\"}\n".repeat(1000) + "{\"day\": \"soon\"}\n";
    let said = attempt("late.ndjson", late.as_bytes(), r#""times": "number""#).unwrap_err();
    assert!(said.starts_with("column `day` holds `soon` in row 1001, which is no date"), "{said}");
}
