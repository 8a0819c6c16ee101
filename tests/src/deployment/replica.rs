//! What a Deployment has replicas of: pods and proxies.

use std::time::Duration;

use crate::front_door::FrontDoor;
use crate::pod::{Pod, Template};
use crate::process::Process;

/// How long one may take to say that it is ready before it counts as not ready.
const SAYS_WITHIN: Duration = Duration::from_secs(2);

/// One process of several that are alike.
pub trait Replica: Sized {
    /// How its names begin.
    const KIND: &'static str;

    /// Starts one; it is ready some time later.
    fn start(template: &Template, name: &str, generation: &str) -> impl Future<Output = Self>;

    /// Its name.
    fn name(&self) -> &str;

    /// Where it takes requests.
    fn url(&self) -> String;

    /// Where it answers operators.
    fn admin_url(&self) -> String;

    /// Its process.
    fn process(&mut self) -> &mut Process;

    /// Starts it again under its name, without waiting for it.
    fn relaunch(&mut self);

    /// Whether it says that it is ready.
    fn is_ready(&self, http: &reqwest::Client) -> impl Future<Output = bool> {
        let url = format!("{}/health/ready", self.admin_url());
        let asked = http.get(url).timeout(SAYS_WITHIN).send();
        async move { asked.await.is_ok_and(|answer| answer.status().is_success()) }
    }
}

impl Replica for Pod {
    const KIND: &'static str = "pod";

    async fn start(template: &Template, name: &str, generation: &str) -> Self {
        template.start_of_generation(name, Some(generation)).await
    }

    fn name(&self) -> &str {
        self.name()
    }

    fn url(&self) -> String {
        self.url()
    }

    fn admin_url(&self) -> String {
        self.admin_url()
    }

    fn process(&mut self) -> &mut Process {
        self.process()
    }

    fn relaunch(&mut self) {
        self.relaunch();
    }
}

impl Replica for FrontDoor {
    const KIND: &'static str = "proxy";

    async fn start(template: &Template, name: &str, _generation: &str) -> Self {
        Self::start(name, &template.folder, &template.settings, template.ip)
    }

    fn name(&self) -> &str {
        self.name()
    }

    fn url(&self) -> String {
        self.url()
    }

    fn admin_url(&self) -> String {
        self.admin_url()
    }

    fn process(&mut self) -> &mut Process {
        self.process()
    }

    fn relaunch(&mut self) {
        self.relaunch();
    }
}
