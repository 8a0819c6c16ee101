//! Who runs the till, and where: master data as a closing has recorded them in its `ftStateData` (4.8).

use super::case_data::CaseData;
use super::country;

/// Master data of one closing.
#[derive(Debug, Clone, Default)]
pub(super) struct MasterData {
    pub(super) account: Party,
    pub(super) outlet: Party,
    agencies: Vec<Party>,
    pos_systems: Vec<PosSystem>,
}

/// A name with an address. What was not said is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Party {
    id: String,
    pub(super) name: String,
    pub(super) street: String,
    pub(super) zip: String,
    pub(super) city: String,
    /// Three letters.
    pub(super) country: String,
    pub(super) vat_id: String,
    pub(super) tax_id: String,
}

/// A kind of cash register.
#[derive(Debug, Clone, Default)]
pub(super) struct PosSystem {
    id: String,
    pub(super) brand: String,
    pub(super) model: String,
    pub(super) software_version: String,
    pub(super) base_currency: Option<String>,
}

impl MasterData {
    /// The master data in a closing's state data; none when there are none.
    pub(super) fn of_state_data(state_data: &CaseData) -> Option<Self> {
        let data = state_data.object("MasterData");
        (!data.is_empty()).then(|| Self {
            account: Party::of(&data.object("Account"), "AccountId", "AccountName"),
            outlet: Party::of(&data.object("Outlet"), "OutletId", "OutletName"),
            agencies: data
                .list("Agencies")
                .iter()
                .map(|agency| Party::of(agency, "AgencyId", "Name"))
                .collect(),
            pos_systems: data.list("PosSystems").iter().map(PosSystem::of).collect(),
        })
    }

    /// The agency of an id, which is a GUID in any spelling of its letters.
    pub(super) fn agency(&self, id: &str) -> Option<&Party> {
        self.agencies
            .iter()
            .find(|agency| agency.id.eq_ignore_ascii_case(id))
    }

    /// The kind of cash register of an id; without an id, or when it is unknown, the first one.
    pub(super) fn pos_system(&self, id: Option<&str>) -> PosSystem {
        let named = id.and_then(|id| {
            let mut systems = self.pos_systems.iter();
            systems.find(|system| system.id.eq_ignore_ascii_case(id))
        });
        named.or(self.pos_systems.first()).cloned().unwrap_or_default()
    }
}

impl Party {
    /// Somebody of whom only a name is known.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn of(data: &CaseData, id: &str, name: &str) -> Self {
        let text = |name: &str| data.text(name).unwrap_or_default();
        Self {
            id: text(id),
            name: text(name),
            street: text("Street"),
            zip: text("Zip"),
            city: text("City"),
            country: country::three_letters(&text("Country")),
            vat_id: text("VatId"),
            tax_id: text("TaxId"),
        }
    }
}

impl PosSystem {
    fn of(data: &CaseData) -> Self {
        let text = |name: &str| data.text(name).unwrap_or_default();
        Self {
            id: text("PosSystemId"),
            brand: text("Brand"),
            model: text("Model"),
            software_version: text("SoftwareVersion"),
            base_currency: data.text("BaseCurrency"),
        }
    }
}
