//! Mistakes put into a block's Verilog, all in one build and chosen by an input.

/// A mistake: in a module, the first assignment of `right` to the target becomes one of `wrong`.
pub(crate) struct Fault {
    module: &'static str,
    target: &'static str,
    right: &'static str,
    wrong: &'static str,
}

/// A mistake in a module; of its name what comes after the block's.
pub(crate) const fn fault(
    module: &'static str,
    target: &'static str,
    right: &'static str,
    wrong: &'static str,
) -> Fault {
    Fault {
        module,
        target,
        right,
        wrong,
    }
}

/// The Verilog of `top` with all mistakes in one of its blocks, chosen by a port `fault_select`: 0 for none, else a
/// mistake's place in the list, from 1 on.
pub(crate) fn seeded(top: &str, block: &str, verilog: &str, faults: &[Fault]) -> String {
    let mut text = verilog.to_owned();
    for (number, fault) in (1..).zip(faults) {
        let Fault {
            module,
            target,
            right,
            wrong,
        } = fault;
        let begin = text
            .find(&format!("module {block}{module}("))
            .unwrap_or_else(|| panic!("there is no module {block}{module}"));
        let end = begin + text[begin..].find("endmodule").unwrap();
        let old = format!(" {target} = {right};");
        let at = text[begin..end]
            .find(&old)
            .unwrap_or_else(|| panic!("{module}: there is no{old}"));
        let new = format!(" {target} = {top}.fault_select == 6'd{number} ? {wrong} : {right};");
        text.replace_range(begin + at..begin + at + old.len(), &new);
    }
    let port = format!("module {top}(");
    let begin = text.find(&port).unwrap() + port.len();
    // Old style: a name, and its declaration in the body; new style: both at once.
    let is_named = !text[begin..].starts_with("input");
    if is_named {
        let body = begin + text[begin..].find(");").unwrap() + 2;
        text.insert_str(body, "\n    input wire [5:0] fault_select;");
        text.insert_str(begin, "fault_select,");
    } else {
        text.insert_str(begin, "input [5:0] fault_select, ");
    }
    text
}

/// The numbers of the mistakes that are not noticed, and 0 if something is noticed where there is none.
pub(crate) fn unnoticed(faults: &[Fault], notices: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..=faults.len())
        .filter(|&number| notices(number) != (number > 0))
        .collect()
}
