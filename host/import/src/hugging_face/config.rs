//! `config.json`, read key by key; what no builder reads is known at the end.

use super::error::{FolderError, list};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The greatest size that a key may give: of a vocabulary, of a layer, of a context.
const MAX_SIZE: u64 = 1 << 26;

/// Keys that do not change what a forward pass computes.
const WITHOUT_EFFECT: &[&str] = &[
    "_attn_implementation_autoset",
    "_commit_hash",
    "_diffusers_version",
    "_name_or_path",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_pdrop",
    "aux_loss_alpha",
    "bos_token_id",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "decoder_start_token_id",
    "dropout",
    "dtype",
    "embd_pdrop",
    "eos_token_id",
    "ep_size",
    "finetuning_task",
    "gradient_checkpointing",
    "hidden_dropout_prob",
    "id2label",
    "initializer_factor",
    "initializer_range",
    "is_encoder_decoder",
    "keys_to_ignore_at_inference",
    "label2id",
    "max_length",
    "model_type",
    "name_or_path",
    "output_attentions",
    "output_hidden_states",
    "output_router_logits",
    "pad_token_id",
    "pretraining_tp",
    "problem_type",
    "resid_pdrop",
    "return_dict",
    "router_aux_loss_coef",
    "sep_token_id",
    "seq_aux",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "task_specific_params",
    "torch_dtype",
    "transformers_version",
    "unk_token_id",
    "use_cache",
];

/// An object of `config.json`.
pub(super) struct Config<'f> {
    /// The names of the objects that it is in, with a dot behind each.
    path: String,
    map: &'f Map<String, Value>,
    read: Rc<RefCell<BTreeSet<String>>>,
}

impl<'f> Config<'f> {
    pub(super) fn new(map: &'f Map<String, Value>) -> Self {
        Self {
            path: String::new(),
            map,
            read: Rc::default(),
        }
    }

    fn wrong(&self, key: &str, why: impl Into<String>) -> FolderError {
        FolderError::config(format!("{}{key}", self.path), why)
    }

    /// A key that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'f Value> {
        self.read.borrow_mut().insert(format!("{}{key}", self.path));
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Whether a key is there and null, where that is not the same as a key that is not there.
    pub(super) fn is_null(&self, key: &str) -> bool {
        self.get(key).is_none() && self.map.contains_key(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The key stands there, even if it is null.
    pub(super) fn given(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// A count of something, at least 1, which has to be there.
    pub(super) fn size(&self, key: &str) -> Result<usize, FolderError> {
        match self.size_if_any(key)? {
            Some(size) => Ok(size),
            None => Err(self.wrong(key, "it is missing; it has to be a number of at least 1")),
        }
    }

    pub(super) fn size_or(&self, key: &str, default: usize) -> Result<usize, FolderError> {
        Ok(self.size_if_any(key)?.unwrap_or(default))
    }

    pub(super) fn size_if_any(&self, key: &str) -> Result<Option<usize>, FolderError> {
        match self.count_if_any(key)? {
            Some(0) => Err(self.wrong(key, "it is 0; it has to be a number of at least 1")),
            count => Ok(count),
        }
    }

    /// A count of something, which may be 0.
    pub(super) fn count_if_any(&self, key: &str) -> Result<Option<usize>, FolderError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        self.count(key, value).map(Some)
    }

    /// A list of counts.
    pub(super) fn counts_if_any(&self, key: &str) -> Result<Option<Vec<usize>>, FolderError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong(key, format!("{} is not a list of numbers", brief(value))))?;
        list.iter()
            .map(|v| self.count(key, v))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A count that `value`, which stands at `key`, has to be.
    pub(super) fn count(&self, key: &str, value: &Value) -> Result<usize, FolderError> {
        let number = value.as_u64().filter(|n| *n <= MAX_SIZE);
        number.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
            let why = format!("{} is not a whole number from 0 to {MAX_SIZE}", brief(value));
            self.wrong(key, why)
        })
    }

    /// A finite number, if it is there.
    pub(super) fn number_if_any(&self, key: &str) -> Result<Option<f64>, FolderError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value.as_f64().filter(|n| n.is_finite());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, format!("{} is not a number", brief(value)))),
        }
    }

    pub(super) fn number_or(&self, key: &str, default: f64) -> Result<f64, FolderError> {
        Ok(self.number_if_any(key)?.unwrap_or(default))
    }

    pub(super) fn flag_or(&self, key: &str, default: bool) -> Result<bool, FolderError> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, format!("{} is neither true nor false", brief(other)))),
        }
    }

    pub(super) fn text_if_any(&self, key: &str) -> Result<Option<&'f str>, FolderError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, format!("{} is not a text", brief(other)))),
        }
    }

    pub(super) fn text_or(&self, key: &str, default: &'static str) -> Result<&'f str, FolderError> {
        Ok(self.text_if_any(key)?.unwrap_or(default))
    }

    /// A list of texts.
    pub(super) fn texts_if_any(&self, key: &str) -> Result<Option<Vec<&'f str>>, FolderError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let list = value.as_array().into_iter().flatten().map(Value::as_str);
        match list.collect::<Option<Vec<_>>>() {
            Some(texts) if value.is_array() => Ok(Some(texts)),
            _ => Err(self.wrong(key, format!("{} is not a list of texts", brief(value)))),
        }
    }

    /// An object within this one.
    pub(super) fn object_if_any(&self, key: &str) -> Result<Option<Self>, FolderError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self {
                path: format!("{}{key}.", self.path),
                map,
                read: self.read.clone(),
            })),
            Some(other) => Err(self.wrong(key, format!("{} is not an object", brief(other)))),
        }
    }

    /// Refuses a key that is anything but absent, null or `harmless`.
    pub(super) fn only(&self, key: &str, harmless: &[Value], what: &str) -> Result<(), FolderError> {
        match self.get(key) {
            Some(value) if !harmless.contains(value) => Err(self.refused(key, what)),
            _ => Ok(()),
        }
    }

    /// These keys change nothing of this architecture.
    pub(super) fn without_effect(&self, keys: &[&str]) {
        for key in keys {
            self.get(key);
        }
    }

    /// A size that has to divide another, `whole`, which stands at `of`.
    pub(super) fn divisor(&self, key: &str, of: &str, whole: usize) -> Result<usize, FolderError> {
        let size = self.size(key)?;
        if !whole.is_multiple_of(size) {
            let why = format!("it is {size}, which does not divide {of}, {whole}");
            return Err(self.wrong(key, why));
        }
        Ok(size)
    }

    /// The class of transformers that the folder is of, which has to be one of these; the first where it does not say.
    pub(super) fn head(&self, known: &[&'static str]) -> Result<&'static str, FolderError> {
        let Some(names) = self.texts_if_any("architectures")? else {
            return Ok(known[0]);
        };
        let found = known.iter().find(|k| names.contains(*k));
        found.copied().ok_or_else(|| {
            let what = format!("of this model type {} is taken", list(known.iter().copied()));
            self.refused("architectures", &what)
        })
    }

    /// A key asks for `what`, which is not computed here.
    pub(super) fn refused(&self, key: &str, what: &str) -> FolderError {
        let value = self
            .map
            .get(key)
            .map_or(String::new(), |v| format!("{}: ", brief(v)));
        self.wrong(
            key,
            format!("{value}{what}; export the model to ONNX and import that"),
        )
    }

    /// Keys that nothing has read, and that may have a meaning.
    pub(super) fn unread(&self) -> Vec<String> {
        let read = self.read.borrow();
        let inner = |path: &str, map: &Map<String, Value>, all: &mut Vec<String>| {
            for (key, value) in map {
                let name = format!("{path}{key}");
                if !read.contains(&name) && !value.is_null() && !WITHOUT_EFFECT.contains(&key.as_str()) {
                    all.push(name);
                }
            }
        };
        let mut all = Vec::new();
        inner(&self.path, self.map, &mut all);
        for (key, value) in self.map {
            let path = format!("{}{key}", self.path);
            // Objects that were looked into: one that was not is on the list as a whole.
            if let Value::Object(map) = value
                && read.iter().any(|name| name.starts_with(&format!("{path}.")))
            {
                inner(&format!("{path}."), map, &mut all);
            }
        }
        all
    }
}

/// A value of somebody else's making, short enough for an error.
fn brief(value: &Value) -> String {
    crate::error::plain(&value.to_string())
}
