//! What a role counts: every figure is registered here once, with its meaning and all words of its labels.
//!
//! Labels have closed sets of words. Each child of a family stands at zero from the start, so that an alert sees the
//! first failure as a rise, and so that the table of all figures can be read off a role that has done nothing yet.
//! Words are `&'static str`: nothing that a client sends can become one, and a cashbox least of all.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use prometheus::core::{AtomicU64, Collector, GenericCounterVec};
use prometheus::{
    Counter, Histogram, HistogramOpts, HistogramVec, IntCounter, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use description::{Description, Kind, Label};
use family::Family;

/// A figure in words.
pub mod description;
/// Figures of one name, told apart by their labels.
pub mod family;
/// What the process takes from its machine.
pub mod process;
/// How much memory the process may have.
pub mod memory_limit;

/// The media type of [`Figures::text`].
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4";

/// Counters told apart by labels.
pub type Counters<const N: usize> = Family<GenericCounterVec<AtomicU64>, N>;
/// Gauges told apart by labels.
pub type Gauges<const N: usize> = Family<IntGaugeVec, N>;
/// Histograms told apart by labels.
pub type Histograms<const N: usize> = Family<HistogramVec, N>;

/// Brings figures up to date that are read instead of counted.
type Reader = Box<dyn Fn() + Send + Sync>;

/// Every figure of one role. Clones share the figures.
#[derive(Clone, Default)]
pub struct Figures {
    registry: Registry,
    descriptions: Arc<Mutex<Vec<Description>>>,
    readers: Arc<Mutex<Vec<Reader>>>,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.descriptions().into_iter().map(|figure| figure.name);
        f.debug_list().entries(names).finish()
    }
}

// Names, labels and buckets are literals, and each name is registered once: none can be refused.
impl Figures {
    /// A counter of events.
    ///
    /// # Panics
    /// As everything here, when the name is taken or malformed.
    #[must_use]
    pub fn counter(&self, name: &'static str, meaning: &'static str) -> IntCounter {
        let made = IntCounter::new(name, meaning).expect("the name is well formed");
        self.add(Description::plain(name, Kind::Counter, meaning), made)
    }

    /// A counter of fractions, such as seconds spent.
    #[must_use]
    pub fn sum(&self, name: &'static str, meaning: &'static str) -> Counter {
        let made = Counter::new(name, meaning).expect("the name is well formed");
        self.add(Description::plain(name, Kind::Counter, meaning), made)
    }

    /// A counter for each combination of words.
    #[must_use]
    pub fn counters<const N: usize>(
        &self,
        name: &'static str,
        meaning: &'static str,
        labels: [Label; N],
    ) -> Counters<N> {
        let names = labels.each_ref().map(|label| label.name);
        let made =
            GenericCounterVec::new(Opts::new(name, meaning), &names).expect("the names are well formed");
        self.add_family(name, Kind::Counter, meaning, labels, made)
    }

    /// A level in whole numbers.
    #[must_use]
    pub fn gauge(&self, name: &'static str, meaning: &'static str) -> IntGauge {
        let made = IntGauge::new(name, meaning).expect("the name is well formed");
        self.add(Description::plain(name, Kind::Gauge, meaning), made)
    }

    /// A level for each combination of words.
    #[must_use]
    pub fn gauges<const N: usize>(
        &self,
        name: &'static str,
        meaning: &'static str,
        labels: [Label; N],
    ) -> Gauges<N> {
        let names = labels.each_ref().map(|label| label.name);
        let made = IntGaugeVec::new(Opts::new(name, meaning), &names).expect("the names are well formed");
        self.add_family(name, Kind::Gauge, meaning, labels, made)
    }

    /// A level that is there only `when` something is so.
    #[must_use]
    pub fn sometimes(&self, name: &'static str, meaning: &'static str, when: &'static str) -> Sometimes {
        let made = IntGaugeVec::new(Opts::new(name, meaning), &[]).expect("the name is well formed");
        let description = Description {
            only_when: Some(when),
            ..Description::plain(name, Kind::Gauge, meaning)
        };
        Sometimes(self.add(description, made))
    }

    /// How a quantity is spread over `buckets`.
    #[must_use]
    pub fn histogram(&self, name: &'static str, meaning: &'static str, buckets: &[f64]) -> Histogram {
        let opts = HistogramOpts::new(name, meaning).buckets(buckets.to_vec());
        let made = Histogram::with_opts(opts).expect("the name is well formed and the buckets rise");
        self.add(Description::plain(name, Kind::Histogram, meaning), made)
    }

    /// The same for each combination of words.
    #[must_use]
    pub fn histograms<const N: usize>(
        &self,
        name: &'static str,
        meaning: &'static str,
        buckets: &[f64],
        labels: [Label; N],
    ) -> Histograms<N> {
        let names = labels.each_ref().map(|label| label.name);
        let opts = HistogramOpts::new(name, meaning).buckets(buckets.to_vec());
        let made = HistogramVec::new(opts, &names).expect("the names are well formed and the buckets rise");
        self.add_family(name, Kind::Histogram, meaning, labels, made)
    }

    /// Has `read` called before each look at the figures.
    pub fn before_reading(&self, read: impl Fn() + Send + Sync + 'static) {
        held(&self.readers).push(Box::new(read));
    }

    /// Every figure in words, in the order in which they were registered.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        held(&self.descriptions).clone()
    }

    /// Every figure in the text format that scrapers read.
    ///
    /// # Panics
    /// Never: writing to memory cannot fail.
    #[must_use]
    pub fn text(&self) -> String {
        held(&self.readers).iter().for_each(|read| read());
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("figures can be written to memory")
    }

    fn add_family<V, const N: usize>(
        &self,
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        labels: [Label; N],
        made: V,
    ) -> Family<V, N>
    where
        V: family::Children + Collector + Clone + 'static,
    {
        let description = Description {
            labels: labels.to_vec(),
            ..Description::plain(name, kind, meaning)
        };
        Family::new(self.add(description, made), labels)
    }

    fn add<C: Collector + Clone + 'static>(&self, description: Description, made: C) -> C {
        held(&self.descriptions).push(description);
        self.registry
            .register(Box::new(made.clone()))
            .expect("each name is registered once");
        made
    }
}

/// A level that is not always there.
#[derive(Clone)]
pub struct Sometimes(IntGaugeVec);

impl fmt::Debug for Sometimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sometimes")
    }
}

impl Sometimes {
    /// From now on it is this, or not there.
    pub fn set(&self, level: Option<i64>) {
        match level {
            Some(level) => self.0.with_label_values::<&str>(&[]).set(level),
            None => self.0.reset(),
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().expect("nothing panics while it holds this lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures::default()
    }

    #[test]
    fn every_child_of_a_family_stands_at_zero_from_the_start() {
        let figures = figures();
        let labels = [
            Label::of("kind", ["start", "finish"]),
            Label::of("result", ["ok", "failed"]),
        ];
        let asked = figures.counters("byodc_asked_total", "Questions", labels);
        asked.of(["start", "failed"]).inc();
        let text = figures.text();
        for line in [
            r#"byodc_asked_total{kind="start",result="ok"} 0"#,
            r#"byodc_asked_total{kind="start",result="failed"} 1"#,
            r#"byodc_asked_total{kind="finish",result="ok"} 0"#,
            r#"byodc_asked_total{kind="finish",result="failed"} 0"#,
        ] {
            assert!(text.lines().any(|said| said == line), "{line} in {text}");
        }
    }

    #[test]
    #[should_panic(expected = "byodc_asked_total knows no")]
    fn a_word_outside_of_the_closed_set_is_a_bug() {
        let asked = figures().counters("byodc_asked_total", "Questions", [Label::of("kind", ["start"])]);
        asked.of(["4711"]).inc();
    }

    #[test]
    fn a_figure_that_is_not_always_there_is_described_all_the_same() {
        let figures = figures();
        let limit = figures.sometimes("byodc_limit_bytes", "How much", "there is a limit");
        assert!(!figures.text().contains("byodc_limit_bytes"));
        limit.set(Some(7));
        assert!(figures.text().contains("byodc_limit_bytes 7"));
        limit.set(None);
        assert!(!figures.text().contains("byodc_limit_bytes"));
        assert_eq!(figures.descriptions()[0].only_when, Some("there is a limit"));
    }

    #[test]
    fn what_is_read_is_read_each_time() {
        let figures = figures();
        let level = figures.gauge("byodc_level", "A level");
        figures.before_reading(move || level.inc());
        assert!(figures.text().contains("byodc_level 1"));
        assert!(figures.text().contains("byodc_level 2"));
    }
}
