//! The model file: everything needed to do the same to new rows.
//!
//! A safetensors file with the weights as tensors and one JSON string under the metadata key
//! `reduce`. It holds a digest of the whole file, so a changed bit anywhere is found; sizes are
//! checked before anything is allocated; reading it never runs code.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::autoencoder::{self, Autoencoder};
use crate::error::{Error, Explain, Result};
use crate::evaluate::TrainingProfile;
use crate::prepare::Preparation;
use crate::seed::Seed;
use crate::table::Input;
use crate::table::memory;

/// The latest version of the model file: 2 where the autoencoder is for sparse rows, which earlier programs cannot read, else 1.
pub const FORMAT: u32 = 2;

const KEY: &str = "reduce";
const LARGEST_HEADER: u64 = 64 << 20;
const DIGEST_LENGTH: usize = 64;
/// Bytes that tell whether a file can be a model.
const START: u64 = 16;

/// A trained autoencoder with its fitted preparation and what it knows about its training rows.
#[derive(Debug, Clone)]
pub struct Model {
    /// What describes it.
    pub about: About,
    /// From a table to the numbers that train.
    pub preparation: Preparation,
    /// From those numbers to codes and back.
    pub autoencoder: Autoencoder,
    /// What the training rows looked like, to tell new rows that are unlike them.
    pub profile: TrainingProfile,
}

/// What describes a model, beside its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The run's name.
    pub name: String,
    /// The seed it was trained with.
    pub seed: Seed,
    /// How its table was read: ids, labels and missing values. Paths are not kept.
    pub input: Input,
    /// How many rows trained it.
    pub training_rows: usize,
    /// Where it takes numbers and levels: its columns in the order of its table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
}

/// Why a model file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a safetensors file, or not one of ours.
    #[error("`{path}` is not a model of `reduce`: {reason}")]
    Foreign {
        /// The file.
        path: String,
        /// What it is instead.
        reason: String,
    },
    /// One of ours, but changed since it was written.
    #[error("the model `{path}` is damaged: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Written by a newer program.
    #[error("the model `{path}` has format {found}; this program reads formats up to {FORMAT}")]
    Future {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
    },
}

impl Explain for ModelError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Foreign { .. } => "give the `model.safetensors` of a run folder".to_owned(),
            Self::Damaged { .. } => "copy it again, or run the pipeline again".to_owned(),
            Self::Future { .. } => "use the version of `reduce` that wrote it, or a newer one".to_owned(),
        })
    }
}

/// What people give in place of a model, by its first bytes.
const KNOWN: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "it is a zip archive, as `.npz` and the `.pt` of PyTorch are"),
    (b"\x80\x02", "it is a Python pickle"),
    (b"\x89HDF\r\n", "it is an HDF5 file"),
    (b"PAR1", "it is a Parquet table"),
    (b"GGUF", "it is a GGUF file"),
];

/// A safetensors header, of which only our own part is kept.
#[derive(Deserialize)]
struct Outer {
    #[serde(rename = "__metadata__")]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    reduce: Option<String>,
}

/// What is looked at before the rest is believed.
#[derive(Deserialize)]
struct Seal {
    format: u64,
    digest: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    written_by: String,
    digest: String,
    about: About,
    autoencoder: autoencoder::Options,
    features: usize,
    preparation: Preparation,
    profile: TrainingProfile,
}

impl Model {
    /// The model as bytes of a file. The same model gives the same bytes.
    ///
    /// # Errors
    /// If a part cannot be serialized, which would be a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let bug = |error: &dyn std::fmt::Display| Error::failure(format!("cannot write the model: {error}"));
        let header = Header {
            format: if self.autoencoder.is_for_sparse_rows() { FORMAT } else { 1 },
            written_by: format!("reduce {}", env!("CARGO_PKG_VERSION")),
            digest: "0".repeat(DIGEST_LENGTH),
            about: self.about.clone(),
            autoencoder: self.autoencoder.options().clone(),
            features: self.autoencoder.features(),
            preparation: self.preparation.clone(),
            profile: self.profile.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|error| bug(&error))?;
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = self
            .autoencoder
            .to_tensors()
            .into_iter()
            .map(|(name, values)| {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (name, values.shape().to_vec(), bytes)
            })
            .collect();
        let mut views = Vec::with_capacity(tensors.len());
        for (name, shape, bytes) in &tensors {
            views
                .push((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|error| bug(&error))?));
        }
        let metadata = HashMap::from([(KEY.to_owned(), header)]);
        let mut bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| bug(&error))?;
        let digest = blake3::hash(&bytes).to_hex();
        let zeros = [b'0'; DIGEST_LENGTH];
        let place = find(&bytes, &zeros).ok_or_else(|| bug(&"no place for the digest"))?;
        bytes[place..place + DIGEST_LENGTH].copy_from_slice(digest.as_bytes());
        Ok(bytes)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// If it cannot be read, or is foreign, damaged or from the future, each with a reason.
    pub fn load(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|error| Error::io("read the model", path, &error))?;
        if !metadata.is_file() {
            let inside = path.join("model.safetensors");
            if inside.is_file() {
                return Self::load(&inside);
            }
            return Err(Error::request(format!("`{}` is not a file", path.display()))
                .hint("give the `model.safetensors` of a run folder"));
        }
        let failed = |error: std::io::Error| Error::io("read the model", path, &error);
        let name = path.display().to_string();
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // what it is shows in its first bytes: a large file of another kind is not read whole
        file.by_ref().take(START).read_to_end(&mut bytes).map_err(failed)?;
        header_length(&bytes, metadata.len(), &name)?;
        if memory::available().is_some_and(|available| metadata.len() > available) {
            return Err(Error::failure(format!(
                "the model `{name}` has {}, more memory than there is",
                memory::in_words(metadata.len())
            )));
        }
        file.read_to_end(&mut bytes).map_err(failed)?;
        Ok(Self::from_bytes(&bytes, &name)?)
    }

    /// Reads a model from the bytes of its file; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(bytes: &[u8], path: &str) -> std::result::Result<Self, ModelError> {
        let damaged = |reason: String| ModelError::Damaged { path: path.to_owned(), reason };
        let length = header_length(bytes, bytes.len() as u64, path)?;
        let end = 8 + length;
        let outer: Outer = serde_json::from_slice(&bytes[8..end])
            .map_err(|error| damaged(format!("its header cannot be read ({})", clipped(&error.to_string()))))?;
        let text = outer.metadata.and_then(|metadata| metadata.reduce).ok_or_else(|| ModelError::Foreign {
            path: path.to_owned(),
            reason: "it is a safetensors file of another program".to_owned(),
        })?;
        let seal: Seal = serde_json::from_str(&text).map_err(|error| damaged(clipped(&error.to_string())))?;
        if seal.format > u64::from(FORMAT) {
            let found = u32::try_from(seal.format).unwrap_or(u32::MAX);
            return Err(ModelError::Future { path: path.to_owned(), found });
        }
        if !is_digest_of(&seal.digest, bytes, end) {
            return Err(damaged("its content does not fit its digest".to_owned()));
        }
        let header: Header = serde_json::from_str(&text).map_err(|error| damaged(clipped(&error.to_string())))?;
        // only somebody who made the digest fit comes so far: what does not fit each other is refused all the same
        header.preparation.check().map_err(damaged)?;
        let features = header.preparation.features().len();
        if header.features != features || !header.profile.is_of(features) {
            return Err(damaged(format!("its parts are not all of {features} features")));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let mut arrays = Vec::new();
        for (name, view) in tensors.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("tensor `{name}` holds {:?}, not 32-bit floats", view.dtype())));
            }
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect();
            let array =
                ArrayD::from_shape_vec(IxDyn(view.shape()), values).map_err(|error| damaged(error.to_string()))?;
            arrays.push((name, array));
        }
        let autoencoder = Autoencoder::from_tensors(header.autoencoder, header.features, arrays)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(Self { about: header.about, preparation: header.preparation, autoencoder, profile: header.profile })
    }
}

/// The length of the header of a file that begins with `start` and is `length` bytes long.
fn header_length(start: &[u8], length: u64, path: &str) -> std::result::Result<usize, ModelError> {
    let foreign = |reason: &str| ModelError::Foreign { path: path.to_owned(), reason: reason.to_owned() };
    if let Some((_, what)) = KNOWN.iter().find(|(begins, _)| start.starts_with(begins)) {
        return Err(foreign(what));
    }
    let head: [u8; 8] =
        start.get(..8).and_then(|head| head.try_into().ok()).ok_or_else(|| foreign("it has fewer than 8 bytes"))?;
    let header = u64::from_le_bytes(head);
    if start.get(8) != Some(&b'{') || header > LARGEST_HEADER {
        return Err(foreign("it is not a safetensors file"));
    }
    let rest = length - 8;
    if header > rest {
        return Err(ModelError::Damaged {
            path: path.to_owned(),
            reason: format!("its header says {header} bytes, but only {rest} follow"),
        });
    }
    usize::try_from(header).map_err(|_| foreign("its header is too large"))
}

/// What a message of a parser says, short and on one line.
fn clipped(text: &str) -> String {
    let plain: String = text.chars().take(120).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain
}

/// Whether `digest` is that of `bytes` with the digest itself written as zeros; it stands in the header, before `end`.
fn is_digest_of(digest: &str, bytes: &[u8], end: usize) -> bool {
    if digest.len() != DIGEST_LENGTH {
        return false;
    }
    let Some(place) = find(&bytes[..end], digest.as_bytes()) else { return false };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..place]).update(&[b'0'; DIGEST_LENGTH]).update(&bytes[place + DIGEST_LENGTH..]);
    hasher.finalize().to_hex().as_str() == digest
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, needle)
}
