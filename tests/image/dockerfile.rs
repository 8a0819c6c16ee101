//! The Dockerfile as the tests need it: one instruction a line, with the defaults of its arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The top of the source tree.
pub fn source() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests stand below the top").to_owned()
}

/// A file of the source tree.
pub fn text(path: &str) -> String {
    let file = source().join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()))
}

/// The Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    instructions: Vec<(String, String)>,
}

impl Dockerfile {
    /// Reads it: comments are left out, continued lines joined.
    pub fn read() -> Self {
        let joined = text("Dockerfile")
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .map(|line| match line.strip_suffix('\\') {
                Some(continued) => continued.to_owned(),
                None => format!("{line}\n"),
            })
            .collect::<String>();
        let instructions = joined
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
            .collect();
        Self { instructions }
    }

    /// Everything that was said with an instruction, in order.
    pub fn all(&self, instruction: &str) -> Vec<&str> {
        let of = self.instructions.iter().filter(|(word, _)| word == instruction);
        of.map(|(_, rest)| rest.as_str()).collect()
    }

    /// What was said with an instruction that stands there once.
    pub fn one(&self, instruction: &str) -> &str {
        match self.all(instruction)[..] {
            [rest] => rest,
            ref many => panic!("{instruction} stands there {} times", many.len()),
        }
    }

    /// The default of a build argument.
    pub fn default_of(&self, argument: &str) -> String {
        let defaults: BTreeMap<_, _> = self
            .all("ARG")
            .into_iter()
            .filter_map(|rest| rest.split_once('='))
            .collect();
        let default = defaults.get(argument).copied();
        default
            .unwrap_or_else(|| panic!("there is no ARG {argument}"))
            .to_owned()
    }

    /// What is copied from the source tree.
    pub fn copied(&self) -> Vec<&str> {
        let from_tree = self
            .all("COPY")
            .into_iter()
            .filter(|rest| !rest.starts_with("--from"));
        from_tree
            .flat_map(|rest| {
                let paths: Vec<_> = rest.split_whitespace().collect();
                paths[..paths.len() - 1].to_vec()
            })
            .collect()
    }
}

/// The words of a JSON list: the form in which no shell is needed.
pub fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_else(|fault| panic!("{list} is no list of words: {fault}"))
}
