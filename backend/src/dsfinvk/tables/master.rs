//! "Stammdatenmodul": written once for each closing, so that it can be read without any other.

use super::{AGENCY_ID, Definition, number, text};

pub(super) const CLOSING: Definition = Definition {
    file: "cashpointclosing.csv",
    name: "Stamm_Abschluss",
    columns: &[
        text(
            "Z_BUCHUNGSTAG",
            25,
            "Vom Erstellungsdatum abweichender Verbuchungstag",
        ),
        text("TAXONOMIE_VERSION", 10, "Version der DFKA-Taxonomie-Kasse"),
        text("Z_START_ID", 40, "Erste BON_ID im Abschluss"),
        text("Z_ENDE_ID", 40, "Letzte BON_ID im Abschluss"),
        text("NAME", 60, "Name des Unternehmens"),
        text("STRASSE", 60, "Straße"),
        text("PLZ", 10, "Postleitzahl"),
        text("ORT", 62, "Ort"),
        text("LAND", 3, "Land"),
        text("STNR", 20, "Steuernummer des Unternehmens"),
        text("USTID", 15, "USTID"),
        number("Z_SE_ZAHLUNGEN", 2, "Summe aller Zahlungen"),
        number("Z_SE_BARZAHLUNGEN", 2, "Summe aller Barzahlungen"),
    ],
};

pub(super) const LOCATION: Definition = Definition {
    file: "location.csv",
    name: "Stamm_Orte",
    columns: &[
        text("LOC_NAME", 60, "Name des Standortes"),
        text("LOC_STRASSE", 60, "Straße"),
        text("LOC_PLZ", 10, "Postleitzahl"),
        text("LOC_ORT", 62, "Ort"),
        text("LOC_LAND", 3, "Land"),
        text("LOC_USTID", 15, "USTID"),
    ],
};

pub(super) const CASH_REGISTER: Definition = Definition {
    file: "cashregister.csv",
    name: "Stamm_Kassen",
    columns: &[
        text("KASSE_BRAND", 50, "Marke der Kasse"),
        text("KASSE_MODELL", 50, "Modellbezeichnung"),
        text("KASSE_SERIENNR", 70, "Seriennummer der Kasse"),
        text("KASSE_SW_BRAND", 50, "Markenbezeichnung der Software"),
        text("KASSE_SW_VERSION", 50, "Version der Software"),
        text("KASSE_BASISWAEH_CODE", 3, "Basiswährung der Kasse"),
        text("KEINE_UST_ZUORDNUNG", 1, "UmsatzsteuerNichtErmittelbar"),
    ],
};

pub(super) const TERMINALS: Definition = Definition {
    file: "slaves.csv",
    name: "Stamm_Terminals",
    columns: &[
        text("TERMINAL_ID", 50, "ID des Terminals"),
        text("TERMINAL_BRAND", 50, "Marke des Terminals"),
        text("TERMINAL_MODELL", 50, "Modellbezeichnung des Terminals"),
        text("TERMINAL_SERIENNR", 70, "Seriennummer des Terminals"),
        text("TERMINAL_SW_BRAND", 50, "Markenbezeichnung der Software"),
        text("TERMINAL_SW_VERSION", 50, "Version der Software"),
    ],
};

pub(super) const AGENCIES: Definition = Definition {
    file: "pa.csv",
    name: "Stamm_Agenturen",
    columns: &[
        AGENCY_ID,
        text("AGENTUR_NAME", 60, "Name des Auftraggebers"),
        text("AGENTUR_STRASSE", 60, "Straße"),
        text("AGENTUR_PLZ", 10, "Postleitzahl"),
        text("AGENTUR_ORT", 62, "Ort"),
        text("AGENTUR_LAND", 3, "Land"),
        text("AGENTUR_STNR", 20, "Steuernummer des Auftraggebers"),
        text("AGENTUR_USTID", 15, "USTID des Auftraggebers"),
    ],
};

pub(super) const VAT: Definition = Definition {
    file: "vat.csv",
    name: "Stamm_USt",
    columns: &[
        number("UST_SCHLUESSEL", 0, "ID des Umsatzsteuersatzes"),
        number("UST_SATZ", 2, "Prozentsatz"),
        text("UST_BESCHR", 55, "Beschreibung"),
    ],
};

/// The second part of a certificate is declared longer than 1000 characters, because the rest stands nowhere else.
pub(super) const TSE: Definition = Definition {
    file: "tse.csv",
    name: "Stamm_TSE",
    columns: &[
        number("TSE_ID", 0, "ID der TSE innerhalb eines Kassenabschlusses"),
        text("TSE_SERIAL", 68, "Seriennummer der TSE"),
        text("TSE_SIG_ALGO", 21, "Von der TSE verwendeter Signaturalgorithmus"),
        text(
            "TSE_ZEITFORMAT",
            31,
            "Von der TSE verwendetes Format der Log-Time",
        ),
        text("TSE_PD_ENCODING", 5, "Text-Encoding der ProcessData"),
        text(
            "TSE_PUBLIC_KEY",
            512,
            "Öffentlicher Schlüssel in base64-Codierung",
        ),
        text(
            "TSE_ZERTIFIKAT_I",
            1000,
            "Erste 1000 Zeichen des base64-codierten Zertifikats",
        ),
        text(
            "TSE_ZERTIFIKAT_II",
            8000,
            "Ggf. Rest des base64-codierten Zertifikats",
        ),
    ],
};
