//! Mistakes put into the module's Verilog, all in one build and chosen by an input: random instructions notice each.

use super::geometries::{self, Shape};
use super::traffic;
use crate::random::Random;
use crate::seeded::{Fault, fault, seeded, unnoticed};
use crate::verilator::{self, Model};
use metisvm_firmware::Status;

const FAULTS: &[Fault] = &[
    fault(
        "$checks",
        "rows$d",
        "word0[(32'h20)+:(16)] - 32'h1",
        "word0[(32'h20)+:(16)]",
    ),
    fault("$checks", "factor$d", "factor$q >> 32'h1", "factor$q >> 32'h2"),
    fault(
        "$checks",
        "dst_last$d",
        "dst_last$q + dst_cols_wide",
        "dst_last$q",
    ),
    fault(
        "$checks",
        "outside$d",
        "(dst_last$q >= acc_tiles) || (src_last$q >= acc_tiles)",
        "dst_last$q >= acc_tiles",
    ),
    fault(
        "$checks",
        "repeats$d",
        "dst_pitch <= dst_cols$q",
        "dst_pitch < dst_cols$q",
    ),
    fault(
        "$checks",
        "src_below$d",
        "src_last$q < ((dst) & 32'hffffffff)",
        "src_last$q <= dst",
    ),
    fault(
        "$checks",
        "same_pitch$d",
        "(dst_pitch == src_pitch) || one_row",
        "1'b1",
    ),
    fault(
        "$checks",
        "param_outside$d",
        "param_last$q >= param_entries",
        "param_last$q > param_entries",
    ),
    fault(
        "$checks",
        "second_outside$d",
        "second_wide >= table_count",
        "1'b0",
    ),
    fault("$walk", "last_mask$d", "ones >> gap", "ones"),
    fault("$walk", "src_tile$d", "src_anchor$q + src_pitch", "src_anchor$q"),
    fault("$walk", "dst_anchor$d", "dst_anchor$q + 32'h1", "dst_anchor$q"),
    fault("$records", "is_missing$d", "1'b1", "1'b0"),
    fault("$records", "scan_ends$0$d", "scanning$q && at_end", "scanning$q"),
    fault(
        "$records",
        "used$d",
        "(used$q >> step) | (used$q << rest)",
        "used$q",
    ),
    fault("$queue", "empty", "held == ((32'h0) & 5'h1f)", "1'b1"),
    fault("$elements$0", "a_is_greater$d", "a_ordered > b_ordered", "a > b"),
    fault(
        "$elements$0",
        "takes_a",
        "a_is_greater$q == is_greater",
        "a_is_greater$q",
    ),
    fault("$units$0", "bumped", "shifted_reg$q + one_48", "shifted_reg$q"),
    fault(
        "$lookup",
        "place",
        "lane[(32'h8)+:(8)] ^ ((32'h80) & 8'hff)",
        "lane[(32'h8)+:(8)]",
    ),
    fault("$lookup", "bit_17", "part_up << 32'h1", "part_up"),
    fault(
        "$lookup",
        "high_product$d",
        "high_sum | ((32'h80) & 32'hffffffff)",
        "high_sum",
    ),
    fault(
        "$lookup",
        "share",
        "share | (((32'hff) & 32'hffffffff) << 32'h18)",
        "share",
    ),
    fault(
        "$best",
        "is_greater",
        "lane_ordered > best_ordered",
        "lane_ordered >= best_ordered",
    ),
    fault("$best", "fresh$d", "first_wins", "1'b0"),
    fault("", "pause$d", "control$steps + 32'h1", "control$steps - 32'h1"),
    fault("$control", "flush$d", "((32'h1f) & 5'h1f)", "5'h0"),
    fault("", "queue$reserve_mask", "best_mask", "walk$mask"),
    fault("", "has_dst$d", "wants_dst", "1'b0"),
];

#[test]
fn every_seeded_mistake_in_vector_is_noticed() {
    let Some(verilator) = verilator::command() else {
        return;
    };
    let shape = Shape::FourByFour;
    let geometry = shape.geometry();
    let top = "metisvm_vector_seeded";
    let sound = shape.emit().replace(&shape.top(), top);
    geometries::write(top, &seeded(top, top, &sound, FAULTS));
    let model = Model::build(verilator, top, "vector.cpp");
    let (text, asked) = traffic(geometry, &mut Random(5), 2_000);
    let notices = |number| {
        let text = geometries::header(&geometry, number) + &text;
        model.try_feed("seeded", &text).ok().is_none_or(|answer| {
            let wrong = answer.lines().zip(&asked).any(|(line, asked)| {
                let came: Vec<u64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
                let accesses = asked.status != Status::Ok && (came[2], came[3]) != (0, 0);
                accesses || came[0] != u64::from(asked.status as u16) || came[4] != asked.hash
            });
            wrong || answer.lines().count() != asked.len()
        })
    };
    assert_eq!(
        unnoticed(FAULTS, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
