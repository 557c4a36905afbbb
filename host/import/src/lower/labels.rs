//! Names of classes, as notes of an output: `output.NAME.labels`, a JSON list of texts. A list that is too long for one
//! entry is cut into several lists, `output.NAME.labels.0` and so on.

use metisvm_model::limits::MAX_STRING_BYTES;
use std::collections::BTreeMap;

/// Entries that the names of one output may take, a quarter of what a bundle has: beyond that they are left out, and
/// callers who know ten thousand classes know their names.
const MOST_ENTRIES: usize = 64;

pub(super) fn describe(metadata: &mut BTreeMap<String, String>, output: &str, labels: &[String]) {
    let mut parts = vec![String::from("[")];
    for label in labels {
        let text = quoted(label);
        if text.len() + 2 > MAX_STRING_BYTES || parts.len() > MOST_ENTRIES {
            return;
        }
        let Some(part) = parts.last_mut() else { return };
        let comma = usize::from(part.len() > 1);
        if part.len() + comma + text.len() + 1 > MAX_STRING_BYTES {
            part.push(']');
            parts.push(format!("[{text}"));
            continue;
        }
        if comma > 0 {
            part.push(',');
        }
        part.push_str(&text);
    }
    if let Some(part) = parts.last_mut() {
        part.push(']');
    }
    if parts.len() > MOST_ENTRIES {
        return;
    }
    let key = format!("output.{output}.labels");
    match &parts[..] {
        [only] => {
            metadata.insert(key, only.clone());
        }
        _ => metadata.extend(
            parts
                .into_iter()
                .enumerate()
                .map(|(at, part)| (format!("{key}.{at}"), part)),
        ),
    }
}

/// A text in quotes, as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(labels: &[String]) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::new();
        describe(&mut metadata, "y", labels);
        metadata
    }

    #[test]
    fn names_are_json() {
        let labels = ["a \"b\"".to_string(), "c\\\n".to_string()];
        let metadata = described(&labels);
        let text = &metadata["output.y.labels"];
        assert_eq!(serde_json::from_str::<Vec<String>>(text).unwrap(), labels);
    }

    #[test]
    fn long_lists_are_cut_and_the_longest_left_out() {
        let labels: Vec<String> = (0..1000).map(|i| format!("class {i}")).collect();
        let metadata = described(&labels);
        let mut all = Vec::new();
        for at in 0..metadata.len() {
            let text = &metadata[&format!("output.y.labels.{at}")];
            assert!(text.len() <= MAX_STRING_BYTES);
            all.extend(serde_json::from_str::<Vec<String>>(text).unwrap());
        }
        assert_eq!(all, labels);
        let labels: Vec<String> = (0..10_000).map(|i| format!("class {i}")).collect();
        assert!(described(&labels).is_empty());
        assert!(described(&["x".repeat(2000)]).is_empty());
    }
}
