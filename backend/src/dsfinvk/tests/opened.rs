//! An archive taken apart again, and what must hold in every one: the files are those that `index.xml` names, with
//! its columns in its order; what one record says of another is there; the sums are those of the single records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use rust_decimal::Decimal;

/// A record by the names of its columns.
pub type Record = BTreeMap<String, String>;

/// What a record adds to a sum, and to which.
type Share = (Vec<String>, Decimal);

/// An archive's files by name, in full.
pub struct Opened {
    pub files: BTreeMap<String, String>,
}

impl Opened {
    pub fn new(bytes: Vec<u8>) -> Self {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut files = BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.insert(file.name().unwrap().into_owned(), text);
        }
        Self { files }
    }

    /// The files that `index.xml` names with their columns: name, and decimals if it is a number.
    fn described(&self) -> BTreeMap<String, Vec<(String, Option<u32>)>> {
        let index = &self.files["index.xml"];
        let tables = index.split("<Table>").skip(1);
        let columns = |table: &str| {
            let columns = table.split("<VariableColumn>").skip(1).map(|column| {
                let decimals = match column.contains("<Numeric") {
                    true if column.contains("<Accuracy>") => {
                        Some(between(column, "<Accuracy>").parse().unwrap())
                    }
                    true => Some(0),
                    false => None,
                };
                (between(column, "<Name>").to_owned(), decimals)
            });
            columns.collect()
        };
        tables
            .map(|table| (between(table, "<URL>").to_owned(), columns(table)))
            .collect()
    }

    /// The records of a file.
    pub fn records(&self, file: &str) -> Vec<Record> {
        let text = &self.files[file];
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_reader(text.as_bytes());
        let names = reader.headers().unwrap().clone();
        let records = reader.records().map(|record| {
            let record = record.unwrap();
            names
                .iter()
                .map(str::to_owned)
                .zip(record.iter().map(str::to_owned))
                .collect()
        });
        records.collect()
    }

    /// One column of the records for which another column has a value.
    pub fn column(&self, file: &str, name: &str, with: (&str, &str)) -> Vec<String> {
        let records = self.records(file).into_iter();
        let records = records.filter(|record| record[with.0] == with.1);
        records.map(|record| record[name].clone()).collect()
    }

    /// Everything that must hold.
    pub fn assert_sound(&self) {
        self.assert_described();
        self.assert_references();
        self.assert_receipt_sums();
        self.assert_closing_sums();
    }

    fn assert_described(&self) {
        let described = self.described();
        let mut names: BTreeSet<&String> = described.keys().collect();
        let index = "index.xml".to_owned();
        names.insert(&index);
        assert_eq!(names, self.files.keys().collect());
        for (file, columns) in &described {
            let header: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let text = &self.files[file];
            assert_eq!(
                text.split("\r\n").next(),
                Some(header.join(";").as_str()),
                "{file}"
            );
            assert!(text.ends_with("\r\n"), "{file}");
            for record in self.records(file) {
                for (name, decimals) in columns {
                    assert_number(&record[name], *decimals, file, name);
                }
            }
        }
    }

    fn assert_references(&self) {
        let key = |record: &Record, more: &[&str]| -> Vec<String> {
            let names = ["Z_KASSE_ID", "Z_ERSTELLUNG", "Z_NR"];
            names
                .iter()
                .chain(more)
                .map(|name| record[*name].clone())
                .collect()
        };
        let keys = |file: &str, more: &[&str]| -> BTreeSet<Vec<String>> {
            let records = self.records(file);
            let keys: BTreeSet<_> = records.iter().map(|record| key(record, more)).collect();
            assert_eq!(keys.len(), records.len(), "{file} has two records of one key");
            keys
        };
        let closings = keys("cashpointclosing.csv", &[]);
        let receipts = keys("transactions.csv", &["BON_ID"]);
        let lines = keys("lines.csv", &["BON_ID", "POS_ZEILE"]);
        let rates = keys("vat.csv", &["UST_SCHLUESSEL"]);
        let devices = keys("tse.csv", &["TSE_ID"]);
        let agencies = keys("pa.csv", &["AGENTUR_ID"]);
        for file in self.files.keys().filter(|file| *file != "index.xml") {
            for record in self.records(file) {
                let refers = |to: &BTreeSet<Vec<String>>, columns: &[&str]| {
                    let has = columns
                        .iter()
                        .all(|column| record.get(*column).is_some_and(|value| !value.is_empty()));
                    assert!(
                        !has || to.contains(&key(&record, columns)),
                        "{file}: {record:?} refers to nothing"
                    );
                };
                refers(&closings, &[]);
                refers(&receipts, &["BON_ID"]);
                if file != "references.csv" {
                    refers(&lines, &["BON_ID", "POS_ZEILE"]);
                }
                refers(&rates, &["UST_SCHLUESSEL"]);
                refers(&devices, &["TSE_ID"]);
                if record.get("AGENTUR_ID").is_some_and(|id| id != "0") {
                    refers(&agencies, &["AGENTUR_ID"]);
                }
            }
        }
    }

    /// Heads are the sums of their lines.
    fn assert_receipt_sums(&self) {
        let lines = self.sums(
            "lines_vat.csv",
            &["Z_NR", "BON_ID", "UST_SCHLUESSEL"],
            &["POS_BRUTTO", "POS_NETTO", "POS_UST"],
        );
        let heads = ["BON_BRUTTO", "BON_NETTO", "BON_UST"];
        assert_eq!(
            lines,
            self.sums(
                "transactions_vat.csv",
                &["Z_NR", "BON_ID", "UST_SCHLUESSEL"],
                &heads
            )
        );
        for (key, parts) in &lines {
            assert_eq!(parts[0], parts[1] + parts[2], "{key:?}");
        }
        let gross = self.sums("transactions_vat.csv", &["Z_NR", "BON_ID"], &["BON_BRUTTO"]);
        for (key, total) in self.sums("transactions.csv", &["Z_NR", "BON_ID"], &["UMS_BRUTTO"]) {
            let sum = gross.get(&key).map_or(Decimal::ZERO, |sum| sum[0]);
            let half_a_cent = Decimal::new(5, 3);
            assert!(
                (sum - total[0]).abs() <= half_a_cent,
                "{key:?}: {sum} and {}",
                total[0]
            );
        }
    }

    /// The closing's sums are those of the receipts that count.
    fn assert_closing_sums(&self) {
        let counting: BTreeSet<(String, String)> = self
            .records("transactions.csv")
            .into_iter()
            .filter(|record| record["BON_TYP"] == "Beleg")
            .map(|record| (record["Z_NR"].clone(), record["BON_ID"].clone()))
            .collect();
        let counts = |record: &Record| counting.contains(&(record["Z_NR"].clone(), record["BON_ID"].clone()));

        let mut by_case: BTreeMap<Vec<String>, Decimal> = BTreeMap::new();
        let taxes = self.records("lines_vat.csv").into_iter();
        for (line, tax) in self
            .records("lines.csv")
            .into_iter()
            .zip(taxes)
            .filter(|(line, _)| counts(line))
        {
            assert_eq!(
                (&line["BON_ID"], &line["POS_ZEILE"]),
                (&tax["BON_ID"], &tax["POS_ZEILE"])
            );
            let key = [
                &line["Z_NR"],
                &line["GV_TYP"],
                &line["AGENTUR_ID"],
                &tax["UST_SCHLUESSEL"],
            ];
            for part in ["BRUTTO", "NETTO", "UST"] {
                let key = key.into_iter().cloned().chain([part.to_owned()]).collect();
                *by_case.entry(key).or_default() += amount(&tax[&format!("POS_{part}")]);
            }
        }
        let mut closed = BTreeMap::new();
        for record in self.records("businesscases.csv") {
            for (part, name) in [
                ("BRUTTO", "Z_UMS_BRUTTO"),
                ("NETTO", "Z_UMS_NETTO"),
                ("UST", "Z_UST"),
            ] {
                let key = ["Z_NR", "GV_TYP", "AGENTUR_ID", "UST_SCHLUESSEL"];
                let key: Vec<String> = key
                    .iter()
                    .map(|name| record[*name].clone())
                    .chain([part.to_owned()])
                    .collect();
                assert!(
                    closed.insert(key, amount(&record[name])).is_none(),
                    "{record:?} is there twice"
                );
            }
        }
        assert_eq!(closed, by_case);

        let payments: Vec<Record> = self
            .records("datapayment.csv")
            .into_iter()
            .filter(counts)
            .collect();
        let paid = |of: &dyn Fn(&Record) -> Option<Share>| {
            let mut sums: BTreeMap<Vec<String>, Decimal> = BTreeMap::new();
            for (key, amount) in payments.iter().filter_map(of) {
                *sums.entry(key).or_default() += amount;
            }
            sums.into_iter()
                .map(|(key, sum)| (key, vec![sum]))
                .collect::<BTreeMap<_, _>>()
        };
        let base = |record: &Record| amount(&record["BASISWAEH_BETRAG"]);
        let by_kind = paid(&|record| {
            let key = ["Z_NR", "ZAHLART_TYP", "ZAHLART_NAME"].map(|name| record[name].clone());
            Some((key.to_vec(), base(record)))
        });
        assert_eq!(
            by_kind,
            self.sums(
                "payment.csv",
                &["Z_NR", "ZAHLART_TYP", "ZAHLART_NAME"],
                &["Z_ZAHLART_BETRAG"]
            )
        );
        let cash = paid(&|record| {
            let foreign = &record["ZAHLWAEH_BETRAG"];
            let money = if foreign.is_empty() {
                base(record)
            } else {
                amount(foreign)
            };
            let key = vec![record["Z_NR"].clone(), record["ZAHLWAEH_CODE"].clone()];
            (record["ZAHLART_TYP"] == "Bar").then_some((key, money))
        });
        assert_eq!(
            cash,
            self.sums(
                "cash_per_currency.csv",
                &["Z_NR", "ZAHLART_WAEH"],
                &["ZAHLART_BETRAG_WAEH"]
            )
        );
        let closings = self.sums(
            "cashpointclosing.csv",
            &["Z_NR"],
            &["Z_SE_ZAHLUNGEN", "Z_SE_BARZAHLUNGEN"],
        );
        let all = paid(&|record| Some((vec![record["Z_NR"].clone()], base(record))));
        let in_cash = paid(&|record| {
            (record["ZAHLART_TYP"] == "Bar").then(|| (vec![record["Z_NR"].clone()], base(record)))
        });
        for (number, sums) in closings {
            let of = |paid: &BTreeMap<Vec<String>, Vec<Decimal>>| {
                paid.get(&number).map_or(Decimal::ZERO, |sum| sum[0])
            };
            assert_eq!(sums, [of(&all), of(&in_cash)], "{number:?}");
        }
    }

    /// Sums of columns by others.
    fn sums(&self, file: &str, by: &[&str], of: &[&str]) -> BTreeMap<Vec<String>, Vec<Decimal>> {
        let mut sums: BTreeMap<Vec<String>, Vec<Decimal>> = BTreeMap::new();
        for record in self.records(file) {
            let key = by.iter().map(|name| record[*name].clone()).collect();
            let sum = sums.entry(key).or_insert_with(|| vec![Decimal::ZERO; of.len()]);
            for (sum, name) in sum.iter_mut().zip(of) {
                *sum += amount(&record[*name]);
            }
        }
        sums
    }
}

/// A number as the files hold it.
pub fn amount(text: &str) -> Decimal {
    text.replace(',', ".").parse().unwrap()
}

fn assert_number(value: &str, decimals: Option<u32>, file: &str, name: &str) {
    let Some(decimals) = decimals.filter(|_| !value.is_empty()) else {
        return;
    };
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once(',').unwrap_or((digits, ""));
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = !whole.is_empty()
        && only_digits(whole)
        && only_digits(fraction)
        && fraction.len() == decimals as usize;
    assert!(sound, "{file}: {name} is {value}");
}

/// What stands between a tag and the next one.
fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    let (_, rest) = text.split_once(tag).unwrap();
    rest.split('<').next().unwrap()
}
