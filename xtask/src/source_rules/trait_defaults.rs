//! No trait method that a wrapper must forward has a default: a wrapper that forgets one compiles and answers for itself.
//! `UioHost` once did not forward `busy`, and a transfer that never completed was waited for without end.

use syn::visit::{self, Visit};

/// Defaults that are right for every implementation of the trait (`*`: all of it), and why.
const ALLOWED: [(&str, &str, &str); 3] = [
    ("DmaBuffer", "is_empty", "follows from `len`, which has no default"),
    ("Source", "*", "what a source of the agent may have beyond its events; sources are leaves, none wraps another"),
    ("Sink", "*", "what a sink of the agent may want to know beyond the events; sinks are leaves, none wraps another"),
];

/// Collects every method with a default, as trait and method.
#[derive(Default)]
struct Defaults(Vec<(String, String)>);

impl<'ast> Visit<'ast> for Defaults {
    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let with_default = item.items.iter().filter_map(|inner| match inner {
            syn::TraitItem::Fn(method) => method.default.as_ref().map(|_| method.sig.ident.to_string()),
            _ => None,
        });
        self.0.extend(with_default.map(|method| (item.ident.to_string(), method)));
        visit::visit_item_trait(self, item);
    }
}

fn defaults(file: &syn::File) -> Vec<(String, String)> {
    let mut found = Defaults::default();
    found.visit_file(file);
    found.0
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
    let found = defaults(&syn::parse_file(source).expect("Rust"));
    assert_eq!(found, expected.map(|(name, method)| (name.to_owned(), method.to_owned())));
}

#[test]
fn no_method_that_a_wrapper_must_forward_has_a_default() {
    let found: Vec<_> = super::rust_files().iter().flat_map(|file| defaults(&super::parse(file))).collect();
    let is_allowed =
        |(name, method): &(String, String)| ALLOWED.iter().any(|(n, m, _)| n == name && (*m == "*" || m == method));
    let extra: Vec<_> = found.iter().filter(|default| !is_allowed(default)).collect();
    assert!(
        extra.is_empty(),
        "expected no default, found {extra:?}; remove it, or give in ALLOWED the reason why no wrapper must forward it"
    );
    let stale =
        ALLOWED.iter().find(|(n, m, _)| !found.iter().any(|(name, method)| name == n && (*m == "*" || method == m)));
    assert_eq!(stale, None, "a reason without a default");
}
