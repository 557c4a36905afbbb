//! Figures side by side: a row a case, a column an engine, a grid for each unit of a subject.

use crate::record::Record;
use crate::subject::Subject;

/// The figures of one subject in one unit.
#[derive(Debug)]
pub struct Grid<'r> {
    /// The subject.
    pub subject: Subject,
    /// The unit of every figure.
    pub unit: &'r str,
    /// The engines, in the order in which they first came.
    pub engines: Vec<String>,
    /// The peers, likewise.
    pub peers: Vec<&'r str>,
    /// The cases, likewise.
    pub rows: Vec<Row<'r>>,
}

/// The figures of one case.
#[derive(Debug)]
pub struct Row<'r> {
    /// The case.
    pub case: &'r str,
    /// One for each engine; `None` where it was left out. Where an engine was held to several peers, it is
    /// the record with the first of them.
    pub engines: Vec<Option<&'r Record>>,
    /// The figure of each peer.
    pub peers: Vec<Option<f64>>,
}

/// Grids of records, in the order in which these came.
pub fn grids(records: &[Record]) -> Vec<Grid<'_>> {
    let mut grids: Vec<Grid<'_>> = Vec::new();
    for record in records {
        let known = grids
            .iter()
            .position(|grid| grid.subject == record.subject && grid.unit == record.unit);
        let place = known.unwrap_or_else(|| {
            grids.push(Grid {
                subject: record.subject,
                unit: &record.unit,
                engines: Vec::new(),
                peers: Vec::new(),
                rows: Vec::new(),
            });
            grids.len() - 1
        });
        grids[place].add(record);
    }
    for grid in &mut grids {
        let (engines, peers) = (grid.engines.len(), grid.peers.len());
        for row in &mut grid.rows {
            row.engines.resize(engines, None);
            row.peers.resize(peers, None);
        }
    }
    grids
}

impl<'r> Grid<'r> {
    fn add(&mut self, record: &'r Record) {
        let row = place_of(
            &mut self.rows,
            |row| row.case == record.case,
            || Row {
                case: &record.case,
                engines: Vec::new(),
                peers: Vec::new(),
            },
        );
        let engine = record.engine();
        let column = place_of(&mut self.engines, |known| *known == engine, || engine.clone());
        let row = &mut self.rows[row];
        row.engines.resize(row.engines.len().max(column + 1), None);
        row.engines[column].get_or_insert(record);
        if let Some((name, figure)) = &record.peer {
            let column = place_of(&mut self.peers, |known| known == name, || name);
            row.peers.resize(row.peers.len().max(column + 1), None);
            row.peers[column].get_or_insert(*figure);
        }
    }
}

/// Where something is in a list, which it comes to if it is not there.
fn place_of<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    list.iter().position(is_it).unwrap_or_else(|| {
        list.push(make());
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn engines_stand_side_by_side_and_what_was_left_out_is_empty() {
        let mut other_peer = record(Subject::Models, "a", "cpu", 9.0);
        other_peer.peer = Some(("sha3".to_owned(), 2.0));
        let records = [
            record(Subject::Models, "a", "cpu", 1.0),
            other_peer,
            record(Subject::Models, "a", "fpga", 2.0),
            record(Subject::Models, "b", "fpga", 3.0),
            record(Subject::Card, "b", "fpga", 4.0),
        ];
        let grids = grids(&records);
        assert_eq!(grids.len(), 2);
        let models = &grids[0];
        assert_eq!(models.engines, ["cpu", "fpga"]);
        assert_eq!(models.peers, ["reference", "sha3"]);
        let figures = |row: &Row<'_>| {
            row.engines
                .iter()
                .map(|cell| cell.map(|r| r.ours))
                .collect::<Vec<_>>()
        };
        assert_eq!(figures(&models.rows[0]), [Some(1.0), Some(2.0)]);
        assert_eq!(models.rows[0].peers, [Some(50.0), Some(2.0)]);
        assert_eq!(figures(&models.rows[1]), [None, Some(3.0)]);
        assert_eq!(models.rows[1].peers, [Some(50.0), None]);
    }
}
