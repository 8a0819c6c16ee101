//! Rates of value added tax: their numbers in the standard ("Anlage 2"), and gross amounts taken apart.

use rust_decimal::Decimal;
use thiserror::Error;

use super::value::{rounded, with_comma};

/// Digits after the comma of every amount of a line.
const AMOUNT_DECIMALS: u32 = 5;
/// Where numbers of rates begin that the standard does not name.
const INDIVIDUAL: u32 = 1000;

/// A rate: its number and percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate {
    /// `UST_SCHLUESSEL`.
    pub(super) key: u32,
    /// `UST_SATZ`, in percent, with two decimals at the most.
    pub(super) percent: Decimal,
}

/// Nothing that is taxed: payments that stand for lines, transfers, multi-purpose vouchers.
pub(super) const NOT_TAXABLE: Rate = Rate {
    key: 5,
    percent: Decimal::ZERO,
};
const ZERO: Rate = Rate {
    key: 6,
    percent: Decimal::ZERO,
};
const NOT_DETERMINED: Rate = Rate {
    key: 7,
    percent: Decimal::ZERO,
};

/// The rates that the standard numbers, with its names.
pub(super) fn standard() -> [(Rate, &'static str); 7] {
    [
        (taxed(1), "Allgemeiner Steuersatz (§ 12 Abs. 1 UStG)"),
        (taxed(2), "Ermäßigter Steuersatz (§ 12 Abs. 2 UStG)"),
        (taxed(3), "Durchschnittsatz (§ 24 Abs. 1 Nr. 3 UStG)"),
        (taxed(4), "Durchschnittsatz (§ 24 Abs. 1 Nr. 1 UStG)"),
        (NOT_TAXABLE, "Nicht steuerbar"),
        (ZERO, "Umsatzsteuerfrei"),
        (NOT_DETERMINED, "Umsatzsteuer nicht ermittelbar"),
    ]
}

/// Whether the standard numbers a rate.
pub(super) fn is_standard(rate: Rate) -> bool {
    rate.key < INDIVIDUAL
}

fn taxed(key: u32) -> Rate {
    let percent = match key {
        1 => Decimal::new(19, 0),
        2 => Decimal::new(7, 0),
        3 => Decimal::new(107, 1),
        _ => Decimal::new(55, 1),
    };
    Rate { key, percent }
}

/// The name of a rate that the standard does not number.
pub(super) fn individual_name(rate: Rate) -> String {
    format!("Steuersatz {} %", with_comma(rate.percent, 2))
}

/// The rate of a charge item by its case (the table of `ftChargeItemCase`) and its `VATRate`.
///
/// A case that names a taxed rate is believed, unless the item was taxed at another one, as in times of lowered
/// rates: that gets a number of its own, so that every line's tax follows from the rate that `vat.csv` gives it.
pub(super) fn of_charge_item(case: i64, vat_rate: Decimal) -> Rate {
    let number = case & 0xFFFF;
    match number {
        0 => by_percent(vat_rate),
        // Real grants, tips to employees and multi-purpose vouchers; transfers; reverse charge and others' sales.
        0x49 | 0x59 | 0x60 | 0x68 | 0x90.. => NOT_TAXABLE,
        _ => match number & 0x7 {
            key @ 1..=4 => believed(taxed(u32::try_from(key).expect("it is 1 to 4")), vat_rate),
            5 => NOT_TAXABLE,
            6 => ZERO,
            _ => individual(vat_rate),
        },
    }
}

fn believed(rate: Rate, vat_rate: Decimal) -> Rate {
    if vat_rate.is_zero() || vat_rate == rate.percent {
        rate
    } else {
        individual(vat_rate)
    }
}

/// Without a case the percentage decides, as it does for what is signed (4.13 rule 2).
fn by_percent(vat_rate: Decimal) -> Rate {
    let named = (1..=4).map(taxed).find(|rate| rate.percent == vat_rate);
    named.unwrap_or_else(|| individual(vat_rate))
}

/// The percentage in hundredths over 1000; what is no percentage of a tax counts as not determined.
fn individual(vat_rate: Decimal) -> Rate {
    let percent = rounded(vat_rate, 2);
    if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
        return NOT_DETERMINED;
    }
    let hundredths = u32::try_from(percent * Decimal::ONE_HUNDRED);
    Rate {
        key: INDIVIDUAL + hundredths.expect("a percentage with two decimals has whole hundredths"),
        percent,
    }
}

/// An amount or a sum is larger than a decimal can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("its amounts are too large to be summed up")]
pub(super) struct TooLarge;

/// A gross amount with its parts; all of them with five decimals at the most, and the parts sum up exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amounts {
    pub(super) gross: Decimal,
    pub(super) net: Decimal,
    pub(super) tax: Decimal,
}

impl Amounts {
    /// Takes a gross amount apart.
    pub(super) fn of(gross: Decimal, rate: Rate) -> Result<Self, TooLarge> {
        let gross = rounded(gross, AMOUNT_DECIMALS);
        let factor = Decimal::ONE + rate.percent / Decimal::ONE_HUNDRED;
        let net = gross.checked_div(factor).ok_or(TooLarge)?;
        let net = rounded(net, AMOUNT_DECIMALS);
        let tax = gross.checked_sub(net).ok_or(TooLarge)?;
        Ok(Self { gross, net, tax })
    }

    /// A gross amount with the tax that the receipt shows.
    pub(super) fn with_tax(gross: Decimal, tax: Decimal) -> Result<Self, TooLarge> {
        let (gross, tax) = (rounded(gross, AMOUNT_DECIMALS), rounded(tax, AMOUNT_DECIMALS));
        let net = gross.checked_sub(tax).ok_or(TooLarge)?;
        Ok(Self { gross, net, tax })
    }

    /// Adds another amount.
    pub(super) fn add(&mut self, other: Self) -> Result<(), TooLarge> {
        add(&mut self.gross, other.gross)?;
        add(&mut self.net, other.net)?;
        add(&mut self.tax, other.tax)
    }
}

/// Adds to a sum.
pub(super) fn add(sum: &mut Decimal, amount: Decimal) -> Result<(), TooLarge> {
    *sum = sum.checked_add(amount).ok_or(TooLarge)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn each_group_of_cases_has_its_rates_in_the_same_places() {
        for group in [
            0x00, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x50, 0x70, 0x78, 0x80, 0x88,
        ] {
            for key in 1..=7 {
                let rate = of_charge_item(0x4445_0000_0000_0000 | group | key, Decimal::ZERO);
                assert_eq!(i64::from(rate.key), key, "{group:x} {key}");
            }
        }
        for number in [0x49, 0x59, 0x60, 0x68, 0x90, 0x97, 0xA1, 0xA2] {
            assert_eq!(of_charge_item(number, decimal("19")), NOT_TAXABLE, "{number:x}");
        }
    }

    #[test]
    fn a_rate_that_is_not_the_named_one_gets_a_number_of_its_own() {
        assert_eq!(of_charge_item(1, decimal("19.0")).key, 1);
        assert_eq!(of_charge_item(1, decimal("16")).key, 2600);
        assert_eq!(of_charge_item(0, decimal("10.7")).key, 3);
        assert_eq!(of_charge_item(0, decimal("16.00")).key, 2600);
        assert_eq!(of_charge_item(7, decimal("5.555")).key, 1556);
        assert_eq!(
            individual_name(of_charge_item(1, decimal("16"))),
            "Steuersatz 16,00 %"
        );
    }

    #[test]
    fn what_is_no_percentage_is_not_determined() {
        for rate in ["0", "-19", "0.001", "100.01", "79228162514264337593543950335"] {
            assert_eq!(of_charge_item(7, decimal(rate)).key, 7, "{rate}");
        }
    }

    #[test]
    fn the_parts_are_rounded_to_five_decimals() {
        let amounts = Amounts::of(decimal("11.90"), taxed(1)).unwrap();
        assert_eq!((amounts.net, amounts.tax), (decimal("10"), decimal("1.90")));
        let amounts = Amounts::of(decimal("-1"), taxed(2)).unwrap();
        assert_eq!(
            (amounts.net, amounts.tax),
            (decimal("-0.93458"), decimal("-0.06542"))
        );
    }

    proptest! {
        #[test]
        fn net_and_tax_are_always_the_gross_amount(
            mantissa in -1_000_000_000_000_i64..1_000_000_000_000,
            scale in 0_u32..8,
            hundredths in 0_i64..10_000,
        ) {
            let rate = individual(Decimal::new(hundredths, 2));
            let amounts = Amounts::of(Decimal::new(mantissa, scale), rate).unwrap();
            prop_assert_eq!(amounts.net + amounts.tax, amounts.gross);
            prop_assert!(amounts.gross.scale() <= 5 && amounts.net.scale() <= 5);
        }
    }
}
