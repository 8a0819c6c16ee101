//! One PromQL expression: which series it reads, and which labels its result has.
//!
//! Labels are inferred from the leaves upwards. A clause that groups by a label which the series below it does not have
//! groups nothing and goes unnoticed in Prometheus; here it is a fault.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector};

use super::catalogue::{Catalogue, Labels};

/// A parsed expression.
#[derive(Debug)]
pub struct Query(Expr);

impl Query {
    /// Reads an expression as Prometheus does.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        parser::parse(text)
            .map(Self)
            .map_err(|fault| format!("{fault} in {text}"))
    }

    /// The labels that its result can have, if everything it reads exists.
    ///
    /// # Errors
    /// The metric, label or word that does not exist.
    pub fn labels(&self, catalogue: &Catalogue) -> Result<Labels, String> {
        labels(&self.0, catalogue)
    }
}

fn labels(expr: &Expr, catalogue: &Catalogue) -> Result<Labels, String> {
    match expr {
        Expr::VectorSelector(selector) => selected(selector, catalogue),
        Expr::MatrixSelector(matrix) => selected(&matrix.vs, catalogue),
        Expr::Aggregate(aggregate) => aggregated(aggregate, catalogue),
        Expr::Binary(binary) => combined(binary, catalogue),
        Expr::Call(call) => called(call, catalogue),
        Expr::Paren(inner) => labels(&inner.expr, catalogue),
        Expr::Unary(inner) => labels(&inner.expr, catalogue),
        Expr::Subquery(inner) => labels(&inner.expr, catalogue),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::new()),
        Expr::Extension(_) => Err("the parser makes no extensions".to_owned()),
    }
}

fn selected(selector: &VectorSelector, catalogue: &Catalogue) -> Result<Labels, String> {
    let name = selector
        .name
        .as_deref()
        .ok_or("a selector without a metric's name")?;
    let known = catalogue
        .labels(name)
        .ok_or_else(|| format!("there is no metric {name}"))?;
    if !selector.matchers.or_matchers.is_empty() {
        return Err(format!("{name}: Prometheus knows no `or` between matchers"));
    }
    for matcher in &selector.matchers.matchers {
        matches_something(name, matcher, known)?;
    }
    Ok(known.clone())
}

fn matches_something(metric: &str, matcher: &Matcher, known: &Labels) -> Result<(), String> {
    let label = &matcher.name;
    let words = known
        .get(label)
        .ok_or_else(|| format!("{metric} has no label {label}"))?;
    let Some(words) = words else { return Ok(()) };
    // Each alternative of a plain `a|b` must be a word; other patterns must match at least one.
    let alternatives: Vec<&str> = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
        MatchOp::Re(_) | MatchOp::NotRe(_) if is_plain(&matcher.value) => matcher.value.split('|').collect(),
        MatchOp::Re(_) | MatchOp::NotRe(_) => {
            let agrees = |word: &String| matcher.is_match(word);
            return match words.iter().any(agrees) {
                true => Ok(()),
                false => Err(format!("{metric}: no {label} matches {:?}", matcher.value)),
            };
        }
    };
    match alternatives.iter().find(|word| !words.contains(**word)) {
        None => Ok(()),
        Some(word) => Err(format!(
            "{metric}: {label} is never {word:?}, but one of {words:?}"
        )),
    }
}

fn is_plain(pattern: &str) -> bool {
    let of_words = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|');
    pattern.chars().all(of_words)
}

fn aggregated(aggregate: &AggregateExpr, catalogue: &Catalogue) -> Result<Labels, String> {
    let inner = labels(&aggregate.expr, catalogue)?;
    match &aggregate.modifier {
        // topk and bottomk choose among series and keep their labels.
        None if matches!(aggregate.op.to_string().as_str(), "topk" | "bottomk") => Ok(inner),
        None => Ok(Labels::new()),
        Some(LabelModifier::Include(by)) => {
            let labels = by.labels.iter().map(|label| taken(label, &inner));
            labels.collect()
        }
        Some(LabelModifier::Exclude(without)) => {
            let mut left = inner;
            for label in &without.labels {
                left.remove(label)
                    .ok_or_else(|| format!("there is no label {label} to leave out"))?;
            }
            Ok(left)
        }
    }
}

fn taken(label: &str, from: &Labels) -> Result<(String, Option<std::collections::BTreeSet<String>>), String> {
    let words = from.get(label).ok_or_else(|| {
        let known: Vec<_> = from.keys().collect();
        format!("grouped by {label}, which is none of {known:?}")
    })?;
    Ok((label.to_owned(), words.clone()))
}

fn combined(binary: &BinaryExpr, catalogue: &Catalogue) -> Result<Labels, String> {
    let (left, right) = (labels(&binary.lhs, catalogue)?, labels(&binary.rhs, catalogue)?);
    let matching = binary
        .modifier
        .as_ref()
        .and_then(|modifier| modifier.matching.as_ref());
    if let Some(LabelModifier::Include(on)) = matching {
        for label in &on.labels {
            taken(label, &left)?;
            taken(label, &right)?;
        }
    } else if is_series(&binary.lhs) && is_series(&binary.rhs) && left.keys().ne(right.keys()) {
        return Err(format!(
            "the sides of {} have different labels and nothing says which match",
            binary.op
        ));
    }
    let is_or = binary.op.to_string() == "or";
    let scalar_left = !is_series(&binary.lhs);
    Ok(match (is_or, scalar_left) {
        (true, _) => left.into_iter().chain(right).collect(),
        (false, true) => right,
        (false, false) => left,
    })
}

/// Whether it is a vector of series rather than a plain number.
fn is_series(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => false,
        Expr::Paren(inner) => is_series(&inner.expr),
        Expr::Unary(inner) => is_series(&inner.expr),
        Expr::Binary(binary) => is_series(&binary.lhs) || is_series(&binary.rhs),
        // `vector(0)` stands for "nothing there": it matches where there is no label.
        Expr::Call(call) => !matches!(call.func.name, "time" | "vector"),
        _ => true,
    }
}

fn called(call: &Call, catalogue: &Catalogue) -> Result<Labels, String> {
    let mut result = Labels::new();
    for argument in &call.args.args {
        result.extend(labels(argument, catalogue)?);
    }
    match call.func.name {
        "absent" => Ok(Labels::new()),
        "histogram_quantile" => match result.remove("le") {
            Some(_) => Ok(result),
            None => Err("histogram_quantile over series without le".to_owned()),
        },
        _ => Ok(result),
    }
}
