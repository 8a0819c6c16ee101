//! `index.xml`: which files there are and what their columns hold, in the language of the auditors' software
//! ("Beschreibungsstandard für die Datenträgerüberlassung", `gdpdu-01-09-2004.dtd`).
//!
//! The document names that DTD and obeys it. The DTD itself is not a part of the archive: its official text could not
//! be had and verified here, and a wrong one under its name would be worse than none. Auditors' software brings its own.

use std::fmt::Write as _;

use super::tables::{Column, Kind, Table};

/// What the head of the document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Supplier {
    pub(super) name: String,
    pub(super) location: String,
}

/// The document.
pub(super) fn document(supplier: &Supplier) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!DOCTYPE DataSet SYSTEM \"gdpdu-01-09-2004.dtd\">\r\n",
    );
    let (name, location) = (escaped(&supplier.name), escaped(&supplier.location));
    let _ = write!(
        out,
        "<DataSet>\r\n  <Version>1.0</Version>\r\n  <DataSupplier>\r\n    <Name>{name}</Name>\r\n    \
         <Location>{location}</Location>\r\n    <Comment>DSFinV-K {}</Comment>\r\n  </DataSupplier>\r\n  \
         <Media>\r\n    <Name>DSFinV-K</Name>\r\n",
        super::TAXONOMY
    );
    for table in Table::ALL {
        write_table(&mut out, table);
    }
    out.push_str("  </Media>\r\n</DataSet>\r\n");
    out
}

/// One file. Its first line is the header, so records begin with the second.
fn write_table(out: &mut String, table: Table) {
    let definition = table.definition();
    let _ = write!(
        out,
        "    <Table>\r\n      <URL>{}</URL>\r\n      <Name>{}</Name>\r\n      <UTF8/>\r\n      \
         <DecimalSymbol>,</DecimalSymbol>\r\n      <DigitGroupingSymbol>.</DigitGroupingSymbol>\r\n      \
         <Range><From>2</From></Range>\r\n      <VariableLength>\r\n        \
         <ColumnDelimiter>;</ColumnDelimiter>\r\n        <RecordDelimiter>&#13;&#10;</RecordDelimiter>\r\n        \
         <TextEncapsulator>\"</TextEncapsulator>\r\n",
        definition.file, definition.name
    );
    for column in table.columns() {
        write_column(out, column);
    }
    out.push_str("      </VariableLength>\r\n    </Table>\r\n");
}

fn write_column(out: &mut String, column: &Column) {
    let kind = match column.kind {
        Kind::Text(chars_max) => format!("<AlphaNumeric/><MaxLength>{chars_max}</MaxLength>"),
        Kind::Number(0) => "<Numeric/>".to_owned(),
        Kind::Number(decimals) => format!("<Numeric><Accuracy>{decimals}</Accuracy></Numeric>"),
    };
    let _ = write!(
        out,
        "        <VariableColumn><Name>{}</Name><Description>{}</Description>{kind}</VariableColumn>\r\n",
        column.name,
        escaped(column.description)
    );
}

/// Text as XML holds it; what XML cannot hold becomes a space.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_document() {
        let supplier = Supplier {
            name: "Müller & <Söhne>\u{0}".to_owned(),
            location: String::new(),
        };
        assert!(document(&supplier).contains("<Name>Müller &amp; &lt;Söhne&gt; </Name>"));
    }
}
