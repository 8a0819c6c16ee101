//! The dashboards, as Grafana reads them.

use serde::Deserialize;

use super::{files, folder, name_of};

/// One dashboard. Members that Grafana alone needs are not named here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// The file it is in.
    #[serde(skip)]
    pub file: String,
    /// By this links and provisioning know it.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// What it answers.
    pub description: String,
    /// Which form of the file this is.
    pub schema_version: u32,
    /// What is shown, in order.
    pub panels: Vec<Panel>,
    /// What its user can choose.
    pub templating: Templating,
}

/// What the user of a dashboard can choose.
#[derive(Debug, Deserialize)]
pub struct Templating {
    /// One after the other.
    pub list: Vec<Variable>,
}

/// One choice.
#[derive(Debug, Deserialize)]
pub struct Variable {
    /// By this expressions name it.
    pub name: String,
    /// `datasource`, `query` or `textbox`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One panel, or the title of a row.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    /// Its number within the dashboard.
    pub id: u32,
    /// What it looks like.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// What it shows.
    #[serde(default)]
    pub description: String,
    /// Where it stands.
    pub grid_pos: Place,
    /// How its figures are written.
    #[serde(default)]
    pub field_config: FieldConfig,
    /// What it asks for.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// A place on the grid of 24 columns.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Place {
    /// From the left.
    pub x: u32,
    /// From above.
    pub y: u32,
    /// Its width.
    pub w: u32,
    /// Its height.
    pub h: u32,
}

impl Place {
    /// Whether two places share a cell.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let apart = self.x + self.w <= other.x
            || other.x + other.w <= self.x
            || self.y + self.h <= other.y
            || other.y + other.h <= self.y;
        !apart
    }
}

/// How figures are written.
#[derive(Debug, Default, Deserialize)]
pub struct FieldConfig {
    /// For all fields.
    pub defaults: Defaults,
}

/// How figures are written.
#[derive(Debug, Default, Deserialize)]
pub struct Defaults {
    /// Their unit, in Grafana's words.
    #[serde(default)]
    pub unit: String,
}

/// One question.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its name within the panel.
    pub ref_id: String,
    /// Whom it is asked.
    pub datasource: Datasource,
    /// The question.
    pub expr: String,
    /// How its series are called.
    #[serde(default)]
    pub legend_format: String,
}

/// Whom a question is asked.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Datasource {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which one; a variable.
    pub uid: String,
}

/// A question to Prometheus, and where it stands.
#[derive(Debug)]
pub struct Asked {
    /// Dashboard and panel.
    pub place: String,
    /// The question, without variables.
    pub expr: String,
    /// How its series are called.
    pub legend: String,
}

/// Every dashboard.
#[must_use]
pub fn dashboards() -> Vec<Dashboard> {
    let read = files(&folder().join("dashboards"), ".json");
    read.iter()
        .map(|(path, text)| {
            let parsed = serde_json::from_str(text);
            let dashboard: Dashboard = parsed.unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            Dashboard {
                file: name_of(path),
                ..dashboard
            }
        })
        .collect()
}

impl Dashboard {
    /// Its questions to Prometheus, for all installations; `rate_interval` is the window that Grafana would choose.
    #[must_use]
    pub fn asked_of_prometheus(&self, rate_interval: &str) -> Vec<Asked> {
        let asked = |panel: &Panel, target: &Target| Asked {
            place: format!("{}: {}", self.title, panel.title),
            expr: filled_in(&target.expr, rate_interval),
            legend: target.legend_format.clone(),
        };
        self.targets("prometheus")
            .map(|(panel, target)| asked(panel, target))
            .collect()
    }

    /// Its questions to one kind of source.
    pub fn targets<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a Panel, &'a Target)> {
        let targets = self
            .panels
            .iter()
            .flat_map(|panel| panel.targets.iter().map(move |target| (panel, target)));
        targets.filter(move |(_, target)| target.datasource.kind == kind)
    }
}

fn filled_in(expr: &str, rate_interval: &str) -> String {
    expr.replace("$__rate_interval", rate_interval)
        .replace("$namespace", ".*")
}
