//! Mistakes put into the module's Verilog, all in one build and chosen by an input: random instructions notice each.

use super::geometries::{self, Shape};
use super::traffic;
use crate::random::Random;
use crate::verilator::{self, Model};
use metisvm_firmware::Status;

/// A mistake: in a module, the first assignment of `right` to the target becomes one of `wrong`.
struct Fault {
    module: &'static str,
    target: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const FAULTS: &[Fault] = &[];

/// The module with all mistakes, chosen by a port `fault_select`.
fn seeded(top: &str, verilog: &str) -> String {
    let mut text = verilog.to_owned();
    for (number, fault) in (1..).zip(FAULTS) {
        let Fault {
            module,
            target,
            right,
            wrong,
        } = fault;
        let begin = text.find(&format!("module {top}{module}(")).unwrap();
        let end = begin + text[begin..].find("endmodule").unwrap();
        let old = format!(" {target} = {right};");
        let at = text[begin..end]
            .find(&old)
            .unwrap_or_else(|| panic!("{module}: there is no{old}"));
        let new = format!(" {target} = {top}.fault_select == 6'd{number} ? {wrong} : {right};");
        text.replace_range(begin + at..begin + at + old.len(), &new);
    }
    let port = format!("module {top}(");
    let begin = text.find(&port).unwrap();
    let body = begin + text[begin..].find(");").unwrap() + 2;
    text.insert_str(body, "\n    input wire [5:0] fault_select;");
    text.insert_str(begin + port.len(), "fault_select,");
    text
}

#[test]
fn every_seeded_mistake_in_vector_is_noticed() {
    let Some(verilator) = verilator::command() else {
        return;
    };
    let shape = Shape::FourByFour;
    let geometry = shape.geometry();
    let top = "metisvm_vector_seeded";
    let sound = shape.emit().replace(&shape.top(), top);
    geometries::write(top, &seeded(top, &sound));
    let model = Model::build(verilator, top, "vector.cpp");
    let (text, asked) = traffic(geometry, &mut Random(5), 2_000);
    let mut unnoticed = Vec::new();
    for number in 0..=FAULTS.len() {
        let text = geometries::header(&geometry, number) + &text;
        let noticed = model.try_feed("seeded", &text).ok().is_none_or(|answer| {
            let wrong = answer.lines().zip(&asked).any(|(line, asked)| {
                let came: Vec<u64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
                let accesses = asked.status != Status::Ok && (came[2], came[3]) != (0, 0);
                accesses || came[0] != u64::from(asked.status as u16) || came[4] != asked.hash
            });
            wrong || answer.lines().count() != asked.len()
        });
        if noticed != (number > 0) {
            unnoticed.push(number);
        }
    }
    assert_eq!(
        unnoticed, [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
