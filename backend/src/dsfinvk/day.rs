//! One closing being gathered: receipts as they come, then what is known of all of them together.

use std::collections::BTreeSet;
use std::io;

use super::ExportError;
use super::master_data::{MasterData, Party};
use super::receipt::Receipt;
use super::records::{self, Content};
use super::references::Reference;
use super::spool::{ClosingKey, Spool};
use super::sums::{BASE_CURRENCY, Sums};
use super::tables::Table;
use super::tse::{Device, Transaction};
use super::value::{Value, mark};
use super::vat::{self, Rate, TooLarge};
use crate::scu::types::TseInfo;

/// A closing that is still open.
#[derive(Debug, Default)]
pub(super) struct Day {
    first: String,
    last: String,
    pos_system: Option<String>,
    terminals: BTreeSet<String>,
    /// In the order of their first use, which numbers them from 1.
    agencies: Vec<String>,
    /// Likewise.
    devices: Vec<Device>,
    /// Rates that the standard does not number.
    rates: BTreeSet<Rate>,
    sums: Sums,
    /// Receipts of this closing that name another one of it.
    references: Vec<(String, String)>,
}

impl Day {
    /// Adds a receipt. The steps of a transaction that another receipt finishes leave nothing but their terminal.
    pub(super) fn take(
        &mut self,
        receipt: &Receipt,
        reference: Option<Reference>,
        known: &[TseInfo],
        spool: &mut Spool,
    ) -> Result<(), ExportError> {
        if !receipt.request.terminal_id.is_empty() {
            self.terminals.insert(receipt.request.terminal_id.clone());
        }
        let Some(kind) = &receipt.kind else {
            return Ok(());
        };
        self.note(receipt);
        let too_large = |error: TooLarge| ExportError::Receipt {
            row: receipt.row,
            problem: error.to_string(),
        };
        let content = Content::of(receipt).map_err(too_large)?;
        let (by_rate, total) = content.totals().map_err(too_large)?;
        let transaction = Transaction::of(&receipt.response);
        records::head(spool, receipt, kind, transaction.as_ref(), total)?;
        records::totals(spool, receipt, &by_rate, &content.payments)?;
        self.rates
            .extend(by_rate.keys().filter(|rate| !vat::is_standard(**rate)));
        self.write_lines(receipt, &content, spool)?;
        if kind.counts() {
            self.count(&content).map_err(too_large)?;
        }
        records::allocation_group(spool, receipt)?;
        let device = transaction
            .as_ref()
            .map(|signed| self.device(signed.device.clone(), known));
        records::transaction(spool, receipt, transaction.as_ref().zip(device))?;
        records::outside_reference(spool, receipt)?;
        self.refer(receipt, reference, spool)?;
        Ok(())
    }

    fn note(&mut self, receipt: &Receipt) {
        receipt.id().clone_into(&mut self.last);
        if self.first.is_empty() {
            self.first.clone_from(&self.last);
        }
        if self.pos_system.is_none() {
            self.pos_system.clone_from(&receipt.request.pos_system_id);
        }
    }

    fn write_lines(&mut self, receipt: &Receipt, content: &Content, spool: &mut Spool) -> io::Result<()> {
        for (index, line) in content.lines.iter().enumerate() {
            let agency = self.agency(line.agency.as_deref());
            records::line(spool, receipt, index + 1, line, agency)?;
        }
        let parts = content
            .lines
            .iter()
            .flat_map(|line| &line.sub_items)
            .map(|part| part.rate);
        self.rates.extend(parts.filter(|rate| !vat::is_standard(*rate)));
        Ok(())
    }

    fn count(&mut self, content: &Content) -> Result<(), TooLarge> {
        for line in &content.lines {
            let agency = self.agency(line.agency.as_deref());
            self.sums.add_line(line, agency)?;
        }
        content
            .payments
            .iter()
            .try_for_each(|payment| self.sums.add_payment(payment))
    }

    /// `AGENTUR_ID`: 0 for the till's own business.
    fn agency(&mut self, id: Option<&str>) -> u32 {
        id.map_or(0, |id| {
            number_of(&mut self.agencies, |known| known == id, || id.to_owned())
        })
    }

    /// `TSE_ID`.
    fn device(&mut self, device: Device, known: &[TseInfo]) -> u32 {
        let is_known = |other: &Device| other.public_key == device.public_key;
        let number = number_of(&mut self.devices, is_known, || device.clone().completed(known));
        let kept = &mut self.devices[number as usize - 1];
        if kept.serial_number.is_empty() {
            kept.serial_number = device.serial_number;
        }
        number
    }

    /// "Bon_Referenzen". What names the closing is not known before it comes.
    fn refer(
        &mut self,
        receipt: &Receipt,
        reference: Option<Reference>,
        spool: &mut Spool,
    ) -> io::Result<()> {
        match reference {
            None => Ok(()),
            Some(Reference {
                receipt: other,
                closing: None,
            }) => {
                self.references.push((receipt.id().to_owned(), other));
                Ok(())
            }
            Some(Reference {
                receipt: other,
                closing: Some((cash_box, at, number)),
            }) => {
                let closing = [at.as_str().into(), cash_box.as_str().into(), number.into()];
                write_reference(spool, receipt.id(), closing, &other)
            }
        }
    }

    /// The closing has come: writes what it comes to and what was in use.
    pub(super) fn close(
        self,
        key: ClosingKey,
        number: i64,
        master_data: &MasterData,
        spool: &mut Spool,
    ) -> io::Result<()> {
        let [cash_box, at, _] = &key;
        self.write_head(cash_box, master_data, spool)?;
        self.write_terminals(cash_box, spool)?;
        self.write_agencies(master_data, spool)?;
        self.write_rates(spool)?;
        self.write_devices(spool)?;
        for (receipt, other) in &self.references {
            let closing = [at.as_str().into(), cash_box.as_str().into(), number.into()];
            write_reference(spool, receipt, closing, other)?;
        }
        self.sums.write(spool)?;
        spool.close(key);
        Ok(())
    }

    /// "Stamm_Abschluss", "Stamm_Orte" and "Stamm_Kassen".
    fn write_head(&self, cash_box: &str, master_data: &MasterData, spool: &mut Spool) -> io::Result<()> {
        let (account, outlet) = (&master_data.account, &master_data.outlet);
        let (paid, paid_in_cash) = self.sums.paid();
        let mut record = vec![
            Value::Nothing,
            super::TAXONOMY.into(),
            self.first.as_str().into(),
            self.last.as_str().into(),
        ];
        record.extend(address(account));
        record.extend([
            account.tax_id.as_str().into(),
            account.vat_id.as_str().into(),
            paid.into(),
            paid_in_cash.into(),
        ]);
        spool.write(Table::Closing, &record)?;
        let mut record = address(outlet).to_vec();
        record.push(outlet.vat_id.as_str().into());
        spool.write(Table::Location, &record)?;
        let system = master_data.pos_system(self.pos_system.as_deref());
        let record = [
            system.brand.as_str().into(),
            system.model.as_str().into(),
            cash_box.into(),
            system.brand.as_str().into(),
            system.software_version.as_str().into(),
            system.base_currency.as_deref().unwrap_or(BASE_CURRENCY).into(),
            mark(false),
        ];
        spool.write(Table::CashRegister, &record)
    }

    /// "Stamm_Terminals": the interface carries nothing but their ids.
    fn write_terminals(&self, cash_box: &str, spool: &mut Spool) -> io::Result<()> {
        for terminal in self.terminals.iter().filter(|terminal| *terminal != cash_box) {
            let mut record = vec![Value::Nothing; 6];
            record[0] = terminal.as_str().into();
            spool.write(Table::Terminals, &record)?;
        }
        Ok(())
    }

    /// "Stamm_Agenturen"; one that the master data do not know keeps its id as its name.
    fn write_agencies(&self, master_data: &MasterData, spool: &mut Spool) -> io::Result<()> {
        for (number, id) in (1_u32..).zip(&self.agencies) {
            let unknown = Party::named(id);
            let agency = master_data.agency(id).unwrap_or(&unknown);
            let mut record = vec![number.into()];
            record.extend(address(agency));
            record.extend([agency.tax_id.as_str().into(), agency.vat_id.as_str().into()]);
            spool.write(Table::Agencies, &record)?;
        }
        Ok(())
    }

    /// "Stamm_USt": every rate that the standard numbers, and those in use besides.
    fn write_rates(&self, spool: &mut Spool) -> io::Result<()> {
        for (rate, name) in vat::standard() {
            spool.write(Table::Vat, &[rate.key.into(), rate.percent.into(), name.into()])?;
        }
        for rate in &self.rates {
            let name = vat::individual_name(*rate);
            spool.write(Table::Vat, &[rate.key.into(), rate.percent.into(), name.into()])?;
        }
        Ok(())
    }

    /// "Stamm_TSE".
    fn write_devices(&self, spool: &mut Spool) -> io::Result<()> {
        for (number, device) in (1_u32..).zip(&self.devices) {
            let (certificate, rest) = device.certificate_parts();
            let record = [
                number.into(),
                device.serial_number.as_str().into(),
                device.algorithm.as_str().into(),
                device.time_format.as_str().into(),
                "UTF-8".into(),
                device.public_key.as_str().into(),
                certificate.into(),
                rest.into(),
            ];
            spool.write(Table::Tse, &record)?;
        }
        Ok(())
    }
}

/// The number, from 1, of an entry; added if it is new.
fn number_of<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> u32 {
    let at = list.iter().position(is_it).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    u32::try_from(at + 1).expect("a closing uses fewer devices and agencies than it has receipts")
}

/// Name, street, postcode, city, country.
fn address(party: &Party) -> [Value<'_>; 5] {
    [
        &party.name,
        &party.street,
        &party.zip,
        &party.city,
        &party.country,
    ]
    .map(|text| text.as_str().into())
}

/// A reference within the journal; `closing` is the other's `REF_DATUM`, `REF_Z_KASSE_ID` and `REF_Z_NR`.
fn write_reference(spool: &mut Spool, receipt: &str, closing: [Value<'_>; 3], other: &str) -> io::Result<()> {
    let mut record = vec![
        receipt.into(),
        Value::Nothing,
        "Transaktion".into(),
        Value::Nothing,
    ];
    record.extend(closing);
    record.push(other.into());
    spool.write(Table::References, &record)
}
