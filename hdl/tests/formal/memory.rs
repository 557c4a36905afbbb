//! Memories as the proofs see them.

use std::fmt::Write;

/// A memory of a block and what its properties see of it: at `f_address_N` is `f_data_N`.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) instance: &'static str,
    pub(crate) address_bits: usize,
    pub(crate) data_bits: usize,
    /// At how many addresses the properties look.
    pub(crate) looks: usize,
    /// Whether nothing is kept but what lies at `f_address_0`, which never changes: elsewhere may be
    /// anything.
    pub(crate) is_cut: bool,
}

/// The ports, their declarations, and their connection to what the properties call them.
fn ports(memory: &Memory) -> [String; 3] {
    let mut ports = [const { String::new() }; 3];
    for look in 0..memory.looks {
        let (at, is) = (format!("f_address_{look}"), format!("f_data_{look}"));
        write!(ports[0], ", {at}, {is}").unwrap();
        writeln!(ports[1], "    input wire [{}:0] {at};", memory.address_bits - 1).unwrap();
        writeln!(ports[1], "    output wire [{}:0] {is};", memory.data_bits - 1).unwrap();
        writeln!(ports[2], "        .{at}({at}), .{is}({is}),").unwrap();
    }
    ports
}

/// One address of a memory: any memory of the emitted kind does what this one may do.
fn one_entry(memory: &Memory) -> String {
    let (address, data) = (memory.address_bits - 1, memory.data_bits - 1);
    format!(
        "    input wire [{address}:0] read_address, write_address;
    input wire read_clock, write_clock, write_enable;
    input wire [{data}:0] write_data;
    output reg [{data}:0] read_data;
    reg [{data}:0] entry;
    (* anyseq *) wire [{data}:0] anything;
    assign f_data_0 = entry;
    always @(posedge read_clock) read_data <= read_address == f_address_0 ? entry : anything;
    always @(posedge write_clock) if (write_enable && write_address == f_address_0) entry <= write_data;
"
    )
}

/// The text of a block with a memory that its properties can see. Memories of one kind are one module in it,
/// so this one gets a module of its own.
pub(crate) fn seen(verilog: &str, memory: &Memory) -> String {
    let use_of = format!(" {}(\n", memory.instance);
    let module = verilog[..verilog.find(&use_of).unwrap()]
        .rsplit(' ')
        .next()
        .unwrap();
    let start = verilog.find(&format!("module {module}(")).unwrap();
    let end = format!("endmodule // {module}\n");
    let length = verilog[start..].find(&end).unwrap();
    let (header, body) = verilog[start..start + length].split_once(");\n").unwrap();
    let header = header.replacen(module, "seen", 1);
    let [ports, declarations, connections] = ports(memory);
    let body = if memory.is_cut {
        one_entry(memory)
    } else {
        let looks =
            (0..memory.looks).map(|look| format!("    assign f_data_{look} = mem[f_address_{look}];\n"));
        body.to_owned() + &looks.collect::<String>()
    };
    let text = verilog.replacen(
        &format!("{module}{use_of}"),
        &format!("seen{use_of}{connections}"),
        1,
    );
    format!("{text}\n{header}{ports});\n{declarations}{body}endmodule\n")
}

/// The text of a block in which its properties see a wire of a block within: `f_NAME` is its wire NAME$q.
pub(crate) fn exposed(verilog: &str, instance: &str, name: &str, bits: usize) -> String {
    let use_of = format!(" {instance}(\n");
    let module = verilog[..verilog.find(&use_of).unwrap()]
        .rsplit(' ')
        .next()
        .unwrap();
    let header = format!("module {module}(");
    let end = format!("endmodule // {module}\n");
    let port = format!(
        "    output wire [{}:0] f_{name};\n    assign f_{name} = {name}$q;\n",
        bits - 1
    );
    verilog
        .replacen(&header, &format!("{header}f_{name},"), 1)
        .replacen(&end, &format!("{port}{end}"), 1)
        .replacen(&use_of, &format!("{use_of}        .f_{name}(f_{name}),\n"), 1)
}
