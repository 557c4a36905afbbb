//! One page of all figures: no script, no font, no image, nothing from a network. It follows the reader's
//! choice of dark or light, and prints.

mod escape;
mod lines;
mod plot;
mod roofline;
mod scale;
mod tables;

use crate::offload::offload;
use crate::record::Record;
use crate::subject::Subject;
use escape::escape;
use std::fmt::Write;

/// What a page shows.
#[derive(Debug, Default)]
pub struct Page {
    /// What is to be known of the run: machine, command, date; name and text.
    pub facts: Vec<(String, String)>,
    /// The figures.
    pub records: Vec<Record>,
    /// Figures from elsewhere, under the names of their files.
    pub joined: Vec<(String, Vec<Record>)>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Titles of the engines that are devices.
    pub devices: Vec<String>,
}

const STYLE: &str = include_str!("html/style.css");

impl Page {
    /// The page. Every text that came from outside is escaped.
    pub fn html(&self) -> String {
        let mut out = String::from(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>MetisVM bench</title>\n<style>\n",
        );
        out.push_str(STYLE);
        out.push_str("</style>\n</head>\n<body>\n<h1>MetisVM bench</h1>\n");
        self.facts(&mut out);
        out.push_str(
            "<p class=\"read\">A figure is the median of samples that the engines and the peer took by turns; ± is half \
             of the way from the quickest to the slowest. × is how many times as fast as the first peer an engine is: \
             above 1 it is the faster one, whatever is counted. Plots have logarithmic axes; peers are dashed.</p>\n",
        );
        self.offload(&mut out);
        for subject in Subject::ALL {
            self.subject(&mut out, subject);
        }
        self.notes(&mut out);
        out.push_str("</body>\n</html>\n");
        out
    }

    fn facts(&self, out: &mut String) {
        out.push_str("<table class=\"facts\">\n");
        for (name, text) in &self.facts {
            let _ = writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(text));
        }
        out.push_str("</table>\n");
    }

    fn offload(&self, out: &mut String) {
        let found = offload(&self.records, &self.devices);
        if found.is_empty() {
            return;
        }
        out.push_str("<h2>Where offload pays</h2>\n<ul>\n");
        for found in found {
            let _ = writeln!(out, "<li>{}</li>", escape(&found.sentence()));
        }
        out.push_str("</ul>\n");
    }

    fn subject(&self, out: &mut String, subject: Subject) {
        let of_it = |records: &[Record]| -> Vec<Record> {
            let of_it = records.iter().filter(|record| record.subject == subject);
            of_it.cloned().collect()
        };
        let own = of_it(&self.records);
        let joined: Vec<(&str, Vec<Record>)> = self
            .joined
            .iter()
            .map(|(name, records)| (name.as_str(), of_it(records)))
            .filter(|(_, records)| !records.is_empty())
            .collect();
        if own.is_empty() && joined.is_empty() {
            return;
        }
        let _ = writeln!(out, "<h2>{}</h2>", subject.name());
        tables::write(out, &own);
        for (name, records) in &joined {
            let _ = writeln!(out, "<h3>Figures of {}</h3>", escape(name));
            tables::write(out, records);
        }
        if subject == Subject::Kernels {
            roofline::write(out, &self.records);
        }
        let mut all = own;
        all.extend(joined.into_iter().flat_map(|(_, records)| records));
        lines::write(out, &all);
    }

    fn notes(&self, out: &mut String) {
        if self.notes.is_empty() {
            return;
        }
        out.push_str("<h2>Notes</h2>\n<ul>\n");
        for note in &self.notes {
            let _ = writeln!(out, "<li>{}</li>", escape(note));
        }
        out.push_str("</ul>\n");
    }
}
