//! What `metisvm device doctor` writes.

use super::{objects, stderr};
use serde_json::Value;
use std::process::Output;

/// The findings; the last object, and whether nothing blocks.
pub(crate) fn findings(output: &Output) -> (Vec<Value>, Value) {
    let mut all = objects(output);
    let last = all.pop().unwrap_or_else(|| panic!("{}", stderr(output)));
    let blocks = all.iter().filter(|finding| finding["state"] == "blocks").count();
    let warnings = all.iter().filter(|finding| finding["state"] == "warning").count();
    assert_eq!(
        (&last["blocks"], &last["warnings"]),
        (&blocks.into(), &warnings.into())
    );
    assert_eq!(last["usable"], blocks == 0);
    assert_eq!(output.status.code(), Some(i32::from(blocks > 0)), "{all:?}");
    for finding in &all {
        // Whatever is not as it should be comes with something to do.
        let steps = finding["mend"].as_array().unwrap().len();
        assert_eq!(steps == 0, finding["state"] == "ok", "{finding}");
    }
    (all, last)
}

/// The one thing that is wrong.
pub(crate) fn only(output: &Output) -> Value {
    let (all, _) = findings(output);
    let wrong: Vec<_> = all
        .into_iter()
        .filter(|finding| finding["state"] != "ok")
        .collect();
    let [only] = &wrong[..] else { panic!("{wrong:#?}") };
    only.clone()
}

pub(crate) fn says(finding: &Value, key: &str, state: &str, words: &[&str]) {
    assert_eq!(
        (&finding["check"], &finding["state"]),
        (&key.into(), &state.into()),
        "{finding}"
    );
    let text = finding.to_string();
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}
