//! What a cell says: nothing, a number, a name.

use super::ANY;
use super::accepted;
use super::numbers;

#[test]
fn words_for_missing_do_not_turn_a_column_into_text() {
    for word in ["", "NA", "nan", "NaN", "null", "NULL", "N/A", "None", "?", "-", "."] {
        let table = accepted("words.csv", format!("a,b\n1,x\n{word},y\n3,x\n").as_bytes(), ANY);
        assert_eq!(numbers(&table), "1 / - / 3", "{word}");
        assert_eq!(table.account.missing[0].count, 1);
    }
}

#[test]
fn among_texts_only_the_plain_words_are_missing() {
    let table = accepted("texts.csv", b"a,b\nNone,1\n?,1\nNA,1\nx,1\n,1\n", "");
    assert_eq!(table.frame.categories[0].levels, ["None", "x"]);
    assert_eq!(table.frame.categories[0].of_row, [Some(0), None, None, Some(1), None]);
}

#[test]
fn blanks_around_texts_are_ignored_and_said_but_ids_keep_theirs() {
    let table = accepted("blanks.csv", b"name,a,b\n x,WD ,1\nx,WD,2\ny,New,3\n", "\"id\": \"name\"");
    assert_eq!(table.frame.categories[0].levels, ["New", "WD"]);
    assert_eq!(table.ids, [" x", "x", "y"]);
    assert!(
        table.account.notes.iter().any(|note| note == "blanks around texts are ignored: `a`"),
        "{:?}",
        table.account.notes
    );
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let table = accepted("numbers.csv", b"a,b\n 2.0 ,1e3\n+.5,-7\n\"3\",16777217\n", "");
    assert_eq!(numbers(&table), "2 1000 / 0.5 -7 / 3 16777216");
    assert!(table.account.notes.iter().any(|note| note.contains("blanks around numbers")));
    assert!(table.account.notes.iter().any(|note| note.contains("rounded to single precision in `b`")));
}

#[test]
fn ids_are_kept_byte_for_byte() {
    let table = accepted("ids.csv", b"id,a\n007,1\n1e5,2\n 1152921504606846976 ,3\nNA,4\n", r#""id": "id""#);
    assert_eq!(table.ids, ["007", "1e5", " 1152921504606846976 ", "NA"]);
}

#[test]
fn codes_with_leading_zeros_stay_text() {
    let table = accepted("codes.csv", b"zip,a\n02134,1\n10001,2\n", "");
    assert_eq!(
        table.frame.categories[0].levels,
        ["10001", "02134"].map(String::from).into_iter().rev().collect::<Vec<_>>()
    );
    assert!(table.account.notes[0].contains("leading zeros"));
}
