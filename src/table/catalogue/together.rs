//! Dirty tables that are more than one file, more than a thousand rows, or not what they seem.

use super::ANY;
use super::accepted;
use super::gz;
use super::numbers;
use super::read_with;
use crate::table::LabelValues;
use crate::table::Table;
use crate::table::write;
use crate::table::write::Column;
use crate::table::write::ColumnValues;

#[test]
fn many_files_that_do_not_fit_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a1.csv", "x,y,d\n1,2,2026-01-01\n");
    write("a2.csv", "x,y,d\nlow,3,2026-01-02\nhigh,4,2026-01-02\n");
    let said = read_with(folder.path(), "a*.csv", "").unwrap_err();
    assert_eq!(
        said,
        "in `./a2.csv` column `x` is of type text, in the first file of type number\nhint: write `x` alike in all files, \
         exclude it with `input.features.exclude`, or add it to `input.categorical.columns`"
    );
    // days in one file and seconds in the other are no one column of numbers
    write("b1.csv", "x,d\n1,2026-01-01\n");
    write("b2.csv", "x,d\n1,2026-01-01T10:00\n");
    assert_eq!(read_with(folder.path(), "b*.csv", "").unwrap().frame.features, ["x"]);
    let said = read_with(folder.path(), "b*.csv", r#""times": "number""#).unwrap_err();
    assert!(said.starts_with("in `./b2.csv` column `d` is of type datetime, in the first file of type date"), "{said}");
    write("c1.csv", "x,y\n1,2\n");
    write("c2.csv", "");
    let said = read_with(folder.path(), "c*.csv", "").unwrap_err();
    assert!(said.starts_with("the table has no rows\n  --> ./c2.csv"), "{said}");
    write("d1.csv", "x,y\n1,2\n");
    write("d2.csv", "x,y\n3,inf\n");
    let said = read_with(folder.path(), "d*.csv", "").unwrap_err();
    assert!(said.starts_with("column `y` holds an infinite value (`inf`) in row 1\n  --> ./d2.csv"), "{said}");
    // a column that is empty in the first file takes its kind from the second, whatever the format
    write("e1.csv", "x,y,z\n1,,\n");
    write("e2.ndjson", "{\"z\": \"2026-01-01\", \"y\": \"low\", \"x\": 2}\n");
    let table = read_with(folder.path(), "e*", ANY).unwrap();
    assert_eq!(
        (table.frame.features.as_slice(), table.frame.categories[0].of_row.as_slice()),
        (&["x".to_owned()][..], &[None, Some(0)][..])
    );
    assert_eq!((table.account.unused[0].name.as_str(), table.account.unused[0].kind.as_str()), ("z", "date"));
    let ids = read_with(folder.path(), "a*.csv", r#""id": "d", "features": {"include": ["y"]}"#).unwrap_err();
    assert!(ids.starts_with("id `2026-01-02` occurs twice, in rows 2 and 3"), "{ids}");
}

#[test]
fn metadata_that_cannot_be_joined_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("t.csv", "id,a\n1,1\n2,2\n3,3\n");
    write("numbers.csv", "id,site\n1.0,n\n2.0,s\n3.0,s\n");
    write("no_key.csv", "site,age\nn,1\ns,2\nn,3\n");
    write("holes.csv", "id,site\n1,n\n,s\n");
    write("good.csv", "id,site\n3,n\n2,s\n1,n\n");
    let read = |metadata: &str| read_with(folder.path(), "t.csv", &format!(r#""id": "id", "metadata": {metadata}"#));
    let said = read(r#"{"path": "numbers.csv"}"#).unwrap_err();
    let named = "3 of 3 rows have no match in the metadata: `1`, `2`, `3`; its key `id` holds `1.0`, `2.0`, `3.0`\n  --> ./t.csv";
    assert!(said.starts_with(named) && said.contains("spelled alike"), "{said}");
    let said = read(r#"{"path": "no_key.csv"}"#).unwrap_err();
    assert!(said.starts_with("id `n` occurs twice, in rows 1 and 3\n  --> ./no_key.csv"), "{said}");
    let said = read(r#"{"path": "no_key.csv", "key": "id"}"#).unwrap_err();
    assert!(said.starts_with("metadata key column `id` is not in the table\n  --> ./no_key.csv"), "{said}");
    let said = read(r#"{"path": "holes.csv"}"#).unwrap_err();
    assert!(said.starts_with("row 2 has no id in column `id`\n  --> ./holes.csv"), "{said}");
    let said = read(r#"{"path": "gone.csv"}"#).unwrap_err();
    assert_eq!(said, "cannot read `./gone.csv`: no such file or folder");
    let table = read(r#"{"path": "good.csv"}"#).unwrap();
    let LabelValues::Classes { of_row, .. } = &table.labels[0].values else { panic!("classes") };
    assert_eq!(of_row[..], [Some(0), Some(1), Some(0)]);
    // a table whose rows are only numbered is joined by these numbers
    write("plain.csv", "a,b\n5,1\n6,2\n");
    write("by_number.csv", "row,site\n1,s\n0,n\n");
    let table = read_with(folder.path(), "plain.csv", r#""metadata": {"path": "by_number.csv"}"#).unwrap();
    let LabelValues::Classes { levels, of_row } = &table.labels[0].values else { panic!("classes") };
    assert_eq!((levels.join(" "), of_row.as_slice()), ("n s".to_owned(), &[Some(0), Some(1)][..]));
}

#[test]
fn features_in_rows_are_joined_with_metadata_by_sample() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("g.tsv"), "gene\ts1\ts2\ts3\nA\t1\t2\t3\nB\t4\t5\t6\n").unwrap();
    std::fs::write(folder.path().join("m.csv"), "sample,type\ns3,x\ns1,y\n").unwrap();
    let read = |unmatched: &str| {
        let metadata = format!(r#"{{"path": "m.csv", "unmatched": "{unmatched}"}}"#);
        read_with(folder.path(), "g.tsv", &format!(r#""layout": "features_in_rows", "metadata": {metadata}"#))
    };
    let said = read("refuse").unwrap_err();
    assert!(said.starts_with("1 of 3 rows have no match in the metadata: `s2`\n  --> ./g.tsv"), "{said}");
    let table = read("drop").unwrap();
    assert_eq!((table.ids.join(" "), numbers(&table)), ("s1 s3".to_owned(), "1 4 / 3 6".to_owned()));
    let LabelValues::Classes { levels, of_row } = &table.labels[0].values else { panic!("classes") };
    assert_eq!((levels.join(" "), of_row.as_slice()), ("x y".to_owned(), &[Some(1), Some(0)][..]));
}

#[test]
fn endings_that_lie_do_no_harm() {
    let text = b"a,b\n1,2\n3,4\n";
    let zst = zstd::encode_all(&text[..], 3).unwrap();
    for (name, bytes) in
        [("t.csv.gz", text.to_vec()), ("t.csv.zst", gz(text)), ("t.csv.gz", zst), ("t.tsv", text.to_vec())]
    {
        assert_eq!(numbers(&accepted(name, &bytes, "")), "1 2 / 3 4", "{name}");
    }
    let json = b"{\"a\": 1}\n{\"a\": 3}\n";
    assert_eq!(numbers(&accepted("t.csv", json, "")), "1 / 3");
    let bom = "\u{feff}n\u{e4}me;l\r\nx;1,5\r\ny;2,25\r\n";
    let table = accepted("windows.csv", bom.as_bytes(), r#""id": "n\u00e4me""#);
    assert_eq!((numbers(&table).as_str(), table.ids.join(" ")), ("1.5 / 2.25", "x y".to_owned()));
}

#[test]
fn numbers_written_for_people_are_left_out_with_the_reason() {
    let text = "price,share,euro,a\n\"1,234.50\",5%,\"1,5\",1\n\"22,000\",7.5 %,\"2,5\",2\n";
    let table = accepted("people.csv", text.as_bytes(), "");
    assert_eq!(table.frame.features, ["a"]);
    let reason = "numbers with separators, signs or units, which are not read: write plain digits";
    assert_eq!(table.account.unused.len(), 3);
    assert!(table.account.unused.iter().all(|unused| unused.reason == reason && unused.kind == "formatted number"));
    let table =
        accepted("people.csv", text.as_bytes(), r#""categorical": {"columns": ["share"]}, "labels": ["price"]"#);
    assert_eq!((table.frame.categories[0].name.as_str(), table.labels.len()), ("share", 1));
}

#[test]
fn a_column_that_only_begins_with_numbers_for_people_is_one_of_levels() {
    let late = ["low", "mid", "high"].iter().cycle().take(1800).map(|level| format!("1,{level}\n"));
    let text: String = (0..600).map(|_| "1,5%\n2,10%\n".to_owned()).chain(late).collect();
    let text = format!("a,share\n{text}");
    let table = accepted("late.csv", text.as_bytes(), "");
    assert_eq!(table.frame.categories[0].levels, ["10%", "5%", "high", "low", "mid"]);
    let table = accepted("late.csv", text.as_bytes(), r#""features": {"include": ["a", "share"]}"#);
    assert_eq!(table.frame.categories.len(), 1);
}

#[test]
fn dates_after_a_thousand_empty_rows_follow_the_same_rule() {
    let empty = "1,,,\n".repeat(1200);
    let text = format!("a,day,note,kind\n{empty}2,1970-01-03,1970-01-04,x\n3,1970-01-05,soon,y\n");
    let table = accepted("late.csv", text.as_bytes(), ANY);
    assert_eq!(table.frame.features, ["a"]);
    assert_eq!((table.account.unused[0].name.as_str(), table.account.unused[0].kind.as_str()), ("day", "date"));
    let levels: Vec<usize> = table.frame.categories.iter().map(|category| category.levels.len()).collect();
    assert_eq!(levels, [2, 2]);
    let table = accepted("late.csv", text.as_bytes(), r#""times": "number", "missing": {"numeric": "mean"}"#);
    assert_eq!(
        (table.frame.features.len(), table.frame.values[(1200, 1)], table.frame.values[(1201, 1)]),
        (2, 2.0, 4.0)
    );
    assert!(table.account.notes.iter().any(|note| note.contains("dates train as days") && note.contains("`day`")));
}

#[test]
fn texts_of_time_in_parquet_and_arrow_follow_the_rule_of_texts() {
    let folder = tempfile::tempdir().unwrap();
    let days = |row: usize| if row < 1100 { None } else { Some(format!("1970-01-{:02}", row % 28 + 1)) };
    let columns = || {
        vec![
            Column::single("a", (0..1200).map(|row| row as f32)),
            Column {
                name: "at".into(),
                values: ColumnValues::Text(
                    (0..1200).map(|row| Some(format!("1970-01-01T00:{:02}:01Z", row % 60))).collect(),
                ),
            },
            Column { name: "day".into(), values: ColumnValues::Text((0..1200).map(days).collect()) },
        ]
    };
    write::parquet(&std::fs::File::create(folder.path().join("t.parquet")).unwrap(), columns()).unwrap();
    let table = read_with(folder.path(), "t.parquet", "").unwrap();
    let kinds: Vec<&str> = table.account.unused.iter().map(|unused| unused.kind.as_str()).collect();
    assert_eq!((table.frame.features.join(" "), kinds), ("a".to_owned(), vec!["datetime", "date"]));
    let options = r#""times": "number", "missing": {"numeric": "mean"}"#;
    let table = read_with(folder.path(), "t.parquet", options).unwrap();
    assert_eq!((table.frame.values[(61, 1)], table.frame.values[(1100, 2)]), (61.0, 8.0));
    let table = read_with(folder.path(), "t.parquet", r#""categorical": {"columns": ["at", "day"], "max_levels": 60}"#)
        .unwrap();
    assert_eq!(table.frame.categories.iter().map(|category| category.levels.len()).collect::<Vec<_>>(), [60, 28]);
}

#[test]
fn wide_parquet_is_the_same_by_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let columns = (0..700).map(|column| {
        let values =
            (0..300).map(move |row| if row % 17 == column % 17 { f32::NAN } else { (row * 700 + column) as f32 / 7.0 });
        Column::single(&format!("c{column}"), values)
    });
    write::parquet(&std::fs::File::create(folder.path().join("w.parquet")).unwrap(), columns.collect()).unwrap();
    let read = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read_with(folder.path(), "w.parquet", ANY)).unwrap()
    };
    let one = read(1);
    assert_eq!(one.frame.values[(5, 6)], (5 * 700 + 6) as f32 / 7.0);
    let same = |other: Table| {
        one.frame.features == other.frame.features
            && one.frame.values.iter().zip(&other.frame.values).all(|(a, b)| a.to_bits() == b.to_bits())
    };
    assert!(same(read(2)) && same(read(4)));
}
