//! The data frames of AnnData files: what names the rows and features, and the columns beside the matrix, as texts.

use hdf5_pure::AttrValue;
use hdf5_pure::DType;
use hdf5_pure::Dataset;
use hdf5_pure::File;
use hdf5_pure::Group;

use super::Node;
use super::attribute;
use super::check_elements;
use super::contain;
use super::fitting;
use super::node;
use super::strings;
use crate::error::Result;
use crate::table::annotated::Texts;
use crate::table::error::TableError;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Index,
    All,
}

/// A data frame of an AnnData file: what its index is called, the index, the columns as texts.
pub(super) fn frame(file: &File, path: &str, want: Want) -> Result<(String, Vec<String>, Vec<(String, Texts)>)> {
    match node(file, path) {
        Some(Node::Group(group)) => {
            let attributes = contain(|| group.attrs())?;
            let index = attribute(&attributes, &["_index"]).unwrap_or("_index").to_owned();
            let names = strings(&contain(|| group.dataset(&index))?)?;
            let mut columns = Vec::new();
            if want == Want::All {
                let order = attributes
                    .get("column-order")
                    .and_then(AttrValue::as_strings)
                    .map(<[String]>::to_vec)
                    .unwrap_or_default();
                for name in order {
                    if let Some(texts) = column(&group, &name, names.len())? {
                        columns.push((name, texts));
                    }
                }
            }
            Ok((public_name(&index), names, columns))
        }
        Some(Node::Dataset(dataset)) => compound(file, &dataset, want),
        None => Err(TableError::Damaged { format: "h5ad", reason: format!("it has no `{path}`") }.into()),
    }
}

/// A column as texts; `None` for a form that cannot be a label.
fn column(frame: &Group, name: &str, rows: usize) -> Result<Option<Texts>> {
    let texts = if contain(|| frame.groups())?.iter().any(|group| group == name) {
        let group = contain(|| frame.group(name))?;
        let members = contain(|| group.datasets())?;
        let has = |member: &str| members.iter().any(|name| name == member);
        if has("categories") && has("codes") {
            let levels = texts_of(&contain(|| group.dataset("categories"))?)?;
            let codes = fitting(&group, "codes")?;
            let codes = contain(|| codes.read_i64())?;
            levels.map(|levels| coded(&codes, &levels))
        } else if has("values") && has("mask") {
            let values = texts_of(&contain(|| group.dataset("values"))?)?;
            let mask = fitting(&group, "mask")?;
            let mask = contain(|| mask.read_i64())?;
            values.map(|values| values.into_iter().zip(mask).map(|(value, mask)| value.filter(|_| mask == 0)).collect())
        } else {
            None
        }
    } else {
        let dataset = contain(|| frame.dataset(name))?;
        let values = texts_of(&dataset)?;
        // AnnData 0.7 keeps the levels of a column of codes beside the frame.
        match contain(|| frame.groups())?.iter().find(|group| *group == "__categories") {
            Some(_) if contain(|| frame.group("__categories")?.datasets())?.iter().any(|level| level == name) => {
                let levels = texts_of(&contain(|| frame.group("__categories")?.dataset(name))?)?;
                let codes = contain(|| dataset.read_i64())?;
                levels.map(|levels| coded(&codes, &levels))
            }
            _ => values,
        }
    };
    Ok(texts.filter(|texts| texts.len() == rows))
}

/// The data frames of AnnData 0.6: one record per row, levels kept under `uns`.
fn compound(file: &File, dataset: &Dataset, want: Want) -> Result<(String, Vec<String>, Vec<(String, Texts)>)> {
    let damaged = |reason: &str| -> crate::error::Error {
        TableError::Damaged { format: "h5ad", reason: reason.to_owned() }.into()
    };
    let hdf5_pure::Datatype::Compound { size, members } = contain(|| dataset.datatype())? else {
        return Err(damaged("its table of names is no table"));
    };
    check_elements(dataset)?;
    let raw = contain(|| dataset.read_raw())?;
    let records: Vec<&[u8]> = raw.chunks_exact(size.max(1) as usize).collect();
    let mut index = None;
    let mut columns = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let start = usize::try_from(member.byte_offset).unwrap_or(usize::MAX);
        let Some(decode) = decoder(&member.datatype) else { continue };
        if position > 0 && want == Want::Index {
            break;
        }
        let values: Option<Vec<Texts>> =
            records.iter().map(|record| record.get(start..).map(|bytes| vec![decode(bytes)])).collect();
        let Some(values) = values else { return Err(damaged("a record is shorter than its fields")) };
        let values: Texts = values.into_iter().flatten().collect();
        if index.is_none() {
            index = Some((public_name(&member.name), values.into_iter().map(Option::unwrap_or_default).collect()));
            continue;
        }
        let levels = contain(|| Ok(file.dataset(&format!("uns/{}_categories", member.name)).ok()))?;
        let values = match levels {
            Some(levels) => {
                let levels = texts_of(&levels)?.unwrap_or_default();
                let codes: Vec<i64> =
                    values.iter().map(|code| code.as_ref().and_then(|code| code.parse().ok()).unwrap_or(-1)).collect();
                coded(&codes, &levels)
            }
            None => values,
        };
        columns.push((member.name.clone(), values));
    }
    let (name, names) = index.ok_or_else(|| damaged("its table of names has no names"))?;
    Ok((name, names, columns))
}

type Decode = Box<dyn Fn(&[u8]) -> Option<String>>;

/// Reads one little-endian field of a record as text.
fn decoder(datatype: &hdf5_pure::Datatype) -> Option<Decode> {
    use hdf5_pure::Datatype;
    fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.get(..N)?.try_into().ok()
    }
    let shown = |value: f64| (!value.is_nan()).then(|| value.to_string());
    match datatype {
        Datatype::String { size, .. } => {
            let size = *size as usize;
            Some(Box::new(move |bytes| {
                let text = bytes.get(..size)?;
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(size);
                Some(String::from_utf8_lossy(&text[..end]).trim_end().to_owned())
            }))
        }
        Datatype::FixedPoint { size, .. } => match size {
            1 => Some(Box::new(|bytes| Some(i8::from_le_bytes(number(bytes)?).to_string()))),
            2 => Some(Box::new(|bytes| Some(i16::from_le_bytes(number(bytes)?).to_string()))),
            4 => Some(Box::new(|bytes| Some(i32::from_le_bytes(number(bytes)?).to_string()))),
            8 => Some(Box::new(|bytes| Some(i64::from_le_bytes(number(bytes)?).to_string()))),
            _ => None,
        },
        Datatype::FloatingPoint { size, .. } => match size {
            4 => Some(Box::new(move |bytes| {
                let value = f32::from_le_bytes(number(bytes)?);
                (!value.is_nan()).then(|| value.to_string())
            })),
            8 => Some(Box::new(move |bytes| shown(f64::from_le_bytes(number(bytes)?)))),
            _ => None,
        },
        _ => None,
    }
}

fn coded(codes: &[i64], levels: &[Option<String>]) -> Texts {
    codes.iter().map(|code| usize::try_from(*code).ok().and_then(|code| levels.get(code).cloned().flatten())).collect()
}

/// A one-dimensional dataset as texts; `None` for a form that cannot be a label.
fn texts_of(dataset: &Dataset) -> Result<Option<Texts>> {
    check_elements(dataset)?;
    Ok(Some(match contain(|| dataset.dtype())? {
        DType::String | DType::VariableLengthString => strings(dataset)?.into_iter().map(Some).collect(),
        DType::F32 => {
            let values = contain(|| dataset.read_f32())?;
            values.into_iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect()
        }
        DType::F64 => {
            let values = contain(|| dataset.read_f64())?;
            values.into_iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect()
        }
        DType::U64 => contain(|| dataset.read_u64())?.into_iter().map(|value| Some(value.to_string())).collect(),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
            contain(|| dataset.read_i64())?.into_iter().map(|value| Some(value.to_string())).collect()
        }
        DType::Enum(names) => {
            let truth = names.iter().any(|name| name.eq_ignore_ascii_case("true"));
            let values = contain(|| dataset.read_i64())?;
            values
                .into_iter()
                .map(|value| Some(if truth { (value != 0).to_string() } else { value.to_string() }))
                .collect()
        }
        _ => return Ok(None),
    }))
}

/// What an index without a name of its own is called.
fn public_name(index: &str) -> String {
    match index {
        "_index" | "index" => "obs_names".to_owned(),
        name => name.to_owned(),
    }
}
