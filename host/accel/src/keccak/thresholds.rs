//! Measured thresholds from one process to the next, in a file of the user's cache folder.
//!
//! The file is a convenience: one that is missing, damaged or not to be written costs a measurement, and one that is
//! wrong costs the time of hashing in the wrong place. A line is a threshold in messages, or `never`, a space, and
//! what it was measured on. Whoever writes replaces the file as a whole, so that readers never see half of it; of
//! two who write at once one is forgotten.

use super::Threshold;
use super::calibration::{of_size, size_of};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The most measurements that are kept, the latest first.
const MAX_LINES: usize = 64;
/// A file that is longer is not ours.
const MAX_BYTES: u64 = 64 << 10;

/// A file of thresholds.
#[derive(Clone, Debug)]
pub struct ThresholdCache {
    file: PathBuf,
}

impl ThresholdCache {
    /// In this folder, which need not exist.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            file: folder.join("keccak-thresholds"),
        }
    }

    /// What was measured on what `key` names, which has no line break.
    pub fn get(&self, key: &str) -> Option<Threshold> {
        let lines = self.lines();
        lines
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, threshold)| *threshold)
    }

    /// Keeps a measurement, if that is possible.
    pub fn put(&self, key: &str, threshold: Threshold) {
        let mut lines = self.lines();
        lines.retain(|(known, _)| known != key);
        lines.insert(0, (key.to_owned(), threshold));
        lines.truncate(MAX_LINES);
        let text: String = lines
            .iter()
            .map(|(key, threshold)| match size_of(*threshold) {
                Some(size) => format!("{size} {key}\n"),
                None => format!("never {key}\n"),
            })
            .collect();
        // Losing it costs a measurement.
        let _ = self.replace(&text);
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let number = NUMBER.fetch_add(1, Relaxed);
        let new = self
            .file
            .with_extension(format!("{}-{number}.new", std::process::id()));
        let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.file));
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written
    }

    /// What is there and makes sense.
    fn lines(&self) -> Vec<(String, Threshold)> {
        let short = std::fs::metadata(&self.file).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
        let text = short
            .then(|| std::fs::read(&self.file).ok())
            .flatten()
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let line = |line: &str| {
            let (threshold, key) = line.split_once(' ')?;
            let threshold = match threshold {
                "never" => Threshold::NEVER,
                size => of_size(size.parse().ok()?)?,
            };
            Some((key.to_owned(), threshold))
        };
        text.lines().filter_map(line).take(MAX_LINES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, which goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("metisvm-thresholds-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            Self(folder)
        }

        fn cache(&self) -> ThresholdCache {
            ThresholdCache::in_folder(&self.0.join("not/there/yet"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn threshold(size: usize) -> Threshold {
        of_size(size).unwrap()
    }

    #[test]
    fn what_is_put_is_there_for_the_same_devices_and_no_others() {
        let folder = Folder::new("kept");
        let cache = folder.cache();
        assert_eq!(cache.get("card 1, cpu a"), None);
        cache.put("card 1, cpu a", threshold(256));
        cache.put("card 2, cpu a", Threshold::NEVER);
        assert_eq!(cache.get("card 1, cpu a"), Some(threshold(256)));
        assert_eq!(cache.get("card 2, cpu a"), Some(Threshold::NEVER));
        assert_eq!(cache.get("card 1, cpu b"), None);
        cache.put("card 1, cpu a", threshold(64));
        assert_eq!(folder.cache().get("card 1, cpu a"), Some(threshold(64)));
        assert_eq!(folder.cache().lines().len(), 2);
        let files = std::fs::read_dir(cache.file.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1, "nothing is left beside the file");
        for number in 0..2 * MAX_LINES {
            cache.put(&number.to_string(), threshold(64));
        }
        assert_eq!(cache.lines().len(), MAX_LINES);
    }

    #[test]
    fn damaged_file_has_what_still_makes_sense_and_is_mended_by_the_next_measurement() {
        let folder = Folder::new("damaged");
        let cache = folder.cache();
        cache.put("card", threshold(256));
        for damage in [
            "",
            "256",
            "257 card\n",
            "-1 card",
            "never",
            "\0\0\0\0",
            "x card\n256 cart\n",
        ] {
            std::fs::write(&cache.file, damage).unwrap();
            assert_eq!(cache.get("card"), None, "{damage:?}");
        }
        std::fs::write(&cache.file, b"\xff\xfe card\nnever other\n").unwrap();
        assert_eq!(cache.get("other"), Some(Threshold::NEVER));
        std::fs::write(&cache.file, vec![b'\n'; MAX_BYTES as usize + 1]).unwrap();
        cache.put("card", threshold(1024));
        assert_eq!(cache.get("card"), Some(threshold(1024)));
    }

    #[test]
    fn folder_that_cannot_be_written_is_no_error() {
        let cache = ThresholdCache::in_folder(Path::new("/proc/metisvm-has-no-home"));
        cache.put("card", threshold(64));
        assert_eq!(cache.get("card"), None);
        // A folder where the file should be.
        let folder = Folder::new("blocked");
        let cache = folder.cache();
        std::fs::create_dir_all(&cache.file).unwrap();
        cache.put("card", threshold(64));
        assert_eq!(cache.get("card"), None);
    }
}
