//! The templates that the binary carries: the folders of `templates/`, each a model with the contract that calls it.

use crate::error::CliError;
use metisvm_model::Bundle;

/// A file that a template writes.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Where, in the template's folder; parts are separated by `/`.
    pub path: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

/// A model, the contract that calls it, a test and a page.
#[derive(Debug)]
pub struct Template {
    /// What it is asked for by.
    pub name: &'static str,
    /// What the model does, in a line.
    pub summary: &'static str,
    /// The file of its example contract, without `.sol`, and the contract itself.
    pub contract: &'static str,
    /// Its own files, `model.bundle` among them.
    pub files: &'static [File],
}

/// The file that every template's model is in.
pub const BUNDLE: &str = "model.bundle";

/// Files of a template: those whose names follow from the template's and the contract's, and more where it has any.
macro_rules! template {
    ($name:literal, $contract:literal, $summary:literal $(, $more:literal)*) => {
        Template {
            name: $name,
            summary: $summary,
            contract: $contract,
            files: &[
                template!(@file $name, "README.md"),
                template!(@file $name, "model.bundle"),
                template!(@file $name, concat!("src/I", $contract, ".sol")),
                template!(@file $name, concat!("src/", $contract, ".sol")),
                template!(@file $name, "test/Samples.sol"),
                template!(@file $name, concat!("test/", $contract, ".t.sol")),
                $(template!(@file $name, $more),)*
            ],
        }
    };
    (@file $name:literal, $path:expr) => {
        File {
            path: $path,
            bytes: include_bytes!(concat!("../../../templates/", $name, "/", $path)),
        }
    };
}

/// All of them, in the order of the page (docs/templates.md).
pub const TEMPLATES: &[Template] = &[
    template!(
        "image-classifier",
        "ImageClassifier",
        "the class of an image, and how sure that is"
    ),
    template!(
        "embedding",
        "Embedding",
        "features of an input, and whether two inputs are of one kind"
    ),
    template!("ocr-line", "OcrLine", "the text on a line, decoded greedily"),
    template!("detector", "Detector", "what is where on an image"),
    template!(
        "credit-score",
        "CreditScore",
        "a score of an applicant's features"
    ),
    template!(
        "tabular-anomaly",
        "TabularAnomaly",
        "how unlike the usual a row of measurements is"
    ),
    template!("gpt2", "Gpt2", "the token that follows a text", "tokenizer.json"),
    template!(
        "llama",
        "Llama",
        "the likeliest answer of several",
        "tokenizer.json"
    ),
    template!(
        "deepseek",
        "Deepseek",
        "how much of a text was to be foreseen",
        "tokenizer.json"
    ),
    template!(
        "unet-denoiser",
        "UnetDenoiser",
        "the noise in a latent: drawings step by step"
    ),
];

macro_rules! shared {
    ($($path:literal from $source:literal),* $(,)?) => {
        /// What every template brings besides its own files: settings, and the package that its contracts import.
        pub const SHARED: &[File] = &[$(
            File { path: $path, bytes: include_bytes!(concat!("../../../", $source)) },
        )*];
    };
}

shared! {
    ".gitignore" from "templates/shared/.gitignore",
    "foundry.toml" from "templates/shared/foundry.toml",
    "test/Vm.sol" from "templates/shared/test/Vm.sol",
    "lib/metisvm-contracts/LICENSE" from "LICENSE",
    "lib/metisvm-contracts/remappings.txt" from "contracts/remappings.txt",
    "lib/metisvm-contracts/src/metis/IInference.sol" from "contracts/src/metis/IInference.sol",
    "lib/metisvm-contracts/src/metis/InferenceStub.sol" from "contracts/src/metis/InferenceStub.sol",
    "lib/metisvm-contracts/src/metis/LanguageModel.sol" from "contracts/src/metis/LanguageModel.sol",
    "lib/metisvm-contracts/src/metis/Metis.sol" from "contracts/src/metis/Metis.sol",
    "lib/metisvm-contracts/src/metis/foundry/Cheats.sol" from "contracts/src/metis/foundry/Cheats.sol",
    "lib/metisvm-contracts/src/metis/foundry/InferenceOverRpc.sol" from "contracts/src/metis/foundry/InferenceOverRpc.sol",
    "lib/metisvm-contracts/src/metis/foundry/MetisTest.sol" from "contracts/src/metis/foundry/MetisTest.sol",
}

impl Template {
    /// The one of this name.
    pub fn of(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// Everything that it writes, without regard to order.
    pub fn all_files(&self) -> impl Iterator<Item = File> {
        self.files.iter().chain(SHARED).copied()
    }

    /// Its model.
    ///
    /// # Errors
    /// If the binary was damaged.
    pub fn bundle(&self) -> Result<Bundle, CliError> {
        let damaged = |problem: String| CliError::Bundled {
            what: self.name,
            problem,
        };
        let file = self.files.iter().find(|file| file.path == BUNDLE);
        let file = file.ok_or_else(|| damaged(format!("it has no {BUNDLE}")))?;
        Bundle::decode(file.bytes).map_err(|error| damaged(error.to_string()))
    }
}
