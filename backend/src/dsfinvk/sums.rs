//! What a closing comes to: the sums of its receipts by business case, kind of payment and currency. Only what is
//! written is summed up, rounded as it is written, so the sums and the records they come from always agree.

use std::collections::BTreeMap;
use std::io;

use rust_decimal::Decimal;

use super::line::Line;
use super::payment::Payment;
use super::spool::Spool;
use super::tables::Table;
use super::value::Value;
use super::vat::{self, Amounts, TooLarge};

/// The currency of the cash register; what is signed knows no other (4.13 rule 3).
pub(super) const BASE_CURRENCY: &str = "EUR";

/// Sums of one closing.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// By business case, agency and rate.
    business_cases: BTreeMap<(&'static str, u32, u32), Amounts>,
    /// By kind and name.
    payments: BTreeMap<(&'static str, String), Decimal>,
    cash: BTreeMap<String, Decimal>,
    paid: Decimal,
    paid_in_cash: Decimal,
}

impl Sums {
    /// Counts a line.
    pub(super) fn add_line(&mut self, line: &Line, agency: u32) -> Result<(), TooLarge> {
        let key = (line.business_case, agency, line.rate.key);
        self.business_cases.entry(key).or_default().add(line.amounts)
    }

    /// Counts a payment.
    pub(super) fn add_payment(&mut self, payment: &Payment) -> Result<(), TooLarge> {
        let by_kind = self.payments.entry((payment.kind, payment.name.clone()));
        vat::add(by_kind.or_default(), payment.amount)?;
        vat::add(&mut self.paid, payment.amount)?;
        if !payment.is_cash() {
            return Ok(());
        }
        vat::add(&mut self.paid_in_cash, payment.amount)?;
        let (currency, amount) = match &payment.foreign {
            Some(foreign) => (foreign.currency.as_str(), foreign.amount),
            None => (BASE_CURRENCY, payment.amount),
        };
        vat::add(self.cash.entry(currency.to_owned()).or_default(), amount)
    }

    /// All payments, and those in cash, in the currency of the cash register.
    pub(super) fn paid(&self) -> (Decimal, Decimal) {
        (self.paid, self.paid_in_cash)
    }

    /// Writes the records of the closing.
    pub(super) fn write(self, spool: &mut Spool) -> io::Result<()> {
        for ((business_case, agency, rate), amounts) in self.business_cases {
            let Amounts { gross, net, tax } = amounts;
            let record = [
                business_case.into(),
                Value::Nothing,
                agency.into(),
                rate.into(),
                gross.into(),
                net.into(),
                tax.into(),
            ];
            spool.write(Table::BusinessCases, &record)?;
        }
        for ((kind, name), amount) in self.payments {
            spool.write(Table::Payments, &[kind.into(), name.into(), amount.into()])?;
        }
        for (currency, amount) in self.cash {
            spool.write(Table::CashPerCurrency, &[currency.into(), amount.into()])?;
        }
        Ok(())
    }
}
