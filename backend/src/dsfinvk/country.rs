//! Countries in three letters (ISO 3166 alpha-3), where master data have two.

/// Germany, its neighbours, the European Union and the European Economic Area.
const COUNTRIES: [(&str, &str); 35] = [
    ("AT", "AUT"),
    ("BE", "BEL"),
    ("BG", "BGR"),
    ("CH", "CHE"),
    ("CY", "CYP"),
    ("CZ", "CZE"),
    ("DE", "DEU"),
    ("DK", "DNK"),
    ("EE", "EST"),
    ("ES", "ESP"),
    ("FI", "FIN"),
    ("FR", "FRA"),
    ("GB", "GBR"),
    ("GR", "GRC"),
    ("HR", "HRV"),
    ("HU", "HUN"),
    ("IE", "IRL"),
    ("IS", "ISL"),
    ("IT", "ITA"),
    ("LI", "LIE"),
    ("LT", "LTU"),
    ("LU", "LUX"),
    ("LV", "LVA"),
    ("MC", "MCO"),
    ("MT", "MLT"),
    ("NL", "NLD"),
    ("NO", "NOR"),
    ("PL", "POL"),
    ("PT", "PRT"),
    ("RO", "ROU"),
    ("SE", "SWE"),
    ("SI", "SVN"),
    ("SK", "SVK"),
    ("TR", "TUR"),
    ("US", "USA"),
];

/// A country in three letters; one that is not known here stays as it is.
pub(super) fn three_letters(country: &str) -> String {
    let known = COUNTRIES
        .iter()
        .find(|(two, _)| country.eq_ignore_ascii_case(two));
    known.map_or_else(|| country.to_owned(), |(_, three)| (*three).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_become_three_and_others_stay() {
        assert_eq!(three_letters("de"), "DEU");
        assert_eq!(three_letters("DEU"), "DEU");
        assert_eq!(three_letters("JP"), "JP");
        assert_eq!(three_letters(""), "");
    }
}
