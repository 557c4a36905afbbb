//! Tests that are known to come out otherwise, by the rule that makes the difference: those of the development net
//! of block access lists, whose Amsterdam is not the one of the pinned revm. Such a test is run all the same; where it
//! fails in the way that the rule says, it counts apart, and any other failure is one.

/// How the addresses of the net's tests name their release.
const NET: &str = "/tests-bal@v5.7.0/";

/// A rule that differs, and how a failure by it is recognised.
struct Rule {
    /// What differs.
    why: &'static str,
    /// The specification that the test tests, where the rule is tied to some; the names of EIPs.
    specs: &'static [&'static str],
    /// What the failure says; all of it.
    says: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        why: "EIP-7976: revm 43.0.3 asks for another least gas for the data of a creation",
        specs: &["eip-7976", "eip-7954"],
        says: &["was refused: ", "gas floor (", "exceeds the gas limit"],
    },
    Rule {
        why: "EIP-7981: revm 43.0.3 has another price for the data of access lists",
        specs: &["eip-7981", "eip-8037"],
        says: &["was refused: ", "call gas cost (", "exceeds the gas limit"],
    },
    Rule {
        why: "EIP-7778, EIP-8037: revm 43.0.3 leaves another amount of gas of the block to its next transaction",
        specs: &["eip-7778", "eip-8037"],
        says: &["was refused: ", "is more than blocks available gas"],
    },
    Rule {
        why: "EIP-8037: a transfer to a new account costs other gas in revm 43.0.3; who was to get the ether lacks it",
        specs: &["eip-7928"],
        says: &["was refused: ", "lack of funds (0)"],
    },
    // What follows is the same in other fields of the header: first where the gas of the block shows it.
    Rule {
        why: "EIP-2780, EIP-7976, EIP-7981, EIP-8037, EIP-8038: revm 43.0.3 has other prices than the net",
        specs: &[],
        says: &["gasUsed is "],
    },
    Rule {
        why: "EIP-7708: revm 43.0.3 writes other logs of transfers than the net",
        specs: &["eip-7708", "eip-7928"],
        says: &["was refused: logsBloom is ", "receiptsRoot is "],
    },
    Rule {
        why: "EIP-7778, EIP-7976, EIP-8037: revm 43.0.3 counts other gas in a receipt than the net",
        specs: &["eip-7778", "eip-7954", "eip-7976", "eip-8037"],
        says: &["was refused: receiptsRoot is "],
    },
    Rule {
        why: "EIP-7976, EIP-8037: by the other prices gas runs out at another place, which the access list shows",
        specs: &["eip-7928", "eip-7976", "eip-8037"],
        says: &["was refused: blockAccessListHash is "],
    },
];

/// Whether a test is one of the development net, by its address. The net is from before EIP-8282: its blocks neither
/// call the two contracts for requests of builders nor need them.
pub(super) fn is_of_net(address: Option<&str>) -> bool {
    address.is_some_and(|address| address.contains(NET))
}

/// Why a failure of a test is known: it is one of the development net on Amsterdam, and one of the rules makes it.
pub(super) fn known(
    network: &str,
    address: Option<&str>,
    reference_spec: Option<&str>,
    problem: &str,
) -> Option<&'static str> {
    if !network.contains("Amsterdam") || !is_of_net(address) {
        return None;
    }
    let spec = reference_spec
        .and_then(|spec| spec.rsplit('/').next())
        .and_then(|file| file.strip_suffix(".md"))
        .unwrap_or_default();
    RULES
        .iter()
        .find(|rule| {
            (rule.specs.is_empty() || rule.specs.contains(&spec))
                && rule.says.iter().all(|part| problem.contains(part))
        })
        .map(|rule| rule.why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://github.com/ethereum/execution-specs/blob/tests-bal@v5.7.0/tests/a.py#L1";
    const SPEC: &str = "https://github.com/ethereum/EIPs/blob/master/EIPS/eip-7976.md";
    const PROBLEM: &str = "block 0: was refused: transaction 0 (0x00) is not valid here: gas floor (2) exceeds the gas limit (1)";

    #[test]
    fn a_failure_is_known_on_its_network_in_its_release_for_its_rule_only() {
        let is_known = |network, address, spec, problem| known(network, address, spec, problem).is_some();
        assert!(is_known("Amsterdam", Some(ADDRESS), Some(SPEC), PROBLEM));
        assert!(is_known(
            "BPO2ToAmsterdamAtTime15k",
            Some(ADDRESS),
            Some(SPEC),
            PROBLEM
        ));
        assert!(!is_known("Osaka", Some(ADDRESS), Some(SPEC), PROBLEM));
        assert!(!is_known(
            "Amsterdam",
            Some("/tests-bal@v5.8.0/"),
            Some(SPEC),
            PROBLEM
        ));
        assert!(!is_known("Amsterdam", None, Some(SPEC), PROBLEM));
        assert!(!is_known("Amsterdam", Some(ADDRESS), None, PROBLEM));
        let other = "block 0: was refused: stateRoot is 0x00 in the header, 0x01 by execution";
        assert!(!is_known("Amsterdam", Some(ADDRESS), Some(SPEC), other));
    }
}
