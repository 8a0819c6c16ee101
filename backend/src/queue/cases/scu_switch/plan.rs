//! Who is switched to whom: as the rows of both SCUs say it before the switch, and as the journal says it afterwards.

use serde::Deserialize;
use shared::identity::ScuId;

use crate::journal::entry::ScuRow;
use crate::queue::work::{CaseError, Work};

/// `Mode` of an SCU that a queue is to leave.
const SOURCE: i64 = 0x1_0000;
/// `Mode` of an SCU that a queue is to come to.
const TARGET: i64 = 0x2_0000;
/// The action journal's type of a switch that was begun.
pub(super) const INITIATED: &str = "4445000000000003-InitiateSCUSwitch";

/// From one SCU to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// The SCU that is left.
    pub source: ScuId,
    /// The SCU that is come to.
    pub target: ScuId,
}

/// `ModeConfigurationJson` of both.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModeConfiguration {
    target_scu_id: Option<String>,
    source_scu_id: Option<String>,
}

/// What the journal remembers of a switch.
#[derive(Deserialize)]
struct Initiated {
    #[serde(rename = "SourceSCUId")]
    source: String,
    #[serde(rename = "TargetSCUId")]
    target: String,
}

impl Switch {
    /// The switch that the rows of the SCUs are set up for: both must name each other.
    ///
    /// # Errors
    /// When they do not.
    pub fn configured(work: &Work<'_>) -> Result<Self, CaseError> {
        let refused = |which: &str, rule: &str| {
            CaseError::Refused(format!("The {which} SCU is not set up correctly: {rule}"))
        };
        let source = work.scu_in_use().filter(|row| row.mode & SOURCE != 0);
        let source = source
            .ok_or_else(|| refused("source", "its Mode does not mark it as the source of a switch."))?;
        let target = named(source, |mode| mode.target_scu_id.as_deref());
        let target =
            target.ok_or_else(|| refused("source", "its ModeConfigurationJson names no TargetScuId."))?;
        let row = work.state.scus.iter().find(|row| row.scu == target);
        let row = row.filter(|row| row.mode & TARGET != 0);
        let row =
            row.ok_or_else(|| refused("target", "its Mode does not mark it as the target of a switch."))?;
        if named(row, |mode| mode.source_scu_id.as_deref()) != Some(source.scu) {
            let rule = "its ModeConfigurationJson does not name the queue's SCU as its SourceScuId.";
            return Err(refused("target", rule));
        }
        Ok(Self {
            source: source.scu,
            target,
        })
    }

    /// The switch that was begun last, if there was one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn initiated(work: &Work<'_>) -> Result<Option<Self>, CaseError> {
        let newest = work.site.newest_action(&[INITIATED]).await;
        let newest = newest.map_err(|error| CaseError::Refused(error.to_string()))?;
        let data = newest.and_then(|row| row.data_json);
        let read = data.and_then(|json| serde_json::from_str::<Initiated>(&json).ok());
        Ok(read.and_then(|initiated| {
            Some(Self {
                source: initiated.source.parse().ok()?,
                target: initiated.target.parse().ok()?,
            })
        }))
    }
}

/// The SCU that a row's configuration names.
fn named(row: &ScuRow, member: impl Fn(&ModeConfiguration) -> Option<&str>) -> Option<ScuId> {
    let configuration = row.mode_configuration_json.as_deref()?;
    let configuration = serde_json::from_str(configuration).ok()?;
    member(&configuration)?.parse().ok()
}
