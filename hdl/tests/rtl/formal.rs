//! Combinational equivalence with yosys and abc: the emitted Verilog of a round against a description of its
//! own.

use crate::verilator;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const LEFT_OUT: &str =
    "left out: the Keccak round proven against FIPS 202 (yosys not found; apt-get install yosys)";

/// The offsets of rho as FIPS 202 has them in table 2, by y and x.
const OFFSETS: [[usize; 5]; 5] = [
    [0, 1, 190, 28, 91],
    [36, 300, 6, 55, 276],
    [3, 10, 171, 153, 231],
    [105, 45, 15, 21, 136],
    [210, 66, 253, 120, 78],
];

/// The round as FIPS 202 describes it (3.2.1 to 3.2.5), bit by bit: A[x, y, z] is bit z of lane x + 5y.
fn standard() -> String {
    let lane = |x: usize, y: usize| x % 5 + 5 * (y % 5);
    let mut text = String::from("module standard(");
    let ports: Vec<String> = (0..25)
        .map(|i| format!("before${i}"))
        .chain(["constant".to_owned()])
        .chain((0..25).map(|i| format!("after${i}")))
        .collect();
    writeln!(text, "{});", ports.join(", ")).unwrap();
    for i in 0..25 {
        writeln!(
            text,
            "input [63:0] before${i}; output [63:0] after${i}; wire [63:0] t{i}, p{i};"
        )
        .unwrap();
    }
    writeln!(text, "input [63:0] constant; wire [63:0] c0, c1, c2, c3, c4;").unwrap();
    for z in 0..64 {
        for x in 0..5 {
            let column: Vec<String> = (0..5).map(|y| format!("before${}[{z}]", lane(x, y))).collect();
            writeln!(text, "assign c{x}[{z}] = {};", column.join(" ^ ")).unwrap();
        }
        for (x, y) in (0..25).map(|i| (i % 5, i / 5)) {
            let (left, right) = ((x + 4) % 5, (x + 1) % 5);
            let i = lane(x, y);
            writeln!(
                text,
                "assign t{i}[{z}] = before${i}[{z}] ^ c{left}[{z}] ^ c{right}[{}];",
                (z + 63) % 64
            )
            .unwrap();
            // Rho, then pi: A'[x, y, z] = A[x + 3y, x, z].
            let from = lane(x + 3 * y, x);
            let offset = OFFSETS[from / 5][from % 5];
            writeln!(
                text,
                "assign p{i}[{z}] = t{from}[{}];",
                (z + 64 * 5 - offset) % 64
            )
            .unwrap();
            let (next, after_next) = (lane(x + 1, y), lane(x + 2, y));
            let iota = if i == 0 {
                format!(" ^ constant[{z}]")
            } else {
                String::new()
            };
            writeln!(
                text,
                "assign after${i}[{z}] = (p{i}[{z}] ^ ((p{next}[{z}] ^ 1'b1) & p{after_next}[{z}])){iota};"
            )
            .unwrap();
        }
    }
    text.push_str("endmodule\n");
    text
}

/// Whether a command is there; if not, a line says what is left out.
fn is_there(command: &str) -> bool {
    let there = Command::new(command).arg("-h").output().is_ok();
    if !there {
        println!("\n{LEFT_OUT}");
    }
    there
}

fn aiger(folder: &Path, verilog: &Path, top: &str) {
    let script = format!(
        "read_verilog {}; hierarchy -check -top {top}; proc; flatten; opt; aigmap; opt_clean; write_aiger {top}.aig",
        verilog.display()
    );
    let output = Command::new("yosys")
        .args(["-q", "-p", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What abc says of the round and a description of it.
fn compare(name: &str, description: &str) -> String {
    let folder = verilator::verilog_folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("standard.v"), description).unwrap();
    aiger(&folder, Path::new("standard.v"), "standard");
    aiger(
        &folder,
        &verilator::verilog_folder().join("metisvm_keccak_round.v"),
        "metisvm_keccak_round",
    );
    let output = Command::new("yosys-abc")
        .args(["-c", "cec standard.aig metisvm_keccak_round.aig"])
        .current_dir(&folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn keccak_round_is_the_one_of_fips_202() {
    if !is_there("yosys") {
        return;
    }
    let said = compare("fips-202", &standard());
    assert!(said.contains("Networks are equivalent"), "{said}");
}

#[test]
fn one_wrong_bit_of_the_description_is_found() {
    if !is_there("yosys") {
        return;
    }
    let wrong = standard().replacen("assign p7[13] = t", "assign p7[13] = ~t", 1);
    assert_ne!(wrong, standard());
    let said = compare("wrong-bit", &wrong);
    assert!(said.contains("NOT EQUIVALENT"), "{said}");
}
