//! An error that holds another one passes it on as its source, so that whoever handles it can look for the cause.

use syn::visit::{self, Visit};

/// Variants that hold an error which is not their source.
#[derive(Default)]
struct Cut(Vec<String>);

impl<'ast> Visit<'ast> for Cut {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if item.attrs.iter().any(super::open_errors::derives_error) {
            for variant in &item.variants {
                let passes_on = |field: &syn::Field| {
                    let named = field.ident.as_ref().is_some_and(|name| name == "source");
                    let marked = ["source", "from"].iter().any(|name| has(&field.attrs, name));
                    named || marked || is_transparent(&variant.attrs)
                };
                let errors: Vec<_> = variant.fields.iter().filter(|field| is_error(&field.ty)).collect();
                if !errors.is_empty() && !errors.iter().any(|field| passes_on(field)) {
                    self.0.push(format!("{}::{}", item.ident, variant.ident));
                }
            }
        }
        visit::visit_item_enum(self, item);
    }
}

fn has(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// Whether the attributes have `#[error(transparent)]`.
fn is_transparent(attributes: &[syn::Attribute]) -> bool {
    let is = |attribute: &syn::Attribute| attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "transparent");
    attributes.iter().any(|attribute| attribute.path().is_ident("error") && is(attribute))
}

/// Whether a type is that of an error, by its name.
fn is_error(of: &syn::Type) -> bool {
    let syn::Type::Path(path) = of else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        syn::PathArguments::AngleBracketed(list) if last.ident == "Box" || last.ident == "Arc" => {
            list.args.iter().any(|argument| matches!(argument, syn::GenericArgument::Type(inner) if is_error(inner)))
        }
        _ => last.ident.to_string().ends_with("Error") || last.ident == "Errno",
    }
}

fn cut(file: &syn::File) -> Vec<String> {
    let mut cut = Cut::default();
    cut.visit_file(file);
    cut.0
}

#[test]
fn error_that_is_not_passed_on_is_found() {
    let text = "#[derive(Debug, thiserror::Error)] pub enum E { \
                #[error(\"a: {0}\")] Plain(std::io::Error), \
                #[error(\"b\")] Named { why: Box<OtherError> }, \
                #[error(\"c\")] Marked(#[source] OtherError), \
                #[error(\"d\")] From(#[from] OtherError), \
                #[error(transparent)] Through(OtherError), \
                #[error(\"e\")] Source { source: OtherError }, \
                #[error(\"f\")] Text(String) } \
                #[derive(Debug)] enum Other { Plain(std::io::Error) }";
    assert_eq!(cut(&syn::parse_str(text).expect("a source")), ["E::Plain", "E::Named"]);
}

#[test]
fn every_error_passes_on_what_it_holds() {
    let mut found = Vec::new();
    for path in super::rust_files() {
        found.extend(cut(&super::parse(&path)).into_iter().map(|name| format!("{}: {name}", path.display())));
    }
    assert!(found.is_empty(), "expected `#[source]` or `#[from]` in each, found none in:\n  {}", found.join("\n  "));
}
