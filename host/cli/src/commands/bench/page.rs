//! The page of `metisvm bench --html`: what it is written to, and what it says of the run.

use crate::args::Bench;
use crate::error::CliError;
use crate::files::Target;
use crate::models::read_bounded;
use metisvm_bench::{Page, Record, Setup};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest file of figures that is read.
const MAX_FIGURES_BYTES: usize = 16 << 20;

/// Where the page goes, and the figures from elsewhere that it shows.
pub(super) struct Destination {
    target: Target,
    joined: Vec<(String, Vec<Record>)>,
}

impl Destination {
    /// Reads figures and makes sure that the page can be written, before anything is measured.
    pub(super) fn open(args: &Bench) -> Result<Option<Self>, CliError> {
        let Some(path) = &args.html else {
            return Ok(None);
        };
        let inputs: Vec<&Path> = args.bundle.iter().chain(&args.peer).map(|path| &**path).collect();
        let target = Target::probe(path, &inputs)?;
        let joined = args
            .peer
            .iter()
            .map(|path| Ok((path.display().to_string(), read(path)?)));
        let joined = joined.collect::<Result<_, CliError>>()?;
        Ok(Some(Self { target, joined }))
    }

    /// Writes the page.
    pub(super) fn write(
        self,
        setup: &Setup,
        records: Vec<Record>,
        notes: Vec<String>,
    ) -> Result<(), CliError> {
        let devices = setup.engines.iter().filter(|engine| engine.is_device());
        let page = Page {
            facts: facts(setup),
            records,
            joined: self.joined,
            notes,
            devices: devices.map(|engine| engine.title()).collect(),
        };
        self.target.write(page.html().as_bytes())
    }
}

fn read(path: &Path) -> Result<Vec<Record>, CliError> {
    let bytes = read_bounded(path, MAX_FIGURES_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| CliError::file(path, "it is not text in UTF-8"))?;
    let records = Record::read_lines(&text).map_err(|error| CliError::file(path, error))?;
    if records.is_empty() {
        return Err(CliError::file(
            path,
            "it has no figures; metisvm bench --json writes such files",
        ));
    }
    Ok(records)
}

/// What is to be known of the run.
fn facts(setup: &Setup) -> Vec<(String, String)> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let engines: Vec<String> = setup.engines.iter().map(|engine| engine.title()).collect();
    let models: Vec<String> = setup.models.iter().map(|model| model.name.clone()).collect();
    let command: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    [
        ("MetisVM", env!("CARGO_PKG_VERSION").to_owned()),
        ("command", format!("metisvm {}", command.join(" "))),
        ("date", format!("{} UTC", date(seconds))),
        (
            "processor",
            format!("{}, {processors} threads at once", processor()),
        ),
        (
            "system",
            format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        ),
        ("engines", engines.join("; ")),
        ("models", models.join("; ")),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

/// What the system calls the processor.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line
        .and_then(|line| line.split_once(':'))
        .map(|(_, name)| name.trim());
    name.unwrap_or("unknown").to_owned()
}

/// The day of a time since 1970, in the Gregorian calendar, with hours and minutes.
fn date(seconds: u64) -> String {
    let (mut days, mut year) = (seconds / 86_400, 1970);
    let is_leap =
        |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let length = |year: u64| if is_leap(year) { 366 } else { 365 };
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let minutes = seconds / 60;
    format!(
        "{year}-{month:02}-{:02} {:02}:{:02}",
        days + 1,
        minutes / 60 % 24,
        minutes % 60
    )
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (951_868_799, "2000-02-29 23:59"),
            (1_735_689_600, "2025-01-01 00:00"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }
}
