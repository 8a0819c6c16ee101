//! A day with every kind of receipt, and a second one that looks back. The files lie in `golden`; with `GOLDEN=write`
//! the test writes them anew instead of comparing, to be looked through.

use std::path::Path;

use super::till::{Answered, E, I, Till};

/// A charge item of a case: quantity, amount, rate, further members.
fn charge(case: i64, quantity: &str, amount: &str, rate: &str, more: &str) -> String {
    let case = E | case;
    format!(r#"{{"ftChargeItemCase":{case},"Quantity":{quantity},"Amount":{amount},"VATRate":{rate}{more}}}"#)
}

/// A pay item of a case: amount, further members.
fn pay(case: i64, amount: &str, more: &str) -> String {
    let case = E | case;
    format!(r#"{{"ftPayItemCase":{case},"Amount":{amount}{more}}}"#)
}

fn items(charges: &[String], pays: &[String]) -> String {
    format!(
        r#""cbChargeItems":[{}],"cbPayItems":[{}]"#,
        charges.join(","),
        pays.join(",")
    )
}

/// Goods for 11.90 in cash.
fn sale() -> String {
    items(
        &[charge(0x11, "1", "11.90", "19", r#","Description":"Buch""#)],
        &[pay(1, "11.90", "")],
    )
}

/// Two days: every kind of receipt, then what looks back at it.
async fn two_days() -> Till {
    let mut till = Till::new().await;
    till.sign(I | 3, "").await;
    sales(&mut till).await;
    vouchers_and_transfers(&mut till).await;
    orders(&mut till).await;
    other_kinds(&mut till).await;
    without_tse(&mut till).await;
    till.close().await;

    let earlier = r#","cbPreviousReceiptReference":"Tisch 4","cbReceiptReference":"Z-1""#;
    till.sign(I | 0x0004_0001, &format!("{}{earlier}", sale())).await;
    let same_day = r#","cbPreviousReceiptReference":"Z-1""#;
    till.sign(I | 1, &format!("{}{same_day}", sale())).await;
    till.close().await;
    till.sign(I | 1, &sale()).await;
    till
}

async fn sales(till: &mut Till) {
    let head = r#""cbReceiptReference":"Tisch 4","cbArea":"Tisch 4","cbUser":"Anna",
        "cbCustomer":"{\"CustomerName\":\"Max Muster\",\"CustomerId\":\"K7\",\"CustomerCountry\":\"DEU\"}",
        "ftReceiptCaseData":"{\"UserId\":\"U1\",\"ReceiptNote\":\"Sonderwunsch; \\\"extra\\\"\"}","#;
    let charges = [
        charge(
            0x11,
            "2",
            "5.60",
            "19",
            r#","Description":"Kaffee \"groß\"; süß","VATAmount":0.89,"ProductNumber":"100","ProductBarcode":"4006381333931","ProductGroup":"Getränke","Unit":"Tasse","UnitQuantity":0.25,"UnitPrice":2.80,"Moment":"2031-03-04T09:50:00Z""#,
        ),
        charge(
            0x1_0012,
            "0.375",
            "3.745",
            "7",
            r#","Description":"Käse, mitgenommen","Unit":"kg""#,
        ),
        charge(0x21, "1", "0.25", "19", r#","Description":"Pfand""#),
        charge(0x29, "-2", "0.50", "19", r#","Description":"Pfand zurück""#),
        charge(0x32, "1", "-0.37", "7", r#","Description":"Rabatt""#),
        charge(
            0x11,
            "1",
            "11.90",
            "19",
            r#","Description":"Menü","ftChargeItemCaseData":"{\"SubItems\":[{\"Description\":\"Burger\",\"Amount\":8.9,\"Quantity\":1,\"ftSubChargeItemCase\":4919338167972134930,\"ProductGroup\":\"Speisen\"},{\"Description\":\"Cola\",\"Amount\":3}]}""#,
        ),
        charge(0x01, "1", "11.60", "16", r#","Description":"Altsteuersatz""#),
    ];
    let pays = [
        pay(1, "30.00", ""),
        pay(
            2,
            "9.00",
            r#","ftPayItemCaseData":"{\"CurrencyCode\":\"CHF\",\"ForeignCurrencyAmount\":9.1}""#,
        ),
        pay(5, "5.00", r#","ftPayItemCaseData":"{\"ItemCaseName\":\"VISA\"}""#),
        pay(0xB, "-11.775", ""),
    ];
    till.sign(I | 1, &format!("{head}{}", items(&charges, &pays)))
        .await;
    till.sign(E | 8, r#""cbReceiptReference":"B-7""#).await;
    till.sign(E | 9, r#""cbReceiptReference":"B-7""#).await;
    till.sign(E | 1, &format!(r#""cbReceiptReference":"B-7",{}"#, sale()))
        .await;
    till.sign(
        I | 0xC,
        &items(&[charge(0x11, "1", "18.00", "19", "")], &[pay(8, "18.00", "")]),
    )
    .await;
}

async fn vouchers_and_transfers(till: &mut Till) {
    till.sign(
        I | 1,
        &items(
            &[charge(0x60, "1", "25", "0", r#","Description":"Gutschein""#)],
            &[pay(4, "25", "")],
        ),
    )
    .await;
    let voucher = pay(0xD, "12.50", r#","ftPayItemCaseData":"{\"VoucherNr\":\"V-9\"}""#);
    till.sign(I | 1, &items(&[charge(0x11, "1", "12.50", "19", "")], &[voucher]))
        .await;
    let tip = pay(0x10, "-2", r#","Description":"Trinkgeld""#);
    till.sign(
        I | 1,
        &items(
            &[charge(0x12, "1", "10.70", "7", "")],
            &[pay(1, "12.70", ""), tip],
        ),
    )
    .await;
    let lotto = r#","Description":"Lottoschein","ftChargeItemCaseData":"{\"AgencyId\":\"a-1\",\"TerminalId\":\"L-1\"}""#;
    till.sign(
        I | 1,
        &items(&[charge(0xA2, "1", "8.40", "0", lotto)], &[pay(1, "8.40", "")]),
    )
    .await;
    till.sign(I | 0x11, &items(&[], &[pay(0x12, "-150", ""), pay(1, "150", "")]))
        .await;
    till.sign(I | 0x11, &items(&[], &[pay(0x13, "40", ""), pay(1, "-40", "")]))
        .await;
    till.sign(
        I | 0x11,
        &items(&[charge(0x97, "1", "-0.05", "0", "")], &[pay(1, "-0.05", "")]),
    )
    .await;
}

async fn orders(till: &mut Till) {
    let two = [
        charge(0x11, "2", "7", "19", r#","Description":"Tee""#),
        charge(0x12, "1", "3", "7", ""),
    ];
    till.sign(I | 0x10, &format!(r#""cbArea":"Tisch 1",{}"#, items(&two, &[])))
        .await;
    till.sign(
        I | 0x10,
        &items(&[charge(0x11, "2", "7", "19", "")], &[pay(0xA, "7", "")]),
    )
    .await;
}

async fn other_kinds(till: &mut Till) {
    for case in [0x0002_0001, 0x0B, 0xE, 0xF, 0x12, 0x13, 0x15, 0x16] {
        till.sign(I | case, &sale()).await;
    }
    for case in [0x02, 0x14, 0x05] {
        till.sign(I | case, "").await;
    }
    let outside = r#","ftReceiptCaseData":"{\"RefType\":\"ExterneSonstige\",\"RefName\":\"Hotel\",\"RefReceiptId\":\"H-1\",\"RefMoment\":\"2031-03-03T12:00:00Z\",\"RefClosingNr\":9,\"RefCashBoxIdentification\":\"H\"}""#;
    till.sign(I | 1, &format!("{}{outside}", sale())).await;
    till.write(I | 1, &sale(), Answered::Refused, None).await;
}

async fn without_tse(till: &mut Till) {
    let failed = ("Kommunikation mit der TSE fehlgeschlagen", "Fehlerzähler: 1");
    till.write(I | 1, &sale(), Answered::Unsigned(2, Some(failed)), None)
        .await;
    let late = (
        "Ausfallsnacherfassung",
        "Elektronisches Aufzeichnungssystem ausgefallen",
    );
    till.write(I | 0x0001_0001, &sale(), Answered::Unsigned(8, Some(late)), None)
        .await;
    till.write(I | 0x0008_0001, &sale(), Answered::Unsigned(0, None), None)
        .await;
}

#[tokio::test]
async fn two_days_with_every_kind_of_receipt_come_out_as_they_were_looked_through() {
    let opened = two_days().await.exported().await;
    opened.assert_sound();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dsfinvk/tests/golden");
    for (name, text) in &opened.files {
        let path = folder.join(name);
        if std::env::var_os("GOLDEN").is_some_and(|wish| wish == "write") {
            std::fs::write(&path, text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, &golden, "{name}");
    }
}

#[tokio::test]
async fn a_receipt_finds_the_one_it_names_in_its_own_closing_and_in_an_earlier_one() {
    let opened = two_days().await.exported().await;
    let found = opened.column("references.csv", "REF_Z_NR", ("REF_TYP", "Transaktion"));
    assert_eq!(found, ["1", "2"]);
    let ids = opened.column("references.csv", "REF_BON_ID", ("REF_TYP", "Transaktion"));
    let (table, void) = (&ids[0], &ids[1]);
    assert_eq!(
        opened.column("allocation_groups.csv", "ABRECHNUNGSKREIS", ("BON_ID", table)),
        ["Tisch 4"]
    );
    assert_eq!(opened.column("transactions.csv", "Z_NR", ("BON_ID", void)), ["2"]);
}

#[tokio::test]
async fn what_was_not_signed_says_why() {
    let opened = two_days().await.exported().await;
    let reasons = opened.column("transactions_tse.csv", "TSE_TA_FEHLER", ("TSE_TANR", ""));
    assert_eq!(
        reasons,
        [
            "Kommunikation mit der TSE fehlgeschlagen Fehlerzähler: 1",
            "Ausfallsnacherfassung Elektronisches Aufzeichnungssystem ausgefallen",
            "Ohne TSE aufgezeichnet"
        ]
    );
}
