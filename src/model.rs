//! The model file: everything needed to do the same to new rows.
//!
//! A safetensors file with the weights as tensors and one JSON string under the metadata key
//! `reduce`. It holds a digest of the whole file, so a changed bit anywhere is found; sizes are
//! checked before anything is allocated; reading it never runs code.

use std::collections::HashMap;
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

/// The version of the model file that this program writes.
pub const FORMAT: u32 = 1;

const KEY: &str = "reduce";
const LARGEST_HEADER: u64 = 64 << 20;
const DIGEST_LENGTH: usize = 64;

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
            format: FORMAT,
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
        let bytes = std::fs::read(path).map_err(|error| Error::io("read the model", path, &error))?;
        Ok(Self::from_bytes(&bytes, &path.display().to_string())?)
    }

    /// Reads a model from the bytes of its file; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(bytes: &[u8], path: &str) -> std::result::Result<Self, ModelError> {
        let foreign = |reason: &str| ModelError::Foreign { path: path.to_owned(), reason: reason.to_owned() };
        let damaged = |reason: String| ModelError::Damaged { path: path.to_owned(), reason };
        let length: [u8; 8] =
            bytes.get(..8).and_then(|head| head.try_into().ok()).ok_or_else(|| foreign("it has fewer than 8 bytes"))?;
        let length = u64::from_le_bytes(length);
        let rest = bytes.len() as u64 - 8;
        let looks_ours = bytes.get(8) == Some(&b'{');
        if !looks_ours || length > LARGEST_HEADER {
            return Err(foreign("it is not a safetensors file"));
        }
        if length > rest {
            return Err(damaged(format!("its header says {length} bytes, but only {rest} follow")));
        }
        let end = 8 + usize::try_from(length).map_err(|_| foreign("its header is too large"))?;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..end])
            .map_err(|error| damaged(format!("its header is not JSON ({error})")))?;
        let text = header
            .get("__metadata__")
            .and_then(|metadata| metadata.get(KEY))
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| foreign("it is a safetensors file of another program"))?;
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(ModelError::Future { path: path.to_owned(), found: u32::try_from(format).unwrap_or(u32::MAX) });
        }
        let digest = value.get("digest").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !is_digest_of(digest, bytes, end) {
            return Err(damaged("its content does not fit its digest".to_owned()));
        }
        let header: Header = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
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
