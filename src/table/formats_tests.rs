//! Small files of every format made on the spot: each gives the same numbers, and every type of column its treatment.

use std::fs::File;
use std::path::Path;

use hdf5_pure::AttrValue;
use hdf5_pure::FileBuilder;
use polars::prelude::*;

use crate::event::silent;
use crate::table::Input;
use crate::table::LabelValues;
use crate::table::Layout;
use crate::table::NumericMissing;
use crate::table::Table;
use crate::table::Times;
use crate::table::catalogue::npy;
use crate::table::read;

/// Three cells of four genes, two of one name.
const GENES: [&str; 4] = ["A", "B", "A", "C"];
const CELLS: [&str; 3] = ["cell-1", "cell-2", "cell-3"];
const COUNTS: [[f32; 4]; 3] = [[0.0, 2.0, 0.0, 1.0], [3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 5.0, 7.0]];

/// Starts of the rows, positions and entries.
fn sparse() -> (Vec<i32>, Vec<i32>, Vec<f32>) {
    let (mut starts, mut positions, mut entries) = (vec![0], Vec::new(), Vec::new());
    for row in COUNTS {
        for (position, value) in (0..).zip(row).filter(|(_, value)| *value != 0.0) {
            positions.push(position);
            entries.push(value);
        }
        starts.push(i32::try_from(entries.len()).unwrap());
    }
    (starts, positions, entries)
}

fn text(value: &str) -> AttrValue {
    AttrValue::String(value.to_owned())
}

/// As AnnData 0.8 and later write it: compressed rows, a dense layer of doubled values, raw values of halves, one column of levels.
fn anndata(path: &Path) {
    let mut file = FileBuilder::new();
    let matrix = |mut group: hdf5_pure::GroupBuilder, times: f32| {
        let (starts, positions, entries) = sparse();
        let entries: Vec<f32> = entries.iter().map(|value| value * times).collect();
        group.set_attr("encoding-type", text("csr_matrix"));
        group.create_dataset("indptr").with_i32_data(&starts);
        group.create_dataset("indices").with_i32_data(&positions);
        group.create_dataset("data").with_f32_data(&entries);
        group.finish()
    };
    let names = |mut group: hdf5_pure::GroupBuilder, names: &[&str]| {
        group.set_attr("_index", text("_index"));
        group.set_attr("column-order", AttrValue::StringArray(Vec::new()));
        group.create_dataset("_index").with_vlen_strings(names);
        group
    };
    let x = file.create_group("X");
    file.add_group(matrix(x, 1.0));
    let mut raw = file.create_group("raw");
    let (x, var) = (raw.create_group("X"), raw.create_group("var"));
    raw.add_group(matrix(x, 0.5));
    raw.add_group(names(var, &GENES).finish());
    file.add_group(raw.finish());
    let mut layers = file.create_group("layers");
    let doubled: Vec<f32> = COUNTS.iter().flatten().map(|value| value * 2.0).collect();
    layers.create_dataset("doubled").with_f32_data(&doubled).with_shape(&[3, 4]);
    file.add_group(layers.finish());
    let (var, obs) = (file.create_group("var"), file.create_group("obs"));
    file.add_group(names(var, &GENES).finish());
    let mut obs = names(obs, &CELLS);
    obs.set_attr("column-order", AttrValue::StringArray(vec!["type".to_owned()]));
    let mut kinds = obs.create_group("type");
    kinds.create_dataset("categories").with_vlen_strings(&["x", "y"]);
    kinds.create_dataset("codes").with_i32_data(&[1, -1, 0]);
    obs.add_group(kinds.finish());
    file.add_group(obs.finish());
    file.write(path).unwrap();
}

/// As Cell Ranger 3 writes it.
fn cell_ranger(path: &Path) {
    let mut file = FileBuilder::new();
    let mut matrix = file.create_group("matrix");
    let (starts, positions, entries) = sparse();
    matrix.create_dataset("barcodes").with_vlen_strings(&CELLS);
    matrix.create_dataset("indptr").with_i32_data(&starts);
    matrix.create_dataset("indices").with_i32_data(&positions);
    matrix.create_dataset("data").with_f32_data(&entries);
    matrix.create_dataset("shape").with_i32_data(&[4, 3]);
    let mut features = matrix.create_group("features");
    features.create_dataset("name").with_vlen_strings(&GENES);
    features.create_dataset("id").with_vlen_strings(&["g1", "g2", "g3", "g4"]);
    matrix.add_group(features.finish());
    file.add_group(matrix.finish());
    file.write(path).unwrap();
}

fn gz(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A folder as 10x Genomics writes it.
fn tenx(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let mut lines = String::new();
    for (cell, row) in COUNTS.iter().enumerate() {
        for (gene, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            lines += &format!("{} {} {value}\n", gene + 1, cell + 1);
        }
    }
    let matrix = format!("%%MatrixMarket matrix coordinate integer general\n%\n4 3 {}\n{lines}", lines.lines().count());
    let features: String = GENES.iter().map(|gene| format!("id\t{gene}\tGene Expression\n")).collect();
    std::fs::write(folder.join("matrix.mtx.gz"), gz(&matrix)).unwrap();
    std::fs::write(folder.join("features.tsv.gz"), gz(&features)).unwrap();
    std::fs::write(folder.join("barcodes.tsv.gz"), gz(&(CELLS.join("\n") + "\n"))).unwrap();
}

/// A zip archive without compression.
fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let sizes = [u32::try_from(content.len()).unwrap().to_le_bytes(); 2].concat();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        // version, flags, method, time, date, checksum, sizes, lengths of name and extras
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes, &length, &[0, 0]].concat();
        bytes.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        list.extend([b"PK\x01\x02", &[20, 0][..], &common, &[0; 10], &start, name.as_bytes()].concat());
    }
    let (at, size) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(list.len()).unwrap());
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    bytes.extend(list);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
    bytes
}

fn bytes<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

fn taken(path: &Path, change: impl Fn(&mut Input)) -> Table {
    let mut input = Input::new(path);
    change(&mut input);
    read::read(&input, Path::new(""), &mut silent).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rows(table: &Table) -> Vec<Vec<f32>> {
    table.frame.values.rows().into_iter().map(|row| row.to_vec()).collect()
}

#[test]
fn all_forms_of_a_matrix_with_names_give_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    anndata(&at("a.h5ad"));
    cell_ranger(&at("a.h5"));
    tenx(&at("a"));
    let lines: String = (0..4)
        .map(|gene| format!("{}\t{}\t{}\t{}\n", GENES[gene], COUNTS[0][gene], COUNTS[1][gene], COUNTS[2][gene]))
        .collect();
    std::fs::write(at("a.tsv.gz"), gz(&format!("gene\t{}\n{lines}", CELLS.join("\t")))).unwrap();
    for name in ["a.h5ad", "a.h5", "a", "a.tsv.gz"] {
        let turned = name == "a.tsv.gz";
        let table = taken(&at(name), |input| {
            input.layout = if turned { Layout::FeaturesInRows } else { Layout::SamplesInRows };
        });
        assert_eq!(rows(&table), COUNTS.map(Vec::from), "{name}");
        assert_eq!(
            (table.ids.join(" "), table.frame.features.join(" ")),
            (CELLS.join(" "), "A B A-1 C".to_owned()),
            "{name}"
        );
        assert!(table.account.notes.iter().any(|note| note.contains("occur more than once")), "{name}");
    }
}

#[test]
fn anndata_gives_its_layers_its_raw_values_and_its_columns_as_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    anndata(&path);
    for (matrix, times) in [("doubled", 2.0), ("raw", 0.5), ("X", 1.0)] {
        let table = taken(&path, |input| {
            input.matrix = Some(matrix.to_owned());
            input.labels = vec!["type".to_owned()];
        });
        assert_eq!(rows(&table), COUNTS.map(|row| row.map(|value| value * times).to_vec()), "{matrix}");
        let LabelValues::Classes { levels, of_row } = &table.labels[0].values else { panic!("classes") };
        assert_eq!((levels.join(" "), of_row.as_slice()), ("x y".to_owned(), &[Some(1), None, Some(0)][..]));
    }
    let said = read::read(&Input { matrix: Some("doubld".into()), ..Input::new(&path) }, Path::new(""), &mut silent);
    let said = said.unwrap_err().to_string();
    assert!(said.contains("the file has no matrix `doubld`") && said.contains("did you mean `doubled`?"), "{said}");
}

#[test]
fn numpy_archives_hold_arrays_and_sparse_matrices() {
    let folder = tempfile::tempdir().unwrap();
    let whole = npy("<f4", "(3, 4)", &bytes(&COUNTS.concat(), f32::to_le_bytes));
    let (starts, positions, entries) = sparse();
    let integers = |values: &[i32]| npy("<i4", &format!("({},)", values.len()), &bytes(values, i32::to_le_bytes));
    let scipy = [
        ("indices.npy", integers(&positions)),
        ("indptr.npy", integers(&starts)),
        ("format.npy", npy("|S3", "()", b"csr")),
        ("shape.npy", npy("<i8", "(2,)", &bytes(&[3_i64, 4], i64::to_le_bytes))),
        ("data.npy", npy("<f4", &format!("({},)", entries.len()), &bytes(&entries, f32::to_le_bytes))),
    ];
    for (name, content) in [
        ("one.npz", zip(&[("x.npy", whole.clone())])),
        ("two.npz", zip(&[("other.npy", npy("<f4", "(1, 1)", &[0; 4])), ("x.npy", whole)])),
        ("sparse.npz", zip(&scipy)),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
        let table = taken(&folder.path().join(name), |input| {
            input.matrix = (name == "two.npz").then(|| "x".to_owned());
        });
        assert_eq!(rows(&table), COUNTS.map(Vec::from), "{name}");
    }
    let said = read::read(&Input::new("two.npz"), folder.path(), &mut silent).unwrap_err().to_string();
    assert!(said.contains("`other`") && said.contains("`x`"), "{said}");
}

/// A column of every type, whose numbers are 1, missing, 3.
fn every_type() -> DataFrame {
    let numbers = Column::new("f64".into(), [Some(1.0), None, Some(3.0)]);
    let to = |name: &str, dtype: &DataType| numbers.cast(dtype).unwrap().with_name(name.into());
    let mut columns = vec![numbers.clone(), to("f32", &DataType::Float32)];
    for (name, dtype) in [
        ("i8", DataType::Int8),
        ("i16", DataType::Int16),
        ("i32", DataType::Int32),
        ("i64", DataType::Int64),
        ("u8", DataType::UInt8),
        ("u16", DataType::UInt16),
        ("u32", DataType::UInt32),
        ("u64", DataType::UInt64),
        ("decimal", DataType::Decimal(10, 2)),
        ("date", DataType::Date),
    ] {
        columns.push(to(name, &dtype));
    }
    let micro = Column::new("us".into(), [Some(1_000_000_i64), None, Some(3_000_000)]);
    for (name, dtype) in [
        ("moment", DataType::Datetime(TimeUnit::Microseconds, None)),
        ("span", DataType::Duration(TimeUnit::Microseconds)),
    ] {
        columns.push(micro.cast(&dtype).unwrap().with_name(name.into()));
    }
    columns.push(Column::new("flag".into(), [Some(true), None, Some(false)]));
    columns.push(Column::new("text".into(), [Some("x"), None, Some("y")]));
    columns.push(Column::full_null("nothing".into(), 3, &DataType::Null));
    let list = Series::new(
        "list".into(),
        [Series::new("".into(), [1_i64]), Series::new("".into(), [2_i64]), Series::new("".into(), [3_i64])],
    );
    columns.push(list.into_column());
    columns.push(Column::new("bytes".into(), [Some(&b"a"[..]), None, Some(&b"b"[..])]));
    DataFrame::new(3, columns).unwrap()
}

#[test]
fn every_type_of_column_is_a_number_levels_or_left_out_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (parquet, arrow) = (folder.path().join("t.parquet"), folder.path().join("t.arrow"));
    ParquetWriter::new(File::create(&parquet).unwrap()).finish(&mut every_type()).unwrap();
    IpcWriter::new(File::create(&arrow).unwrap()).finish(&mut every_type()).unwrap();
    for path in [parquet, arrow] {
        let table = taken(&path, |input| {
            input.missing.numeric = NumericMissing::Median;
            input.times = Times::Number;
        });
        let expected = "f64 f32 i8 i16 i32 i64 u8 u16 u32 u64 decimal date moment span";
        assert_eq!(table.frame.features.join(" "), expected, "{}", path.display());
        for (name, values) in table.frame.features.iter().zip(table.frame.values.columns()) {
            assert!(values[0] == 1.0 && values[1].is_nan() && values[2] == 3.0, "{name}: {values}");
        }
        let levels: Vec<String> = table
            .frame
            .categories
            .iter()
            .map(|category| format!("{}: {}", category.name, category.levels.join(" ")))
            .collect();
        assert_eq!(levels, ["flag: false true", "text: x y"]);
        let mut unused: Vec<String> =
            table.account.unused.iter().map(|unused| format!("{}: {}", unused.name, unused.reason)).collect();
        unused.sort();
        assert_eq!(
            unused,
            ["bytes: its type cannot train", "list: its type cannot train", "nothing: without a value in any row"]
        );
        let mut wanted = Input::new(&path);
        wanted.features.include = vec!["list".to_owned()];
        let said = read::read(&wanted, Path::new(""), &mut silent).unwrap_err().to_string();
        assert!(said.starts_with("column `list` has type list[i64], which cannot train"), "{said}");
    }
}
