//! Figures of one name, told apart by labels whose words are known before.

use std::fmt;

use prometheus::core::{MetricVec, MetricVecBuilder};

use super::description::Label;

/// What holds a child for each combination of words.
pub trait Children {
    /// The child.
    type Child;

    /// The child of these words.
    fn child(&self, words: &[&'static str]) -> Self::Child;
    /// The name that all children share.
    fn name(&self) -> String;
}

impl<B: MetricVecBuilder> Children for MetricVec<B> {
    type Child = B::M;

    fn child(&self, words: &[&'static str]) -> B::M {
        self.with_label_values(words)
    }

    fn name(&self) -> String {
        prometheus::core::Collector::desc(self)
            .first()
            .map_or_else(String::new, |described| described.fq_name.clone())
    }
}

/// One figure for each combination of the words of `N` labels.
#[derive(Clone)]
pub struct Family<V, const N: usize> {
    children: V,
    labels: [Label; N],
}

impl<V, const N: usize> fmt::Debug for Family<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.labels).finish()
    }
}

impl<V: Children, const N: usize> Family<V, N> {
    /// All children, at zero.
    pub(super) fn new(children: V, labels: [Label; N]) -> Self {
        for words in combinations(&labels) {
            children.child(&words);
        }
        Self { children, labels }
    }

    /// The figure of these words, in the order of the labels. Whoever counts often keeps it.
    ///
    /// # Panics
    /// In builds with debug assertions, for a word that its label does not have. Elsewhere that bug shows as a child
    /// that the table of figures does not name: better than an event that nobody counts.
    pub fn of(&self, words: [&'static str; N]) -> V::Child {
        debug_assert!(
            self.labels
                .iter()
                .zip(words)
                .all(|(label, word)| label.words.contains(&word)),
            "{} knows no {words:?}",
            self.children.name()
        );
        self.children.child(&words)
    }
}

/// Every combination of the labels' words.
fn combinations(labels: &[Label]) -> Vec<Vec<&'static str>> {
    let nothing = vec![Vec::new()];
    labels.iter().fold(nothing, |begun, label| {
        let longer = |words: &Vec<&'static str>| {
            let words = words.clone();
            label
                .words
                .iter()
                .map(move |word| [words.clone(), vec![*word]].concat())
        };
        begun.iter().flat_map(longer).collect()
    })
}
