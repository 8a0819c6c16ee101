//! Dashboards can be loaded, and whoever opens one sees first what matters first.

use std::collections::BTreeSet;

use harness::monitoring::dashboards::{Dashboard, Panel, dashboards};

/// The form of Grafana 11 and 12.
const SCHEMA_VERSION: u32 = 41;
const COLUMNS: u32 = 24;

#[test]
fn dashboards_are_told_apart_by_uid_and_title() {
    let dashboards = dashboards();
    let uids: BTreeSet<_> = dashboards.iter().map(|dashboard| &dashboard.uid).collect();
    let titles: BTreeSet<_> = dashboards.iter().map(|dashboard| &dashboard.title).collect();
    assert_eq!((uids.len(), titles.len()), (dashboards.len(), dashboards.len()));
    for dashboard in &dashboards {
        assert_eq!(
            format!("{}.json", dashboard.uid.strip_prefix("byodc-").unwrap()),
            dashboard.file
        );
        assert_eq!(dashboard.schema_version, SCHEMA_VERSION, "{}", dashboard.file);
        assert!(dashboard.description.ends_with('.'), "{}", dashboard.file);
    }
}

#[test]
fn panels_have_numbers_of_their_own_and_places_of_their_own() {
    for dashboard in dashboards() {
        let panels = &dashboard.panels;
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel.id).collect();
        assert_eq!(ids.len(), panels.len(), "{}", dashboard.file);
        for (at, panel) in panels.iter().enumerate() {
            let place = panel.grid_pos;
            assert!(
                place.w > 0 && place.h > 0 && place.x + place.w <= COLUMNS,
                "{}: {place:?}",
                panel.title
            );
            let under = panels[at + 1..]
                .iter()
                .find(|other| place.overlaps(other.grid_pos));
            assert!(
                under.is_none(),
                "{} lies on {:?}",
                panel.title,
                under.map(|panel| &panel.title)
            );
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    for dashboard in dashboards() {
        for panel in dashboard.panels.iter().filter(|panel| panel.kind != "row") {
            let named = format!("{}: {}", dashboard.file, panel.title);
            assert!(panel.description.ends_with('.'), "{named} has no description");
            assert!(
                !panel.field_config.defaults.unit.is_empty(),
                "{named} has no unit"
            );
            assert_eq!(panel.targets.is_empty(), panel.kind == "text", "{named}");
            let refs: BTreeSet<_> = panel.targets.iter().map(|target| &target.ref_id).collect();
            assert_eq!(refs.len(), panel.targets.len(), "{named}: questions share a name");
        }
    }
}

/// Six figures side by side, above everything else.
#[test]
fn the_first_row_shows_single_figures() {
    for dashboard in dashboards() {
        let [title, first, ..] = dashboard.panels.as_slice() else {
            panic!("{} is empty", dashboard.file)
        };
        assert_eq!(
            (title.kind.as_str(), title.title.as_str()),
            ("row", "Now"),
            "{}",
            dashboard.file
        );
        let row = dashboard
            .panels
            .iter()
            .filter(|panel| panel.grid_pos.y == first.grid_pos.y);
        let row: Vec<&Panel> = row.collect();
        assert!(row.iter().all(|panel| panel.kind == "stat"), "{}", dashboard.file);
        assert_eq!(
            row.iter().map(|panel| panel.grid_pos.w).sum::<u32>(),
            COLUMNS,
            "{}",
            dashboard.file
        );
    }
}

#[test]
fn questions_use_variables_that_the_dashboard_has() {
    for dashboard in dashboards() {
        let known: BTreeSet<_> = dashboard
            .templating
            .list
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        for target in dashboard.panels.iter().flat_map(|panel| &panel.targets) {
            let source = match target.datasource.kind.as_str() {
                "prometheus" => "datasource",
                "loki" => "loki",
                other => panic!("{}: {other}", dashboard.file),
            };
            assert_eq!(
                target.datasource.uid,
                format!("${{{source}}}"),
                "{}",
                dashboard.file
            );
            assert!(known.contains(source), "{}: no variable {source}", dashboard.file);
            for name in variables(&target.expr) {
                let is_known = known.contains(name) || matches!(name, "__rate_interval" | "__interval");
                assert!(
                    is_known,
                    "{}: no variable {name} in {}",
                    dashboard.file, target.expr
                );
            }
        }
        assert!(mentions_installation(&dashboard), "{}", dashboard.file);
    }
}

/// Two installations in one Prometheus must not be added up unasked.
fn mentions_installation(dashboard: &Dashboard) -> bool {
    let mut targets = dashboard.panels.iter().flat_map(|panel| &panel.targets);
    targets.all(|target| target.expr.contains("namespace=~\"$namespace\""))
}

fn variables(expr: &str) -> impl Iterator<Item = &str> {
    expr.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}
