//! What a cashbox document must hold (fiscal specification 2.2), as far as every cashbox needs it: exactly one queue and
//! one SCU, tied together, in the market DE. Which packages a pod can run is the pod's to say. Pure.

use serde_json::{Map, Value};
use shared::identity::CashBoxId;
use shared::identity::guid;

type Object = Map<String, Value>;

/// Checks a document.
///
/// # Errors
/// All faults, each with its path in the document and the rule.
pub fn check(bytes: &[u8], id: CashBoxId) -> Result<(), Vec<String>> {
    let document: Value =
        serde_json::from_slice(bytes).map_err(|error| vec![format!("not JSON: {error}")])?;
    let Some(document) = document.as_object() else {
        return Err(vec!["$: must be an object".to_owned()]);
    };
    let mut faults = Found(Vec::new());
    faults.check_document(document, id);
    if faults.0.is_empty() {
        Ok(())
    } else {
        Err(faults.0)
    }
}

/// The faults found so far. Each reading method notes what is missing and answers what is there.
struct Found(Vec<String>);

impl Found {
    fn check_document(&mut self, document: &Object, id: CashBoxId) {
        let named = self.guid(document, "$", "ftCashBoxId");
        self.rule(
            named.is_none_or(|named| named == id.as_u128()),
            "$.ftCashBoxId",
            &format!("must be {id}, as the file is named"),
        );
        let queue = self.the_only(document, "ftQueues");
        let scus = self.scus(document);
        let queue_id = queue.and_then(|queue| self.package(queue, "$.ftQueues[0]"));
        if let (Some(queue), Some(queue_id)) = (queue, queue_id) {
            self.check_queue(queue, queue_id, &scus);
        }
    }

    fn check_queue(&mut self, queue: &Object, queue_id: u128, scus: &[u128]) {
        const AT: &str = "$.ftQueues[0].Configuration";
        let Some(configuration) = member(queue, "Configuration").and_then(Value::as_object) else {
            return self.note(AT, "must be an object");
        };
        if let Some((entry, at)) = self.entry(configuration, AT, "init_ftQueue", "ftQueueId", queue_id) {
            let market = member(entry, "CountryCode").and_then(Value::as_str);
            self.rule(
                market == Some("DE"),
                &format!("{at}.CountryCode"),
                "must be \"DE\"",
            );
        }
        if let Some((entry, at)) = self.entry(configuration, AT, "init_ftQueueDE", "ftQueueDEId", queue_id) {
            self.text(entry, &at, "CashBoxIdentification");
            let scu = self.scu_of_queue(entry, &at);
            let tied = scus.is_empty() || scu.is_none_or(|scu| scus.contains(&scu));
            self.rule(
                tied,
                &format!("{at}.ftSignaturCreationUnitDEId"),
                "must be the Id of an entry in $.ftSignaturCreationDevices",
            );
        }
    }

    /// The ids of the SCUs; more than one while the queue is switched from one to another.
    fn scus(&mut self, document: &Object) -> Vec<u128> {
        const AT: &str = "$.ftSignaturCreationDevices";
        let Some(entries) = member(document, "ftSignaturCreationDevices").and_then(Value::as_array) else {
            self.note(AT, "must be an array");
            return Vec::new();
        };
        self.rule(!entries.is_empty(), AT, "must hold an entry");
        let mut ids = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let at = format!("{AT}[{index}]");
            match entry.as_object() {
                Some(scu) => ids.extend(self.package(scu, &at)),
                None => self.note(&at, "must be an object"),
            }
        }
        ids
    }

    /// The SCU that a queue names; null while it is switched.
    fn scu_of_queue(&mut self, entry: &Object, at: &str) -> Option<u128> {
        const NAME: &str = "ftSignaturCreationUnitDEId";
        match member(entry, NAME) {
            Some(Value::Null) => None,
            _ => self.guid(entry, at, NAME),
        }
    }

    /// A package's own members; answers its id.
    fn package(&mut self, package: &Object, at: &str) -> Option<u128> {
        self.text(package, at, "Package");
        self.guid(package, at, "Id")
    }

    /// The only object in an array of the document.
    fn the_only<'a>(&mut self, document: &'a Object, name: &str) -> Option<&'a Object> {
        let at = format!("$.{name}");
        match member(document, name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            Some([Value::Object(only)]) => return Some(only),
            Some([_]) => self.note(&format!("{at}[0]"), "must be an object"),
            Some(several) => self.note(
                &at,
                &format!("must hold exactly one entry, holds {}", several.len()),
            ),
            None => self.note(&at, "must be an array"),
        }
        None
    }

    /// The entry of an `init_…` array that belongs to the queue, and its path.
    fn entry<'a>(
        &mut self,
        configuration: &'a Object,
        at: &str,
        name: &str,
        key: &str,
        id: u128,
    ) -> Option<(&'a Object, String)> {
        let at = format!("{at}.{name}");
        let Some(entries) = member(configuration, name).and_then(Value::as_array) else {
            self.note(&at, "must be an array");
            return None;
        };
        let found = entries.iter().enumerate().find_map(|(index, entry)| {
            let entry = entry.as_object()?;
            let named = guid::parse(member(entry, key)?.as_str()?).ok()?;
            (named == id).then(|| (entry, format!("{at}[{index}]")))
        });
        if found.is_none() {
            self.note(
                &at,
                &format!("must hold an entry whose {key} is the Id of $.ftQueues[0]"),
            );
        }
        found
    }

    fn guid(&mut self, object: &Object, at: &str, name: &str) -> Option<u128> {
        let id = member(object, name)
            .and_then(Value::as_str)
            .and_then(|text| guid::parse(text).ok());
        self.rule(id.is_some(), &format!("{at}.{name}"), "must be a GUID");
        id
    }

    fn text(&mut self, object: &Object, at: &str, name: &str) {
        let text = member(object, name).and_then(Value::as_str).unwrap_or_default();
        self.rule(
            !text.is_empty(),
            &format!("{at}.{name}"),
            "must be a text that is not empty",
        );
    }

    fn rule(&mut self, holds: bool, at: &str, rule: &str) {
        if !holds {
            self.note(at, rule);
        }
    }

    fn note(&mut self, at: &str, rule: &str) {
        self.0.push(format!("{at}: {rule}"));
    }
}

/// A member by its name in any letter case, as the original looks them up.
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: CashBoxId = CashBoxId::from_u128(0x11111111_2222_4333_8444_555555555555);

    fn document() -> Value {
        let (queue, scu) = (
            "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
            "77777777-0000-4000-8000-000000000001",
        );
        json!({
            "ftCashBoxId": ID,
            "ftSignaturCreationDevices": [{ "Id": scu, "Package": "Byodc.SCU.DE.Simulator" }],
            "ftQueues": [{ "Id": queue, "Package": "Byodc.Queue", "Configuration": {
                "init_ftQueue": [{ "ftQueueId": queue, "CountryCode": "DE" }],
                "init_ftQueueDE": [{ "ftQueueDEId": queue, "ftSignaturCreationUnitDEId": scu, "CashBoxIdentification": "K1" }],
            }}],
        })
    }

    /// Changes the value at a JSON pointer and answers the faults.
    fn with(pointer: &str, value: Value) -> Vec<String> {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value;
        check(&serde_json::to_vec(&document).unwrap(), ID)
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn the_smallest_document_is_in_order() {
        assert_eq!(check(&serde_json::to_vec(&document()).unwrap(), ID), Ok(()));
    }

    #[test]
    fn each_broken_rule_is_told_with_its_path() {
        let cases = [
            ("/ftCashBoxId", json!("4"), "$.ftCashBoxId: must be a GUID"),
            (
                "/ftCashBoxId",
                json!(CashBoxId::from_u128(1)),
                "$.ftCashBoxId: must be 11111111-2222-4333-8444-555555555555, as the file is named",
            ),
            (
                "/ftQueues",
                json!([{}, {}]),
                "$.ftQueues: must hold exactly one entry, holds 2",
            ),
            (
                "/ftSignaturCreationDevices",
                json!(null),
                "$.ftSignaturCreationDevices: must be an array",
            ),
            (
                "/ftSignaturCreationDevices/0/Package",
                json!(""),
                "$.ftSignaturCreationDevices[0].Package: must be a text that is not empty",
            ),
            (
                "/ftQueues/0/Configuration",
                json!([]),
                "$.ftQueues[0].Configuration: must be an object",
            ),
            (
                "/ftQueues/0/Configuration/init_ftQueue",
                json!([]),
                "$.ftQueues[0].Configuration.init_ftQueue: must hold an entry whose ftQueueId is the Id of $.ftQueues[0]",
            ),
            (
                "/ftQueues/0/Configuration/init_ftQueue/0/CountryCode",
                json!("AT"),
                "$.ftQueues[0].Configuration.init_ftQueue[0].CountryCode: must be \"DE\"",
            ),
            (
                "/ftQueues/0/Configuration/init_ftQueueDE/0/ftSignaturCreationUnitDEId",
                json!(ID),
                "$.ftQueues[0].Configuration.init_ftQueueDE[0].ftSignaturCreationUnitDEId: must be the Id of an entry in $.ftSignaturCreationDevices",
            ),
        ];
        for (pointer, value, fault) in cases {
            assert_eq!(with(pointer, value), [fault], "{pointer}");
        }
    }

    #[test]
    fn all_faults_of_a_document_are_told_together() {
        let faults = check(br#"{"ftQueues":[]}"#, ID).unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let faults = check(b"{\n  nonsense", ID).unwrap_err();
        assert!(
            faults[0].starts_with("not JSON: ") && faults[0].contains("line 2"),
            "{faults:?}"
        );
    }
}
