//! The runbooks: one Markdown file for each alert.

use super::{files, folder};

/// The headings of every runbook, in order.
pub const HEADINGS: [&str; 4] = [
    "What it means",
    "What to look at",
    "What to do",
    "How to know it is over",
];

/// One runbook.
#[derive(Debug)]
pub struct Runbook {
    /// The alert it is about.
    pub alert: String,
    /// Its text.
    pub text: String,
}

/// Every runbook.
#[must_use]
pub fn runbooks() -> Vec<Runbook> {
    let read = files(&folder().join("runbooks"), ".md").into_iter();
    read.map(|(path, text)| Runbook {
        alert: path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned(),
        text,
    })
    .collect()
}

impl Runbook {
    /// Its headings of the second level, with what stands below each.
    #[must_use]
    pub fn chapters(&self) -> Vec<(&str, &str)> {
        let chapters = self.text.split("\n## ").skip(1);
        chapters
            .map(|chapter| chapter.split_once('\n').unwrap_or((chapter, "")))
            .collect()
    }

    /// The blocks of code in this language, in order.
    #[must_use]
    pub fn code(&self, language: &str) -> Vec<String> {
        let mut blocks: Vec<String> = Vec::new();
        let mut fence = None;
        for line in self.text.lines() {
            match (fence, line.trim().strip_prefix("```")) {
                (None, Some(opened)) => {
                    fence = Some(opened);
                    if opened == language {
                        blocks.push(String::new());
                    }
                }
                (Some(_), Some(_)) => fence = None,
                (Some(opened), None) if opened == language => {
                    let block = blocks.last_mut().expect("a block was opened");
                    *block += line;
                    block.push('\n');
                }
                _ => {}
            }
        }
        blocks
    }
}
