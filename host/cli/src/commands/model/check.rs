//! `metisvm model check`: a bundle against what another implementation gave for the same inputs, on each backend.

use super::arrays;
use super::measure::{self, Similarity, compare};
use super::samples::Samples;
use crate::args::{Backend, Check};
use crate::composition::{self, CpuReport, Mark, compose};
use crate::cpu_time;
use crate::error::CliError;
use crate::models;
use crate::output;
use metisvm_model::Bundle;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The largest file of samples that is read.
const MAX_FILE_BYTES: usize = 1 << 30;

/// What came of one backend.
struct Checked {
    backend: Backend,
    /// Whether it gave the bits that the reference gave.
    identical: bool,
    /// Parts of inferences that it left to the reference.
    fallbacks: u64,
    /// Of one inference, on all threads.
    cpu: Option<Duration>,
    samples: usize,
    outputs: Vec<Similarity>,
    /// What the cpu backend did, where it is the one.
    instructions: Option<CpuReport>,
}

/// Checks a bundle; `false` where a backend gives other bits, a set of instructions was found to compute wrongly,
/// or the cosine is below the one asked for.
pub(super) fn run(args: &Check) -> Result<bool, CliError> {
    let bundle = models::read(&args.bundle)?;
    let samples = read(args, &bundle)?;
    for name in &samples.unused {
        output::complain(&format!(
            "note: {name} is of no input or output of the model, and left out"
        ));
    }
    for (name, part) in &samples.clipped {
        output::complain(&format!(
            "note: of input {}, {:.2} % of the numbers lie beyond what its integers hold, and saturate; if they are as \
             they will be, import again with such samples",
            output::shown(name),
            part * 100.0
        ));
    }
    let mut reference = Vec::new();
    let mut all_well = true;
    let mut table = output::table(&[
        "backend",
        "identical",
        "cosine",
        "least",
        "top 1",
        "CPU ms",
        "samples",
    ]);
    // The reference goes first, whether it is asked for or not: the others are compared with it.
    let others = args
        .backend
        .iter()
        .filter(|backend| **backend != Backend::Reference);
    for backend in [Backend::Reference].iter().chain(others) {
        let checked = check(args, *backend, &bundle, &samples, &mut reference)?;
        if !args.backend.contains(backend) {
            continue;
        }
        all_well &= checked.complain(args.min_cosine);
        if args.json {
            output::json(&checked.json())?;
        } else {
            table.add_row(checked.row());
        }
    }
    if !args.json {
        output::line(&table.to_string())?;
    }
    Ok(all_well)
}

fn read(args: &Check, bundle: &Bundle) -> Result<Samples, CliError> {
    let failed = |problem: String| CliError::file(&args.data, problem);
    let bytes = arrays::read_file(&args.data, MAX_FILE_BYTES)?;
    let archive = arrays::open(&bytes).map_err(failed)?;
    Samples::read(&archive, &bundle.graph).map_err(failed)
}

/// Runs all samples on one backend. The first backend is the reference, and leaves its outputs for the others.
fn check(
    args: &Check,
    backend: Backend,
    bundle: &Bundle,
    samples: &Samples,
    reference: &mut Vec<Arc<[u8]>>,
) -> Result<Checked, CliError> {
    let composed = compose(&args.engine(backend), std::slice::from_ref(bundle));
    let dispatcher = &composed.dispatcher;
    let mut outputs = Vec::with_capacity(samples.inputs.len());
    let mut started = cpu_time::so_far();
    let mut timed = samples.inputs.len();
    for (index, input) in samples.inputs.iter().enumerate() {
        outputs.push(dispatcher.infer(bundle.id, input)?);
        if index == 0 && timed > 1 {
            // The first also compiles and loads; where there are others, they are the measurement.
            started = cpu_time::so_far();
            timed -= 1;
        }
    }
    let spent = cpu_time::so_far()
        .zip(started)
        .map(|(now, then)| now.saturating_sub(then));
    for problem in composed.problems.iter().cloned().chain(dispatcher.take_errors()) {
        output::complain(&format!("note: {problem}; the work ran on the next backend"));
    }
    let similarity = |expected: &super::samples::Expected| {
        let actual: Vec<Vec<f64>> = outputs.iter().map(|raw| expected.numbers(raw)).collect();
        compare(
            &expected.name,
            expected.row(),
            expected.is_whole(),
            &actual,
            &expected.samples,
        )
    };
    let found = samples.outputs.iter().map(similarity).collect();
    if reference.is_empty() {
        *reference = outputs.clone();
    }
    Ok(Checked {
        backend,
        identical: outputs == *reference,
        fallbacks: dispatcher.counters().fallbacks,
        cpu: spent.and_then(|spent| spent.checked_div(u32::try_from(timed).ok()?)),
        samples: outputs.len(),
        outputs: found,
        instructions: composed.cpu_since(&Mark::default()),
    })
}

impl Checked {
    /// Says what is not as it has to be; `true` where everything is.
    fn complain(&self, min_cosine: Option<f64>) -> bool {
        let name = composition::name(self.backend);
        if !self.identical {
            output::complain(&format!("{name} does not give the bits that the reference gives"));
        }
        // The next backend computed again what an audit or the self-test found wrong, so the bits do not show it.
        let condemned = self.instructions.as_ref().map_or(0, |cpu| cpu.condemned);
        if condemned > 0 {
            output::complain(&format!(
                "{name}: sets of instructions that compute wrongly: {condemned}; the notes say which"
            ));
        }
        let cosine = self.mean(|output| output.cosine);
        let far = min_cosine.filter(|least| cosine.is_none_or(|cosine| cosine < *least));
        if let Some(least) = far {
            let found = cosine.map_or("there is none: no output is real numbers".to_owned(), |cosine| {
                cosine.to_string()
            });
            output::complain(&format!("{name}: the cosine is to be {least} at least: {found}"));
        }
        self.identical && condemned == 0 && far.is_none()
    }

    /// The mean over outputs.
    fn mean(&self, of: impl Fn(&Similarity) -> Option<f64>) -> Option<f64> {
        measure::mean(&self.outputs.iter().filter_map(of).collect::<Vec<f64>>())
    }

    fn least(&self) -> Option<f64> {
        self.outputs
            .iter()
            .filter_map(|output| output.cosine_min)
            .reduce(f64::min)
    }

    fn cpu_ms(&self) -> Option<f64> {
        self.cpu.map(output::ms)
    }

    fn json(&self) -> Value {
        let output = |output: &Similarity| {
            json!({
                "name": output.name,
                "cosine": output.cosine,
                "cosine_min": output.cosine_min,
                "top1_agreement": output.top1,
                "relative_error": output.relative,
                "equal": output.equal,
            })
        };
        let mut object = json!({
            "backend": composition::name(self.backend),
            "bit_identical": self.identical,
            "cosine": self.mean(|output| output.cosine),
            "cosine_min": self.least(),
            "top1_agreement": self.mean(|output| output.top1),
            "cpu_ms": self.cpu_ms(),
            "samples": self.samples,
            "fallbacks": self.fallbacks,
            "outputs": self.outputs.iter().map(output).collect::<Vec<_>>(),
        });
        if let Some(cpu) = &self.instructions {
            cpu.json(&mut object);
        }
        object
    }

    /// The backend, and behind it the set of instructions: in a narrow table it goes below.
    fn engine(&self) -> String {
        let name = composition::name(self.backend);
        let level = self.instructions.as_ref().map(|cpu| cpu.level);
        level.map_or(name.to_owned(), |level| format!("{name} {level}"))
    }

    fn row(&self) -> [String; 7] {
        let figure = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.5}"));
        [
            self.engine(),
            if self.identical { "yes" } else { "NO" }.to_owned(),
            figure(self.mean(|output| output.cosine)),
            figure(self.least()),
            figure(self.mean(|output| output.top1)),
            self.cpu_ms().map_or("–".to_owned(), |ms| format!("{ms:.3}")),
            self.samples.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_that_computes_wrongly_fails_the_check_though_the_bits_were_replaced() {
        let mut checked = Checked {
            backend: Backend::Cpu,
            identical: true,
            fallbacks: 0,
            cpu: None,
            samples: 1,
            outputs: Vec::new(),
            instructions: Some(CpuReport {
                level: "avx2",
                macs: 1,
                scalar_macs: 0,
                audited: 1,
                condemned: 1,
            }),
        };
        assert!(!checked.complain(None));
        if let Some(cpu) = &mut checked.instructions {
            cpu.condemned = 0;
        }
        assert!(checked.complain(None));
        assert_eq!(checked.row()[0], "cpu avx2");
    }
}
