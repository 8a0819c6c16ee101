//! `helm/monitoring/README.md` lists what there is.

use harness::monitoring::dashboards::dashboards;
use harness::monitoring::folder;
use harness::monitoring::rules::alerts;

fn listed(between: &str) -> String {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let (begin, end) = (format!("<!-- {between} -->\n"), format!("<!-- /{between} -->"));
    let rest = readme
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no {begin}"))
        .1;
    rest.split_once(&end)
        .unwrap_or_else(|| panic!("no {end}"))
        .0
        .to_owned()
}

#[test]
fn the_list_of_alerts_is_complete() {
    let mut table = "| alert | severity | lasting | what is the matter |\n|---|---|---|---|\n".to_owned();
    for alert in alerts() {
        let (name, summary) = (&alert.name, &alert.annotations["summary"]);
        let severity = &alert.labels["severity"];
        table += &format!(
            "| [{name}](runbooks/{name}.md) | {severity} | {} | {summary} |\n",
            alert.lasting
        );
    }
    assert_eq!(listed("alerts"), table, "it should be:\n{table}");
}

#[test]
fn the_list_of_dashboards_is_complete() {
    let mut table = "| dashboard | file | what it answers |\n|---|---|---|\n".to_owned();
    for dashboard in dashboards() {
        let (title, file) = (&dashboard.title, &dashboard.file);
        table += &format!(
            "| {title} | [{file}](dashboards/{file}) | {} |\n",
            dashboard.description
        );
    }
    assert_eq!(listed("dashboards"), table, "it should be:\n{table}");
}
