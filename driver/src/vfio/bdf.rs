//! Where a function is, as the kernel and `lspci` name it.

use std::fmt;
use std::str::FromStr;

/// Where a function is: domain, bus, device, function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bdf {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl FromStr for Bdf {
    type Err = String;

    /// `0000:01:00.0`, or without the domain `01:00.0`, as `lspci` writes it.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (rest, function) = text.split_once('.')?;
            let mut parts = rest.rsplit(':');
            let (device, bus) = (parts.next()?, parts.next()?);
            let domain = parts.next().unwrap_or("0");
            let hex = |digits: &str, most: usize| {
                let fits =
                    (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
                fits.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
            };
            let bdf = Self {
                domain: hex(domain, 8)?,
                bus: hex(bus, 2)? as u8,
                device: hex(device, 2)? as u8,
                function: hex(function, 1)? as u8,
            };
            (parts.next().is_none() && bdf.device < 32 && bdf.function < 8).then_some(bdf)
        };
        parse().ok_or_else(|| {
            format!(
                "{text:?} is no PCI function: it is DOMAIN:BUS:DEVICE.FUNCTION, as 0000:01:00.0 (lspci -D)"
            )
        })
    }
}

impl fmt::Display for Bdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:02x}:{:02x}.{}",
            self.domain, self.bus, self.device, self.function
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_as_lspci_names_it() {
        for (text, shown) in [
            ("0000:01:00.0", "0000:01:00.0"),
            ("01:00.0", "0000:01:00.0"),
            ("1:0.7", "0000:01:00.7"),
            ("10000:e1:1f.1", "10000:e1:1f.1"),
        ] {
            assert_eq!(text.parse::<Bdf>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "01:00",
            "01.0",
            "01:20.0",
            "01:00.8",
            "01:00.",
            "001:00.0",
            "1:2:3:4.0",
            "+1:00.0",
            "x:00.0",
            "123456789:01:00.0",
            "0000:01:00.0 ",
        ] {
            let error = text.parse::<Bdf>().unwrap_err();
            assert!(error.contains("lspci -D"), "{text}: {error}");
        }
    }
}
