//! What the command line says.

use super::part::Part;

/// How much is measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Small numbers, to see that everything works.
    pub is_quick: bool,
    only: Vec<Part>,
}

impl Options {
    /// Reads the command line; `cargo bench` adds `--bench`. Ends with a message when it is wrong.
    pub fn read() -> Self {
        let mut options = Self {
            is_quick: false,
            only: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.is_quick = true,
                "--only" => {
                    let names = arguments.next().unwrap_or_else(|| panic!("--only needs names"));
                    options.only = names.split(',').map(Part::named).collect();
                }
                _ => panic!("{argument} is unknown: --quick, --only PART,PART"),
            }
        }
        options
    }

    /// Whether a part was asked for; without `--only` every part is.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// The small number in a quick run, else the full one.
    pub fn either<T>(&self, quick: T, full: T) -> T {
        if self.is_quick { quick } else { full }
    }
}
