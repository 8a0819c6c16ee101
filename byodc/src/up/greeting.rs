//! What is printed when everything serves.

use super::data_dir::DataDir;
use super::examples::Cashbox;
use super::steps::Step;
use super::supervisor::Supervisor;

/// How many cashboxes are listed; `run.json` has all of them.
const LISTED_MAX: usize = 3;

/// The greeting.
pub fn text(
    data: &DataDir,
    supervisor: &Supervisor,
    cashboxes: &[Cashbox],
    activated: usize,
    steps: &[Step],
) -> String {
    let cluster = &supervisor.cluster;
    let root = data.root().display();
    let mut text = format!(
        "byodc serves: {} pod(s) behind one proxy.\n\n\
         \x20 POS        http://{}\n\
         \x20 API        http://{}/swagger\n\
         \x20 operators  http://{}/metrics\n\
         \x20 data       {root} (run.json: who runs where; logs/: one a process)\n\
         \x20 cashboxes  {}, of which {activated} were put into operation by their initial-operation receipt\n",
        cluster.pods,
        cluster.proxy.main,
        cluster.proxy.main,
        cluster.proxy.admin,
        cashboxes.len(),
    );
    for cashbox in cashboxes.iter().take(LISTED_MAX) {
        text += &format!("    id {}  token {}\n", cashbox.id, cashbox.token);
    }
    if cashboxes.len() > LISTED_MAX {
        text += &format!(
            "    and {} more in {root}/run.json\n",
            cashboxes.len() - LISTED_MAX
        );
    }
    if !steps.is_empty() {
        text += "\nTry it from another terminal:\n";
    }
    for step in steps {
        text += &format!("\n# {}\n{}\n", step.says, step.command);
    }
    text + "\nCtrl-C ends everything.\n"
}
