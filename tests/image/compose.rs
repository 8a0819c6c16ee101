//! What `compose.yaml` says agrees with the binary, its settings and the source tree.

use harness::config_service::ConfigService;
use harness::ports::free_address;
use yaml_rust2::{Yaml, YamlLoader};

use crate::agreement::{default_of, port_of, run, settings_table};
use crate::container::Container;
use crate::dockerfile::{source, text};

/// The image that the Dockerfile makes here.
const OURS: &str = "byodc:development";

fn read(path: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&text(path)).unwrap();
    documents.remove(0)
}

/// A service; what it does not say itself, those say that it is merged from.
#[derive(Debug, Clone)]
struct Service {
    name: String,
    own: Yaml,
}

impl Service {
    fn all() -> Vec<Self> {
        let services = read("compose.yaml")["services"].clone().into_hash().unwrap();
        let services = services.into_iter().map(|(name, own)| Self {
            name: name.into_string().unwrap(),
            own,
        });
        services.collect()
    }

    fn ours() -> Vec<Self> {
        let mut ours = Self::all();
        ours.retain(|service| service.get("image").as_str() == Some(OURS));
        ours
    }

    fn get(&self, key: &str) -> Yaml {
        let mut at = &self.own;
        while at[key].is_badvalue() && !at["<<"].is_badvalue() {
            at = &at["<<"];
        }
        at[key].clone()
    }

    fn words(&self, key: &str) -> Vec<String> {
        let words = self.get(key).into_iter();
        words.map(|word| word.into_string().unwrap()).collect()
    }

    /// Files and folders of the source tree, and where they are mounted.
    fn mounts(&self) -> Vec<(String, String)> {
        let volumes = self.words("volumes").into_iter();
        let of_tree = volumes.filter_map(|volume| volume.strip_prefix("./").map(str::to_owned));
        of_tree
            .map(|volume| {
                let (from, to) = volume.split_once(':').unwrap();
                (from.to_owned(), to.trim_end_matches(":ro").to_owned())
            })
            .collect()
    }

    /// Its settings, with folders of the source tree in place of where they are mounted.
    fn settings(&self) -> Vec<(String, String)> {
        let Some(environment) = self.get("environment").into_hash() else {
            return Vec::new();
        };
        let settings = environment.into_iter().map(|(name, value)| {
            let mut value = value.into_string().expect("a text");
            for (from, to) in self.mounts() {
                value = value.replace(&to, source().join(from).to_str().unwrap());
            }
            (name.into_string().unwrap(), value)
        });
        settings.collect()
    }
}

#[test]
fn every_role_finds_its_settings_in_order_and_knows_each_of_them() {
    let known = settings_table();
    let mut roles = Vec::new();
    for service in Service::ours() {
        let role = service.words("command").remove(0);
        let settings = service.settings();
        for (name, _) in &settings {
            assert!(known.contains(&format!("`{name}`")), "{}: {name}", service.name);
        }
        if role == "ctl" {
            continue;
        }
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let checked = run(&["config", "check", &role].map(str::to_owned), &settings);
        assert!(checked.status.success(), "{}: {checked:?}", service.name);
        roles.push(role);
    }
    roles.sort();
    let expected = [
        "backend",
        "backend",
        "backend",
        "config-service",
        "proxy",
        "proxy",
    ];
    assert_eq!(roles, expected);
}

#[test]
fn nothing_runs_with_more_rights_than_it_needs_and_every_image_is_pinned() {
    for service in Service::all() {
        let name = &service.name;
        assert_eq!(service.get("read_only"), Yaml::Boolean(true), "{name}");
        assert_eq!(service.words("cap_drop"), ["ALL"], "{name}");
        assert_eq!(
            service.words("security_opt"),
            ["no-new-privileges:true"],
            "{name}"
        );
        assert!(service.get("privileged").is_badvalue(), "{name}");
        let image = service.get("image").into_string().unwrap();
        let (_, tag) = image
            .rsplit_once(':')
            .unwrap_or_else(|| panic!("{image} has no tag"));
        let is_version = tag.trim_start_matches('v').split('.').count() == 3;
        assert!(is_version || image == OURS, "{image}");
        for published in service.words("ports") {
            assert!(published.starts_with("127.0.0.1:"), "{name}: {published}");
        }
    }
}

#[test]
fn every_file_that_is_mounted_exists_and_a_stop_lasts_as_long_as_a_drain_may() {
    let grace = format!("{}s", default_of("Byodc__Drain__GraceSeconds"));
    for service in Service::all() {
        for (file, _) in service.mounts() {
            assert!(source().join(&file).exists(), "{}: {file}", service.name);
        }
        let stop = service.get("stop_grace_period");
        let drains = service.name.starts_with("pod-") || service.name.starts_with("proxy-");
        assert_eq!(
            stop.as_str(),
            drains.then_some(grace.as_str()),
            "{}",
            service.name
        );
    }
}

#[test]
fn prometheus_asks_every_pod_and_proxy_where_figures_are() {
    let port = port_of("Byodc__Metrics__Listen");
    let mut asked = Vec::new();
    for job in read("tests/compose/prometheus.yaml")["scrape_configs"].clone() {
        for target in job["static_configs"][0]["targets"].clone() {
            asked.push(target.into_string().unwrap());
        }
    }
    let services = Service::ours().into_iter().map(|service| service.name);
    let mut expected: Vec<_> = services
        .filter(|name| name.starts_with("pod-") || name.starts_with("proxy-"))
        .map(|name| format!("{name}:{port}"))
        .collect();
    asked.sort();
    expected.sort();
    assert_eq!(asked, expected);
}

/// The command of the service `check`, asked of a pod in a container with the cashboxes that compose serves.
#[tokio::test]
async fn the_check_signs_with_the_example_cashbox_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let service = ConfigService::start(folder.path()).await;
    let examples = source().join("tests/compose/cashboxes");
    for entry in std::fs::read_dir(&examples).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), service.cashboxes().join(entry.file_name())).unwrap();
    }
    let address = free_address();
    let settings = crate::roles::settings(
        "backend",
        address,
        &[
            ("Byodc__Journal__Url", "sqlite:///tmp/journal.db".to_owned()),
            ("Helipad__BaseUrl", service.url()),
        ],
    );
    let pod = Container::start(folder.path(), "backend", &settings).await;
    let all = Service::all();
    let check = all
        .iter()
        .find(|service| service.name == "check")
        .expect("a check");
    let command: Vec<String> = check
        .words("command")
        .into_iter()
        .map(|word| match word.strip_prefix("--token-file=/cashboxes/") {
            Some(file) => format!("--token-file={}", examples.join(file).display()),
            None if word.starts_with("--proxy=") => format!("--proxy=http://{address}"),
            None => word,
        })
        .collect();
    let told = run(&command, &[]);
    assert!(told.status.success(), "{told:?}");
    assert!(
        String::from_utf8_lossy(&told.stdout).contains("signatures"),
        "{told:?}"
    );
    assert!(pod.stop());
}
