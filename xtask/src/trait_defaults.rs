//! No trait method that a wrapper must forward has a default: a wrapper that forgets one compiles and answers for itself.
//! `UioHost` once did not forward `busy`, and a transfer that never completed was waited for without end.

use crate::cargo::root;
use std::fs;
use std::path::Path;

/// Defaults that are right for every implementation of the trait (`*`: all of it), and why.
const ALLOWED: [(&str, &str, &str); 3] = [
    ("DmaBuffer", "is_empty", "follows from `len`, which has no default"),
    ("Source", "*", "what a source of the agent may have beyond its events; sources are leaves, none wraps another"),
    ("Sink", "*", "what a sink of the agent may want to know beyond the events; sinks are leaves, none wraps another"),
];

/// Every method with a default in the traits of a source file that rustfmt has formatted, as trait and method.
fn defaults(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // The trait that is open and its indentation; the method whose signature is open.
    let (mut open, mut method): (Option<(String, usize)>, Option<String>) = (None, None);
    for line in source.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let Some((name, outer)) = &open else {
            let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let at = words.iter().position(|word| *word == "trait");
            let is_item = at.is_some_and(|at| words[..at].iter().all(|word| is_qualifier(word)));
            if let Some(at) = at.filter(|_| is_item && text.ends_with('{')) {
                open = words.get(at + 1).map(|name| ((*name).to_owned(), indent));
            }
            continue;
        };
        if text == "}" && indent == *outer {
            open = None;
            continue;
        }
        if indent == outer + 4
            && let Some(at) = text.find("fn ").filter(|at| text[..*at].split_whitespace().all(is_qualifier))
        {
            let rest = &text[at + 3..];
            method = rest.find(['(', '<']).map(|end| rest[..end].to_owned());
        }
        let ends = |last: char| text.trim_end().ends_with(last);
        match (&method, ends('{') || (ends('}') && text.contains('{')), ends(';')) {
            (Some(named), true, _) => {
                found.push((name.clone(), named.clone()));
                method = None;
            }
            (Some(_), _, true) => method = None,
            _ => {}
        }
    }
    found
}

fn is_qualifier(word: &str) -> bool {
    matches!(word, "" | "pub" | "crate" | "super" | "in" | "unsafe" | "async" | "const")
}

fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !path.is_symlink() && name != "target" && !name.starts_with('.') {
            visit(&path, found);
        } else if name.ends_with(".rs") && name != "trait_defaults.rs" {
            found.extend(defaults(&fs::read_to_string(&path).expect("a source file")));
        }
    }
}

#[test]
fn default_is_found_whatever_its_shape() {
    let source = "
pub(crate) trait Short: Sized {
    /// Text with fn in it {
    fn required(&self) -> usize;
    fn given(&self) -> usize {
        0
    }
    fn long<T>(
        &mut self,
        value: T,
    ) -> Result<(), T>;
    fn nothing(&mut self) {}
}
impl Short for u8 {
    fn required(&self) -> usize {
        1
    }
}
mod inner {
    unsafe trait Other {
        async fn wide(
            &self,
        ) -> bool {
            true
        }
    }
}
";
    let expected = [("Short", "given"), ("Short", "nothing"), ("Other", "wide")];
    assert_eq!(defaults(source), expected.map(|(name, method)| (name.to_owned(), method.to_owned())));
}

#[test]
fn no_method_that_a_wrapper_must_forward_has_a_default() {
    let mut found = Vec::new();
    visit(&root(), &mut found);
    let is_allowed =
        |(name, method): &(String, String)| ALLOWED.iter().any(|(n, m, _)| n == name && (*m == "*" || m == method));
    let extra: Vec<_> = found.iter().filter(|default| !is_allowed(default)).collect();
    assert!(
        extra.is_empty(),
        "expected no default, found {extra:?}; remove it, or say in ALLOWED why no wrapper must forward it"
    );
    let stale =
        ALLOWED.iter().find(|(n, m, _)| !found.iter().any(|(name, method)| name == n && (*m == "*" || method == m)));
    assert_eq!(stale, None, "a reason without a default");
}
