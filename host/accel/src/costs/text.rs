//! Costs as text without spaces, for a file of measurements.

use super::{Class, Costs, Rate};
use std::fmt;
use std::str::FromStr;

/// `launch,item,up,down,stays` and, for each class that is known, `;name:step,item,once,each`.
impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stays = u8::from(self.stays);
        write!(
            f,
            "{:e},{:e},{:e},{:e},{stays}",
            self.launch, self.item, self.up, self.down
        )?;
        for (class, rate) in Class::ALL.iter().zip(&self.rates) {
            if let Some(rate) = rate {
                write!(
                    f,
                    ";{}:{:e},{:e},{:e},{:e}",
                    class.name(),
                    rate.step,
                    rate.item,
                    rate.once,
                    rate.each
                )?;
            }
        }
        Ok(())
    }
}

/// What is not exactly of that form, or holds a number that is no cost, is none.
impl FromStr for Costs {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        read(text).and_then(Self::checked).ok_or(())
    }
}

fn read(text: &str) -> Option<Costs> {
    let mut fields = text.split(';');
    let (numbers, stays) = fields.next()?.rsplit_once(',')?;
    let [launch, item, up, down] = numbers_of(numbers)?;
    let mut costs = Costs {
        launch,
        item,
        up,
        down,
        stays: match stays {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        ..Costs::default()
    };
    for field in fields {
        let (name, numbers) = field.split_once(':')?;
        let class = Class::ALL.iter().find(|class| class.name() == name)?;
        let [step, item, once, each] = numbers_of(numbers)?;
        let rate = Rate {
            step,
            item,
            once,
            each,
        };
        if costs.rates[*class as usize].replace(rate).is_some() {
            return None;
        }
    }
    Some(costs)
}

fn numbers_of<const N: usize>(text: &str) -> Option<[f64; N]> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs() -> Costs {
        let mut costs = Costs {
            launch: 1234.5,
            item: 0.0,
            up: 0.1,
            down: 1e-9,
            stays: true,
            ..Costs::default()
        };
        costs.rates[Class::Wide as usize] = Some(Rate {
            step: 70.0,
            item: 3.0,
            once: 0.001,
            each: 1.0 / 3.0,
        });
        costs.rates[Class::Moves as usize] = Some(Rate::default());
        costs
    }

    #[test]
    fn what_is_written_is_read_to_the_last_bit_and_has_no_space() {
        for costs in [costs(), Costs::default()] {
            let text = costs.to_string();
            assert!(!text.contains(' '), "{text}");
            assert_eq!(text.parse(), Ok(costs));
        }
    }

    #[test]
    fn text_that_is_damaged_is_no_costs() {
        let text = costs().to_string();
        for cut in 0..text.len() {
            // A cut within the last number leaves a number, a cut after a field the fields before.
            if let Ok(read) = text[..cut].parse::<Costs>() {
                assert!(read.checked().is_some(), "{cut}");
            }
        }
        for bad in [
            "",
            "1,2,3,4",
            "1,2,3,4,2",
            "1,2,3,4,1;",
            "1,2,3,4,1;wide",
            "1,2,3,4,1;wide:1,2",
            "1,2,3,4,1;wide:1,2,3",
            "1,2,3,4,1;wide:1,2,3,4;wide:1,2,3,4",
            "1,2,3,4,1;huge:1,2,3,4",
            "NaN,2,3,4,1",
            "inf,2,3,4,1",
            "-1,2,3,4,1",
            "1,2,3,1e99,1",
            "\u{0},2,3,4,1",
        ] {
            assert_eq!(bad.parse::<Costs>(), Err(()), "{bad:?}");
        }
    }
}
