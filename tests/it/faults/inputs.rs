//! A table that changes or goes while a run reads it.

use super::SHORT;
use crate::program::Place;

/// A table whose reading takes long enough to be caught at it.
fn large(place: &Place) {
    let header: Vec<String> = (0..40).map(|column| format!("feature_{column}")).collect();
    let mut text = header.join(",") + "\n";
    for row in 0..60_000_u32 {
        let values: Vec<String> = (0..40_u32).map(|column| ((row * 7 + column * 13) % 1009).to_string()).collect();
        text += &(values.join(",") + "\n");
    }
    place.file("table.csv", text).file("p.yaml", format!("version: 1\ninput: {{path: table.csv}}\n{SHORT}"));
}

#[test]
fn a_table_that_changes_while_it_is_read_is_refused() {
    let place = Place::new();
    large(&place);
    let mut running = place.begin(&["run", "p.yaml"]);
    running.until("read");
    let table = std::fs::File::options().append(true).open(place.join("table.csv")).expect("the table");
    std::io::Write::write_all(&mut &table, ["1"; 40].join(",").as_bytes()).expect("written");
    running.end().failed(&["table.csv", "changed while it was being read", "hint: "]);
    assert!(!place.join("run").exists());
}

#[test]
fn a_table_that_goes_while_it_is_read_is_a_clear_error() {
    let place = Place::new();
    large(&place);
    let mut running = place.begin(&["run", "p.yaml"]);
    running.until("read");
    std::fs::remove_file(place.join("table.csv")).expect("removed");
    running.end().failed(&["table.csv", "changed while it was being read"]);
    assert!(!place.join("run").exists());
}
