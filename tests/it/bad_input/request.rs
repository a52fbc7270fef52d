//! Requests that are wrong only beside what lies there: names, folders of others, results of earlier runs.

use crate::program::Place;

#[test]
fn names_that_are_not_there_have_a_nearest_one() {
    let place = Place::new();
    place.digits("output: run\n");
    place.file("l.yaml", "version: 1\ninput: {path: digits.csv, labels: [lable]}\n");
    place.reduce(&["check", "l.yaml"]).refused(&["lable", "`label`", "l.yaml:2:36"]);
    place.file("i.yaml", "version: 1\ninput: {path: digits.csv, id: pixel_0_00}\n");
    place.reduce(&["check", "i.yaml"]).refused(&["pixel_0_00", "pixel_0_0"]);
    place.file("d.yaml", "version: 1\ninput: {path: digits.csv, id: pixel_0_1}\n");
    place.reduce(&["run", "d.yaml"]).refused(&["id"]);
    place.file("m.yaml", "version: 1\ninput: {path: digit.csv}\n");
    place.reduce(&["check", "m.yaml"]).refused(&["digit.csv"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::new();
    place.digits("output: taken\n").file("taken", "a file");
    place.reduce(&["run", "p.yaml"]).refused(&["taken"]);
    place.reduce(&["run", "p.yaml", "--set", "output=taken/sub"]).refused(&["taken"]);
    place.file("theirs/codes.parquet", "theirs");
    place.reduce(&["run", "p.yaml", "--set", "output=theirs"]).refused(&["codes.parquet"]);
    assert_eq!(place.read("theirs/codes.parquet"), b"theirs");
    place.reduce(&["run", "p.yaml", "--set", "output=."]).refused(&["output"]);
}
