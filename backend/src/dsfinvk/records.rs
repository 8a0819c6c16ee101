//! The records of one receipt: "Bonkopf", "Bonpos" and what hangs on them.

use std::collections::BTreeMap;
use std::io;

use rust_decimal::Decimal;

use super::case_data::CaseData;
use super::checksum;
use super::line::Line;
use super::payment::Payment;
use super::receipt::{Receipt, ReceiptKind};
use super::spool::Spool;
use super::sums::BASE_CURRENCY;
use super::tables::Table;
use super::tse::{self, Transaction};
use super::value::{Value, mark, moment};
use super::vat::{self, Amounts, Rate, TooLarge};

/// A receipt's lines and payments.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) lines: Vec<Line>,
    pub(super) payments: Vec<Payment>,
}

impl Content {
    /// Takes a receipt apart: charge items in their order, then the pay items that stand for lines.
    pub(super) fn of(receipt: &Receipt) -> Result<Self, TooLarge> {
        let mut content = Self::default();
        for item in &receipt.request.charge_items {
            content.lines.push(Line::of_charge_item(item)?);
        }
        for item in &receipt.request.pay_items {
            match Line::of_pay_item(item, receipt.is_void())? {
                Some(line) => content.lines.push(line),
                None => content.payments.push(Payment::of(item, BASE_CURRENCY)),
            }
        }
        Ok(content)
    }

    /// The lines' sums by rate, and of all of them.
    pub(super) fn totals(&self) -> Result<(BTreeMap<Rate, Amounts>, Decimal), TooLarge> {
        let (mut by_rate, mut total) = (BTreeMap::<Rate, Amounts>::new(), Decimal::ZERO);
        for line in &self.lines {
            by_rate.entry(line.rate).or_default().add(line.amounts)?;
            vat::add(&mut total, line.amounts.gross)?;
        }
        Ok((by_rate, total))
    }
}

/// "Bonkopf": who, when, what kind, for whom.
pub(super) fn head(
    spool: &mut Spool,
    receipt: &Receipt,
    kind: &ReceiptKind,
    transaction: Option<&Transaction>,
    total: Decimal,
) -> io::Result<()> {
    let request = &receipt.request;
    let (start, end) = duration(receipt, transaction);
    let user = request.user.as_deref().filter(|user| !user.is_empty());
    let user_id = receipt.data.text("UserId").or_else(|| user.map(checksum::of));
    let customer = Customer::of(request.customer.as_deref().unwrap_or_default());
    let record = [
        receipt.id().into(),
        receipt.number.into(),
        kind.kind.as_str().into(),
        kind.name.as_str().into(),
        request.terminal_id.as_str().into(),
        mark(kind.cancels()),
        start.into(),
        end.into(),
        user_id.into(),
        user.into(),
        total.into(),
        customer.name.into(),
        customer.data.text("CustomerId").into(),
        customer.data.text("CustomerType").into(),
        customer.data.text("CustomerStreet").into(),
        customer.data.text("CustomerZip").into(),
        customer.data.text("CustomerCity").into(),
        customer.data.text("CustomerCountry").into(),
        customer.data.text("CustomerVATId").into(),
        receipt.data.text("ReceiptNote").into(),
    ];
    spool.write(Table::Receipts, &record)
}

/// From the first moment that the POS names to the last. An explicit transaction began when its TSE began.
fn duration(receipt: &Receipt, transaction: Option<&Transaction>) -> (String, String) {
    let (first, last) = receipt.moments();
    let first = moment(first);
    let started = transaction.filter(|transaction| receipt.is_explicit() && !transaction.start.is_empty());
    // Both are written alike, so the texts are in the order of the moments.
    let start = started.map_or(first.clone(), |transaction| first.min(transaction.start.clone()));
    (start, moment(last))
}

/// `cbCustomer`: JSON, or just a name.
struct Customer {
    name: Option<String>,
    data: CaseData,
}

impl Customer {
    fn of(text: &str) -> Self {
        let data = CaseData::of(text);
        let name = if data.is_empty() {
            Some(text.to_owned())
        } else {
            data.text("CustomerName")
        };
        Self { name, data }
    }
}

/// "Bonkopf_USt" and "Bonkopf_Zahlarten".
pub(super) fn totals(
    spool: &mut Spool,
    receipt: &Receipt,
    by_rate: &BTreeMap<Rate, Amounts>,
    payments: &[Payment],
) -> io::Result<()> {
    for (rate, amounts) in by_rate {
        let mut record = vec![receipt.id().into(), rate.key.into()];
        record.extend(values(*amounts));
        spool.write(Table::ReceiptVat, &record)?;
    }
    for payment in payments {
        let foreign = payment.foreign.as_ref();
        let record = [
            receipt.id().into(),
            payment.kind.into(),
            payment.name.as_str().into(),
            foreign.map_or(BASE_CURRENCY, |foreign| &foreign.currency).into(),
            foreign.map(|foreign| foreign.amount).into(),
            payment.amount.into(),
        ];
        spool.write(Table::ReceiptPayments, &record)?;
    }
    Ok(())
}

/// "Bonpos" and its parts; `position` counts from 1, `agency` is 0 for the till's own business.
pub(super) fn line(
    spool: &mut Spool,
    receipt: &Receipt,
    position: usize,
    line: &Line,
    agency: u32,
) -> io::Result<()> {
    let position = position.to_string();
    let terminal = line.terminal.as_deref().unwrap_or(&receipt.request.terminal_id);
    let record = [
        receipt.id().into(),
        position.as_str().into(),
        line.voucher.as_deref().into(),
        line.text.as_str().into(),
        terminal.into(),
        line.business_case.into(),
        Value::Nothing,
        mark(line.is_on_site),
        mark(false),
        agency.into(),
        line.product_number.as_str().into(),
        line.barcode.as_str().into(),
        line.group.id.as_str().into(),
        line.group.name.as_str().into(),
        line.quantity.into(),
        line.factor.into(),
        line.unit.as_str().into(),
        line.unit_price.into(),
    ];
    spool.write(Table::Lines, &record)?;
    let mut record = vec![
        receipt.id().into(),
        position.as_str().into(),
        line.rate.key.into(),
    ];
    record.extend(values(line.amounts));
    spool.write(Table::LineVat, &record)?;
    sub_items(spool, receipt, &position, line)
}

/// "Bonpos_Zusatzinfo".
fn sub_items(spool: &mut Spool, receipt: &Receipt, position: &str, line: &Line) -> io::Result<()> {
    for part in &line.sub_items {
        let record = [
            receipt.id().into(),
            position.into(),
            part.product_number.as_deref().into(),
            part.barcode.as_deref().into(),
            part.text.as_deref().into(),
            part.group.id.as_str().into(),
            part.group.name.as_str().into(),
            part.quantity.into(),
            part.factor.into(),
            part.unit.as_deref().into(),
            part.rate.key.into(),
            part.amounts.map(|amounts| amounts.gross).into(),
            part.amounts.map(|amounts| amounts.net).into(),
            part.amounts.map(|amounts| amounts.tax).into(),
        ];
        spool.write(Table::SubItems, &record)?;
    }
    Ok(())
}

fn values(amounts: Amounts) -> [Value<'static>; 3] {
    [amounts.gross.into(), amounts.net.into(), amounts.tax.into()]
}

/// "Bonkopf_AbrKreis": the table or whatever else the POS groups its receipts by; without one the business action
/// that the receipt goes on with, or its own.
pub(super) fn allocation_group(spool: &mut Spool, receipt: &Receipt) -> io::Result<()> {
    let request = &receipt.request;
    let named = [
        request.area.as_deref(),
        request.previous_receipt_reference.as_deref(),
        Some(request.receipt_reference.as_str()),
    ];
    let Some(group) = named.into_iter().flatten().find(|name| !name.is_empty()) else {
        return Ok(());
    };
    spool.write(Table::AllocationGroups, &[receipt.id().into(), group.into()])
}

/// "TSE_Transaktionen"; `device` is the TSE's number within the closing.
pub(super) fn transaction(
    spool: &mut Spool,
    receipt: &Receipt,
    signed: Option<(&Transaction, u32)>,
) -> io::Result<()> {
    let Some((transaction, device)) = signed else {
        let mut record = vec![Value::Nothing; 10];
        record[0] = receipt.id().into();
        record[8] = tse::missing(&receipt.response).into();
        return spool.write(Table::TseTransactions, &record);
    };
    let record = [
        receipt.id().into(),
        device.into(),
        transaction.number.into(),
        transaction.start.as_str().into(),
        transaction.end.as_str().into(),
        transaction.process_type.as_str().into(),
        transaction.counter.into(),
        transaction.signature.as_str().into(),
        Value::Nothing,
        transaction.process_data.as_deref().into(),
    ];
    spool.write(Table::TseTransactions, &record)
}

/// "Bon_Referenzen" for what the POS says of another system or till (4.14).
pub(super) fn outside_reference(spool: &mut Spool, receipt: &Receipt) -> io::Result<()> {
    let data = &receipt.data;
    let Some(kind) = data.text("RefType") else {
        return Ok(());
    };
    let record = [
        receipt.id().into(),
        Value::Nothing,
        kind.into(),
        data.text("RefName").into(),
        data.moment("RefMoment").map(moment).into(),
        data.text("RefCashBoxIdentification").into(),
        data.integer("RefClosingNr").into(),
        data.text("RefReceiptId").into(),
    ];
    spool.write(Table::References, &record)
}
