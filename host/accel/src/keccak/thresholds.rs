//! Measured thresholds from one process to the next, in a file of the user's cache folder ([`Records`]). A threshold is
//! written in messages, or as `never`.

use super::Threshold;
use super::calibration::{of_size, size_of};
use crate::records::Records;
use std::path::Path;
use std::str::FromStr;

/// A file of thresholds.
#[derive(Clone, Debug)]
pub struct ThresholdCache(Records);

/// A threshold as the file has it.
struct Kept(Threshold);

impl FromStr for Kept {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "never" => Ok(Self(Threshold::NEVER)),
            size => {
                let size = size.parse().ok().and_then(of_size);
                size.map(Self).ok_or(())
            }
        }
    }
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match size_of(self.0) {
            Some(size) => write!(f, "{size}"),
            None => f.write_str("never"),
        }
    }
}

impl ThresholdCache {
    /// In this folder, which need not exist.
    pub fn in_folder(folder: &Path) -> Self {
        Self(Records::new(folder, "keccak-thresholds"))
    }

    /// What was measured on what `key` names, which has no line break.
    pub fn get(&self, key: &str) -> Option<Threshold> {
        let lines = self.0.read::<Kept>().lines;
        let own = lines.into_iter().find(|(known, _)| known == key);
        own.map(|(_, kept)| kept.0)
    }

    /// Keeps a measurement, if that is possible: losing it costs a measurement.
    pub fn put(&self, key: &str, threshold: Threshold) {
        self.0.put(key, Kept(threshold));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{MAX_BYTES, MAX_LINES};
    use std::path::PathBuf;

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
        assert_eq!(folder.cache().0.read::<Kept>().lines.len(), 2);
        let files = std::fs::read_dir(cache.0.file.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1, "nothing is left beside the file");
        for number in 0..2 * MAX_LINES {
            cache.put(&number.to_string(), threshold(64));
        }
        assert_eq!(cache.0.read::<Kept>().lines.len(), MAX_LINES);
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
            std::fs::write(&cache.0.file, damage).unwrap();
            assert_eq!(cache.get("card"), None, "{damage:?}");
        }
        std::fs::write(&cache.0.file, b"\xff\xfe card\nnever other\n").unwrap();
        assert_eq!(cache.get("other"), Some(Threshold::NEVER));
        std::fs::write(&cache.0.file, vec![b'\n'; MAX_BYTES as usize + 1]).unwrap();
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
        std::fs::create_dir_all(&cache.0.file).unwrap();
        cache.put("card", threshold(64));
        assert_eq!(cache.get("card"), None);
    }
}
